//! `<data>/secrets.yaml`: a mapping of Secrets, each a mapping of keys to texts, readable by its owner only.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::atomic;
use crate::cluster::ClusterError;
use crate::diagnostic::{Diagnostic, Severity};
use crate::edit;

/// Bits of a file's mode that let others than its owner in.
const OTHERS: u32 = 0o077;

/// The mode of the file.
const OWNER_ONLY: u32 = 0o600;

/// A value; its `Debug` shows nothing.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Hidden(String);

impl Hidden {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Values by Secret and key.
pub(super) type Values = BTreeMap<String, BTreeMap<String, Hidden>>;

/// A Secret could not be written. Its content is never part of the message.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It holds something else than Secrets.
    #[error("{path} is no mapping of Secrets to mappings of keys to texts: correct it first")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The API server did not take it, where Secrets are those of a cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The file system refused.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The file's values, where they can be read, and what is wrong with it.
pub(super) fn read(path: &Path) -> (Option<Values>, Option<Diagnostic>) {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Some(Values::new()), None),
        Err(error) => return (None, Some(finding(path, Severity::Error, &format!("cannot be read: {error}")))),
    };
    let Some(values) = parse(&text) else {
        let message = "must be a mapping of Secrets, each a mapping of keys to texts: put every value in quotes";
        return (None, Some(finding(path, Severity::Error, message)));
    };
    let open = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0);
    let message = "can be read by others than its owner: run chmod 600 on it";
    (Some(values), open.then(|| finding(path, Severity::Warning, message)))
}

/// Changes the file, comments kept; its values afterwards.
pub(super) fn change(path: &Path, change: impl FnOnce(&mut Map<String, Value>)) -> Result<Values, SecretFileError> {
    let malformed = || SecretFileError::Malformed { path: path.to_owned() };
    let write = |source| SecretFileError::Write { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(write)?,
    };
    parse(&text).ok_or_else(malformed)?;
    let mut values: Map<String, Value> =
        if is_empty(&text) { Map::new() } else { serde_yaml::from_str(&text).map_err(|_| malformed())? };
    change(&mut values);
    let wanted = Value::Object(values);
    let text =
        if is_empty(&text) { edit::write(&wanted) } else { edit::edit(&text, &wanted) }.map_err(|_| malformed())?;
    atomic::replace(path, text.as_bytes(), Some(OWNER_ONLY)).map_err(write)?;
    parse(&text).ok_or_else(malformed)
}

fn parse(text: &str) -> Option<Values> {
    if is_empty(text) { Some(Values::new()) } else { serde_yaml::from_str(text).ok() }
}

fn is_empty(text: &str) -> bool {
    crate::document::is_blank(text)
}

fn finding(path: &Path, severity: Severity, message: &str) -> Diagnostic {
    Diagnostic {
        file: path.into(),
        line: 1,
        column: None,
        kind: Some("Secret".to_owned()),
        name: None,
        path: String::new(),
        message: message.to_owned(),
        severity,
    }
}

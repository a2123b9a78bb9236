//! Secrets of folder mode: documents in the folders, `<data>/secrets.yaml`, and the environment, which wins.
//!
//! Values are in memory only, and no `Debug`, log line or diagnostic shows one.

mod file;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use troupe_core::model::SecretRef;
use troupe_core::port::SecretError;
use troupe_crds::SecretDocument;

use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;

pub use file::SecretFileError;
use file::Values;

/// Reads an environment variable; tests put their own in its place.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The Secrets of the folders.
pub(crate) type Documents = HashMap<Arc<str>, Arc<SecretDocument>>;

/// Every Secret that folder mode knows.
pub(crate) struct Secrets {
    path: PathBuf,
    environment: Environment,
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    documents: Documents,
    file: Values,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Secrets {
    pub(crate) fn new(path: PathBuf, environment: Environment) -> Self {
        Self { path, environment, held: RwLock::default() }
    }

    /// Takes over the folders' Secrets and reads the file again; what is wrong with the file.
    pub(crate) fn refresh(&self, documents: Documents) -> Option<Diagnostic> {
        let (file, problem) = file::read(&self.path);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.documents = documents;
        // A file that cannot be read keeps what was read before.
        if let Some(file) = file {
            held.file = file;
        }
        problem
    }

    /// The value, or which Secret and key are missing.
    pub(crate) fn value(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        let SecretRef::Key { name, key } = reference else { return Err(SecretError::Lost) };
        let variable = variable(name, key);
        if let Some(value) = (self.environment)(&variable) {
            return Ok(value.into());
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let from_file = held.file.get(name).and_then(|keys| keys.get(key)).map(|value| Arc::from(value.as_str()));
        let from_documents = || {
            let value = held.documents.get(name.as_str())?.value(key)?;
            std::str::from_utf8(value).ok().map(Arc::from)
        };
        from_file.or_else(from_documents).ok_or_else(|| SecretError::Missing {
            name: name.clone(),
            key: key.clone(),
            variable,
        })
    }

    /// Names and keys that have a value in the file or the folders, sorted; never the values.
    pub(crate) fn keys(&self) -> Vec<(String, String)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let in_file = held.file.iter().flat_map(|(name, keys)| keys.keys().map(move |key| (name.clone(), key.clone())));
        let in_documents = held.documents.iter().flat_map(|(name, secret)| {
            secret.keys().map(|key| (name.as_ref().to_owned(), key.to_owned())).collect::<Vec<_>>()
        });
        let mut keys: Vec<_> = in_file.chain(in_documents).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Writes one value into the file.
    pub(crate) fn set(&self, name: &str, key: &str, value: &str) -> Result<(), SecretFileError> {
        self.write(|values| {
            let keys = values.entry(name.to_owned()).or_insert_with(|| serde_json::json!({}));
            if let Some(keys) = keys.as_object_mut() {
                keys.insert(key.to_owned(), value.into());
            }
        })
    }

    /// Takes a Secret out of the file; says whether it was there.
    pub(crate) fn delete(&self, name: &str) -> Result<bool, SecretFileError> {
        let mut there = false;
        self.write(|values| there = values.shift_remove(name).is_some())?;
        Ok(there)
    }

    /// Takes one key out of a Secret of the file, and the Secret with its last key; says whether it was there.
    pub(crate) fn delete_key(&self, name: &str, key: &str) -> Result<bool, SecretFileError> {
        let mut there = false;
        self.write(|values| {
            let Some(keys) = values.get_mut(name).and_then(serde_json::Value::as_object_mut) else { return };
            there = keys.shift_remove(key).is_some();
            if keys.is_empty() {
                values.shift_remove(name);
            }
        })?;
        Ok(there)
    }

    fn write(
        &self,
        change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
    ) -> Result<(), SecretFileError> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.file = file::change(&self.path, change)?;
        Ok(())
    }
}

impl Catalog {
    /// Removes one key of a Secret from the data folder's file; says whether it was there.
    ///
    /// # Errors
    /// When the file holds something else, or the file system refuses.
    pub async fn delete_secret_key(&self, name: &str, key: &str) -> Result<bool, SecretFileError> {
        if let Some(cluster) = self.cluster() {
            return Ok(cluster.delete_secret_key(name, key).await?);
        }
        let _one_at_a_time = self.shared.state.lock().await;
        self.shared.secrets.delete_key(name, key)
    }
}

/// The variable that gives a key of a Secret: upper-cased, everything but letters and digits as underscores.
pub(crate) fn variable(name: &str, key: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
    };
    format!("TROUPE_SECRET_{}_{}", plain(name), plain(key))
}

//! The file that a write goes to, and the change of one document in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use troupe_crds::Kind;

use super::{ATTEMPTS, WriteError};
use crate::atomic;
use crate::document::{Slice, head, is_blank, slices};
use crate::edit;
use crate::files::Files;
use crate::parse::version;

/// Where an object is, or goes.
pub(super) struct Target {
    kind: Kind,
    name: String,
    file: PathBuf,
    /// The file has the object already; else it goes there as a new one.
    defined: bool,
    /// A file of an earlier folder that defines the object too.
    pub(super) earlier: Option<PathBuf>,
}

/// What becomes of the object's document.
pub(super) enum Outcome {
    /// It shall say this.
    Write(Value),
    /// It shall go.
    Remove,
}

impl Target {
    /// The object's file in the last folder, or the one that it gets.
    pub(super) fn of(files: &Files, kind: Kind, name: &str) -> Result<Self, WriteError> {
        let last = files.folders().len().checked_sub(1).ok_or(WriteError::NoFolder)?;
        let is_it =
            |document: &crate::parse::Document| document.kind == Some(kind) && document.name.as_deref() == Some(name);
        let mut present = None;
        let mut earlier = None;
        for placed in files.documents().filter(|placed| is_it(placed.document)) {
            let found = if placed.folder == last { &mut present } else { &mut earlier };
            // Within a folder the first one serves.
            found.get_or_insert_with(|| placed.document.file.to_path_buf());
        }
        let folder = files.folders().last().ok_or(WriteError::NoFolder)?;
        let new =
            || if folder.is_file() { folder.clone() } else { folder.join(kind.plural()).join(format!("{name}.yaml")) };
        let defined = present.is_some();
        Ok(Self { kind, name: name.to_owned(), file: present.unwrap_or_else(new), defined, earlier })
    }

    /// The file that is written.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Changes the document, beginning again while the file changes under it.
    pub(super) fn change(
        &self,
        mut outcome: impl FnMut(Option<&Value>) -> Result<Outcome, WriteError>,
        if_match: Option<&str>,
    ) -> Result<(), WriteError> {
        for _ in 0..ATTEMPTS {
            let before = self.read()?;
            let text = self.changed(before.as_deref().unwrap_or_default(), &mut outcome, if_match)?;
            let prepared = atomic::prepare(&self.file, text.as_bytes(), None).map_err(|error| self.failed(error))?;
            // Whatever was saved meanwhile must not be overwritten.
            if self.read()? != before {
                continue;
            }
            if is_blank(&text) {
                return atomic::remove(&self.file).map_err(|error| self.failed(error));
            }
            return prepared.commit().map_err(|error| self.failed(error));
        }
        Err(WriteError::Busy(self.file.clone()))
    }

    /// The file's new text.
    fn changed(
        &self,
        text: &str,
        outcome: &mut impl FnMut(Option<&Value>) -> Result<Outcome, WriteError>,
        if_match: Option<&str>,
    ) -> Result<String, WriteError> {
        let documents = slices(text);
        let slice = documents.iter().find(|slice| self.is_in(slice.of(text)));
        let (kind, name) = (self.kind, self.name.clone());
        // A document that overrides an earlier folder's has no version yet.
        let expected = if_match.filter(|_| self.defined);
        if expected.is_some_and(|expected| slice.is_none_or(|slice| version(slice.of(text)) != expected)) {
            return Err(WriteError::Changed { kind, name });
        }
        let Some(slice) = slice else {
            return match outcome(None)? {
                Outcome::Write(value) => self.appended(text, &value),
                Outcome::Remove => Err(WriteError::NotFound { kind, name }),
            };
        };
        let says = serde_yaml::from_str::<Value>(slice.of(text)).ok();
        match outcome(says.as_ref())? {
            Outcome::Remove => Ok(without(text, slice)),
            Outcome::Write(value) => self.edited(text, slice, says.is_some(), &value),
        }
    }

    fn edited(&self, text: &str, slice: &Slice, readable: bool, value: &Value) -> Result<String, WriteError> {
        let unwritable = |error| WriteError::edit(&self.file, &error);
        if self.is_json() {
            return Ok(format!("{value:#}\n"));
        }
        let document = if readable {
            edit::edit(slice.of(text), value).map_err(unwritable)?
        } else {
            // What cannot be read cannot be kept.
            format!("---\n{}", edit::write(value).map_err(unwritable)?)
        };
        let mut new = String::with_capacity(text.len() + document.len());
        new.push_str(&text[..slice.range.start]);
        new.push_str(&document);
        let rest = &text[slice.range.end..];
        if !rest.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        new.push_str(rest);
        Ok(new)
    }

    fn appended(&self, text: &str, value: &Value) -> Result<String, WriteError> {
        if self.is_json() {
            return Ok(format!("{value:#}\n"));
        }
        let document = edit::write(value).map_err(|error| WriteError::edit(&self.file, &error))?;
        if text.is_empty() {
            return Ok(document);
        }
        let gap = if text.ends_with('\n') { "" } else { "\n" };
        Ok(format!("{text}{gap}---\n{document}"))
    }

    /// Whether a document is this object's.
    fn is_in(&self, document: &str) -> bool {
        let is = |kind: Option<&str>, name: Option<&str>| kind == Some(self.kind.as_str()) && name == Some(&*self.name);
        if let Ok(value) = serde_yaml::from_str::<Value>(document) {
            let name = value.pointer("/metadata/name").and_then(Value::as_str);
            return is(value.get("kind").and_then(Value::as_str), name);
        }
        let head = head(document);
        is(head.kind.as_deref(), head.name.as_deref())
    }

    fn is_json(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension == "json")
    }

    fn read(&self) -> Result<Option<String>, WriteError> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, source: io::Error) -> WriteError {
        let file: &Path = &self.file;
        WriteError::File { file: file.to_owned(), source }
    }
}

/// The text without a document. Its leading marker goes with it; a first document leaves the next one's.
fn without(text: &str, slice: &Slice) -> String {
    [&text[..slice.range.start], &text[slice.range.end..]].concat()
}

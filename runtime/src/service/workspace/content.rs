//! A file opened to be sent, with what tells one version of it from another.

use std::path::Path;

use cap_std::fs::MetadataExt as _;

use super::kind::FileKind;
use super::place::{FileError, Place, failed};

/// An open file.
#[derive(Debug)]
pub struct Content {
    /// The file.
    pub file: std::fs::File,
    /// Its name.
    pub name: String,
    /// What it is, by its name.
    pub kind: FileKind,
    /// Its facts.
    pub facts: Facts,
}

/// What is known of a file's content without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Bytes.
    pub length: u64,
    /// Seconds since 1970.
    pub modified: i64,
    /// Which file, and when it was last written to or changed: two contents never share it, as far as a file system
    /// tells.
    identity: [i128; 4],
}

impl Facts {
    /// The entity tag, with its quotes.
    pub fn tag(&self) -> String {
        let [file, device, written, changed] = self.identity;
        format!("\"{file:x}-{device:x}-{:x}-{written:x}-{changed:x}\"", self.length)
    }
}

/// Opens a file to be sent.
pub(super) fn open(place: &Place, inside: &Path) -> Result<Content, FileError> {
    let file = place.open_file(inside)?;
    let facts = file.metadata().map_err(failed("read", inside))?;
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let facts = Facts {
        length: facts.len(),
        modified: facts.mtime(),
        identity: [
            i128::from(facts.ino()),
            i128::from(facts.dev()),
            nanoseconds(facts.mtime(), facts.mtime_nsec()),
            nanoseconds(facts.ctime(), facts.ctime_nsec()),
        ],
    };
    let name = inside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Content { file: file.into_std(), name, kind: FileKind::of(inside), facts })
}

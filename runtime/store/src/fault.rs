//! What is wrong with the disk or the database file when neither the caller nor the data is to blame.

use std::io;

use troupe_core::port::StoreError;

/// Why the database or the folder of blobs cannot be used at the moment. Travels as the source of
/// [`StoreError::Database`]; its own source is what the system said.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Fault {
    /// Which one.
    pub kind: FaultKind,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Faults that a person can do something about. What was acknowledged before stays; what fails is not written at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// No room.
    #[error("the disk of the data directory is full: free some space")]
    Full,
    /// Not writable.
    #[error("the data directory cannot be written to: correct its permissions, or mount it for writing")]
    ReadOnly,
    /// Damaged pages, or no database at all.
    #[error("the database in the data directory is damaged: restore it from a backup")]
    Damaged,
    /// Another process holds a lock that only we should hold.
    #[error("another program locks the database in the data directory: end that program")]
    Busy,
    /// The disk failed.
    #[error("the disk of the data directory fails: look at the system's log")]
    Disk,
}

impl Fault {
    /// The fault behind an error, if it is one.
    pub fn of(error: &StoreError) -> Option<FaultKind> {
        match error {
            StoreError::Database { source, .. } => source.downcast_ref().map(|fault: &Self| fault.kind),
            _ => None,
        }
    }
}

/// Says of an error which fault it is; any other stays what it is.
pub(crate) fn explained(source: Box<dyn std::error::Error + Send + Sync>) -> Box<dyn std::error::Error + Send + Sync> {
    let of_database = source.downcast_ref::<sqlx::Error>().and_then(database);
    let kind = of_database.or_else(|| source.downcast_ref::<io::Error>().and_then(file));
    match kind {
        Some(kind) => Box::new(Fault { kind, source }),
        None => source,
    }
}

/// The primary result codes of `SQLite`, which are the low byte of the extended ones.
pub(crate) fn database(error: &sqlx::Error) -> Option<FaultKind> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    match code & 0xff {
        13 => Some(FaultKind::Full),
        8 => Some(FaultKind::ReadOnly),
        11 | 26 => Some(FaultKind::Damaged),
        5 | 6 => Some(FaultKind::Busy),
        10 | 14 => Some(FaultKind::Disk),
        _ => None,
    }
}

fn file(error: &io::Error) -> Option<FaultKind> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(FaultKind::Full),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Some(FaultKind::ReadOnly),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::failed;

    #[test]
    fn a_full_disk_is_known_by_its_file_error_too() {
        let error = failed("store a blob")(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(Fault::of(&error), Some(FaultKind::Full));
        assert_eq!(error.to_string(), "cannot store a blob");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "the disk of the data directory is full: free some space");
        assert!(source.source().is_some(), "what the system said is kept");
    }

    #[test]
    fn anything_else_stays_what_it_is() {
        let error = failed("read a row")(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(Fault::of(&error), None);
    }
}

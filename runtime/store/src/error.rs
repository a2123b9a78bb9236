//! Errors of opening a store, refusals beyond the port's own, and how the database's errors become the port's.

use troupe_core::id::{RunId, Timestamp};
use troupe_core::port::StoreError;

use crate::fault;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory could not be made ready.
    #[error("cannot prepare the data directory {path}")]
    Directory {
        /// The directory.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] crate::LockError),
    /// The path cannot be told to the database.
    #[error("the data directory {0} is not valid UTF-8")]
    Path(String),
    /// The database could not be opened.
    #[error("cannot open the database in {path}")]
    Database {
        /// The directory.
        path: String,
        /// What the database said; a [`Fault`](crate::Fault) where a person can do something about it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database could not be brought to this version's tables.
    #[error("cannot migrate the database in {path}")]
    Migrate {
        /// The directory.
        path: String,
        /// What went wrong.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
}

/// What the store refuses for reasons of its own. Travels as the source of [`StoreError::Database`] until a caller
/// takes it out with [`Refusal::of`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Turns must be later than the session's last.
    #[error("a turn of session {session:?} is not later than its last")]
    TurnOrder {
        /// The session.
        session: String,
    },
    /// Events must follow the journal's last without a gap.
    #[error("the events do not follow the journal of run {0}")]
    JournalGap(RunId),
    /// Something that was to be created is there.
    #[error("run {0} is there already")]
    RunExists(RunId),
    /// No turn of the session has this time (S1-142).
    #[error("session {session:?} has no turn at {at}")]
    NoTurn {
        /// The session.
        session: String,
        /// The time that was given.
        at: Timestamp,
    },
    /// The turn with this time is not a user's (S1-142).
    #[error("the turn at {at} of session {session:?} is not a user's")]
    NotUserTurn {
        /// The session.
        session: String,
        /// The time that was given.
        at: Timestamp,
    },
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl Refusal {
    /// The refusal inside an error, if it is one.
    pub fn of(error: &StoreError) -> Option<&Self> {
        match error {
            StoreError::Database { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// The port's error for a refusal of `action`.
    pub(crate) fn refuse(self, action: &'static str) -> StoreError {
        StoreError::Database { action, source: Box::new(self) }
    }
}

/// Makes the port's error of whatever went wrong in `action`.
pub(crate) fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> StoreError {
    move |source| StoreError::Database { action, source: fault::explained(source.into()) }
}

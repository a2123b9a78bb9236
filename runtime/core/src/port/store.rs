//! The store of runs, and how a store fails.

use async_trait::async_trait;
use bytes::Bytes;

use super::{Append, Census, Claim, Created, Journal, NewRun};
use crate::agent::PinnedSnapshot;
use crate::id::{ContentHash, RunId, Timestamp};
use crate::session::SessionContext;

/// Keeps runs. Every method is atomic; what it acknowledged survives the process and the machine's power.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Creates a run with its first events; or finds the one that the same call made before.
    async fn create(&self, run: NewRun) -> Result<Created, StoreError>;

    /// Appends to a journal, fenced by the epoch. Appends of many runs share one commit; each fails alone.
    async fn append(&self, append: Append) -> Result<(), StoreError>;

    /// Claims up to `most` runs (their journals tell the state that they were in before) that are queued, or running under an expired lease, or waiting past their `wake_at`;
    /// fair between sessions, then oldest first; none of a session that has a running or waiting run. Raises their epochs.
    async fn claim(
        &self,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Claims one run that is waiting, queued or draft, for a command to it; `None` if it is none of these (or gone).
    async fn claim_one(
        &self,
        root: RunId,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError>;

    /// What waits and what is queued, for a replica that starts.
    async fn census(&self) -> Result<Census, StoreError>;

    /// Extends every lease of `owner`.
    async fn renew(&self, owner: &str, lease_until: Timestamp) -> Result<(), StoreError>;

    /// Gives back every lease of `owner`, so that others (or the next start) resume at once.
    async fn release(&self, owner: &str) -> Result<(), StoreError>;

    /// The whole journal of a tree; `None` if there is no such run.
    async fn journal(&self, root: RunId) -> Result<Option<Journal>, StoreError>;

    /// A stored snapshot; `None` if there is none with this address.
    async fn snapshot(&self, hash: &ContentHash) -> Result<Option<PinnedSnapshot>, StoreError>;

    /// What a run reads of its session: turns up to and including `high_water` (`None` = all).
    async fn session(&self, session: &str, high_water: Option<Timestamp>)
    -> Result<Option<SessionContext>, StoreError>;

    /// The newest session that a run of `session` made for a sub-agent (S1-124).
    async fn last_child_session(&self, session: &str) -> Result<Option<String>, StoreError>;

    /// Stores a payload under its address; durable on return.
    async fn put_blob(&self, content: Bytes) -> Result<ContentHash, StoreError>;

    /// A stored payload; `None` if there is none.
    async fn blob(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError>;
}

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another replica owns the run now: whoever gets this stops working on it.
    #[error("run {0} is owned by another replica")]
    Fenced(RunId),
    /// The same idempotency key came with another body.
    #[error("the idempotency key {0:?} was used with another request")]
    IdempotencyMismatch(String),
    /// No such session.
    #[error("there is no session {0:?}")]
    NoSession(String),
    /// The session has a running or waiting run already, so that another one cannot begin, or the session not change.
    #[error("a run of session {0:?} is active")]
    SessionBusy(String),
    /// The database failed.
    #[error("cannot {action}")]
    Database {
        /// What was being done.
        action: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

//! The store of resources' versions.

use async_trait::async_trait;

use super::StoreError;
use crate::id::Timestamp;

/// A version of a resource's spec that was valid once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The kind, such as `Agent`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The hash of the canonical spec.
    pub hash: String,
    /// The spec as JSON.
    pub spec: String,
    /// When it was first seen valid.
    pub created_at: Timestamp,
    /// When it last became the newest valid one: the last good version is the one with the latest.
    pub current_at: Timestamp,
}

/// Keeps the versions of resources, so that the last good one serves after a restart too.
#[async_trait]
pub trait RevisionStore: Send + Sync {
    /// Keeps versions, many at once; one that is there already only has its `current_at` raised.
    async fn save(&self, revisions: &[Revision]) -> Result<(), StoreError>;

    /// An object's versions, newest first.
    async fn revisions(&self, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError>;

    /// One version; `None` if it is not kept.
    async fn revision(&self, kind: &str, name: &str, hash: &str) -> Result<Option<Revision>, StoreError>;

    /// The last good version of every object of a kind.
    async fn last_good(&self, kind: &str) -> Result<Vec<Revision>, StoreError>;

    /// Drops an object's versions but the newest `keep` and those in `pinned`.
    async fn prune(&self, kind: &str, name: &str, keep: usize, pinned: &[String]) -> Result<(), StoreError>;
}

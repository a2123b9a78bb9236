//! Storage: runs with their journals, sessions, blobs and revisions, in SQL.
//!
//! [`Store`] implements the core's [`RunStore`](troupe_core::port::RunStore) and
//! [`RevisionStore`](troupe_core::port::RevisionStore), and offers what the services read beside them. All SQL is
//! static and goes through sqlx's `Any` driver, so that there is one code base; the statements in which databases
//! differ are behind one small trait (`dialect`).
//!
//! One task owns the one connection that writes. Creates and appends that arrive while a commit is in flight share the
//! next transaction (`batch`); everything else that writes has a transaction of its own between two of these.

// The fixture of the contract's tests, which the tests of faults share, knows this crate by its name.
#[cfg(test)]
extern crate self as troupe_store;

mod abandoned;
mod batch;
mod blob;
mod claim;
mod dialect;
mod error;
mod fault;
mod feed;
mod idempotency;
mod journal;
mod lock;
mod memory;
mod payload;
mod retention;
mod revision;
mod rows;
mod run;
mod search;
mod session;
mod snapshot;
mod store;
mod transaction;
mod writer;

pub use error::{OpenError, Refusal};
pub use fault::{Fault, FaultKind};
pub use feed::{SessionChange, SessionChanged};
pub use lock::LockError;
pub use memory::{CompactionWrite, Introspection};
pub use retention::{RetentionPolicy, Swept};
pub use run::{RunFilter, RunRow, UsageFilter, UsageRow};
pub use search::SearchHit;
pub use session::{NewSession, Revoked, SessionCursor, SessionEdit, SessionFilter, SessionRow};
pub use store::{Store, StoreOptions};

//! Resources from folders of YAML or a namespace of a cluster, live: loading, rules, edits, secrets, revisions, and what the engine pins of them.
//!
//! [`Catalog::open`] loads folders of manifests and watches them, [`Catalog::open_cluster`] a namespace; [`Catalog::view`] is what it holds at one moment,
//! immutable and cheap to take. An edit is live within a tenth of a second. What is wrong is a [`Diagnostic`] and a
//! [`Condition`], never a failure: the rest serves, and a bad edit leaves the last good version serving, after a
//! restart too, since the revision store keeps it. [`Catalog::apply`] and [`Catalog::delete`] edit the files, and keep
//! people's comments, or write to the API server.

#![expect(clippy::doc_markdown, reason = "kinds are proper names")]

mod assemble;
mod atomic;
mod candidate;
mod catalog;
mod check;
mod cluster;
mod diagnostic;
mod document;
mod edit;
mod entry;
mod files;
mod known;
mod locate;
mod parse;
mod place;
mod preview;
mod resolve;
mod save;
mod secret;
mod standing;
mod view;
mod watch;
mod write;

pub use catalog::{Catalog, CatalogOptions, process_environment};
pub use cluster::{ClusterError, ClusterOptions, Reachability};
pub use diagnostic::{Diagnostic, Severity};
pub use entry::{Condition, Entry};
pub use files::Looks;
pub use locate::locate;
pub use preview::{Finding, Preview, Use};
pub use resolve::{DiscoveredTool, McpDirectory, ResolveError};
pub use secret::{Environment, SecretFileError};
pub use view::{Change, View};
pub use write::{WriteError, WriteOptions};

//! Who asks and what they may do, with an API server that is a function behind the service.
#![cfg(test)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

#[path = "rights/cluster.rs"]
mod cluster;

#[path = "rights/conversations.rs"]
mod conversations;
#[path = "rights/doors.rs"]
mod doors;
#[path = "rights/files.rs"]
mod files;
#[path = "rights/names.rs"]
mod names;
#[path = "rights/roles.rs"]
mod roles;

//! Who asks and what they may do, with an API server that is a function behind the service.
#![cfg(test)]

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

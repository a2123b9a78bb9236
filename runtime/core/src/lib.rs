//! The pure engine of Troupe: runs as state machines over an append-only journal.
//!
//! A run is one turn of an agent. Its state is the fold of its journal ([`run::apply`]); what is decided and not yet
//! recorded is [`run::outstanding`]; [`engine`] performs that through the traits in [`port`]. This crate knows no
//! network, no SQL, no Kubernetes and no clock.

pub mod agent;
pub mod context;
pub mod engine;
pub mod event;
pub mod id;
pub mod message;
pub mod model;
pub mod port;
pub mod run;
pub mod session;
pub mod stream;
pub mod tool;

//! Operations, free of HTTP: what the routes do.

pub mod agents;
pub mod chat;
pub mod context;
pub mod env;
pub mod infer;
pub mod key;
pub mod manifest;
pub mod mcp_servers;
pub mod message;
pub mod models;
pub mod page;
pub mod resolve;
pub mod rights;
pub mod runs;
pub mod sessions;
pub mod setup;
pub mod templates;
pub mod tools;
pub mod workspace;

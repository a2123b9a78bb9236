//! Operations, free of HTTP: what the routes do.

pub mod agents;
pub mod env;
pub mod chat;
pub mod infer;
pub mod key;
pub mod manifest;
pub mod mcp_servers;
pub mod message;
pub mod models;
pub mod page;
pub mod resolve;
pub mod runs;
pub mod templates;
pub mod tools;

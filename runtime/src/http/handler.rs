//! The routes' handlers: extract, call, render.

pub mod agents;
pub mod env;
pub mod infer;
pub mod manifest;
pub mod mcp_servers;
pub mod models;
pub mod platform;
pub mod templates;
pub mod tools;

//! The routes' handlers: extract, call, render.

pub mod agents;
pub mod env;
pub mod chat;
pub mod infer;
pub mod openapi;
pub mod manifest;
pub mod mcp_servers;
pub mod models;
pub mod platform;
pub mod runs;
pub mod templates;
pub mod tools;

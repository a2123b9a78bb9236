//! The routes' handlers: extract, call, render.

pub mod agents;
pub mod chat;
pub mod env;
pub mod infer;
pub mod manifest;
pub mod mcp_servers;
pub mod models;
pub mod openai_models;
pub mod openapi;
pub mod platform;
pub mod resource_events;
pub mod runs;
pub mod sessions;
pub mod setup;
pub mod templates;
pub mod tools;
pub mod usage;
pub mod workspace;

//! Tools: http, MCP, function, skill, template and built-in ones, with the jail.
//!
//! [`Tools`] implements the engine's port for every kind of tool but those that the engine performs itself.

pub mod arguments;
pub mod budget;
pub mod builtin;
pub mod function;
pub mod jail;
pub mod json_result;
pub mod limits;
pub mod mcp;
pub mod mcp_tool;
pub mod registered;
pub mod skill;
pub mod tools;

mod bash;
mod charset;
mod fetch;
mod hidden;
mod http;
mod image;
mod output;
mod runs;
mod template;
mod terminal;
mod workspace;

pub use json_result::{NoJson, json_result};
pub use limits::LiveLimits;
pub use registered::{Reply, schema_of};
pub use tools::{Tools, ToolsSettings};

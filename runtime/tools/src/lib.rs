//! Tools: http, MCP, function, skill, template and built-in ones, with the jail.

pub mod budget;
pub mod jail;

mod output;
mod terminal;

//! Why something cannot be resolved, in words for whoever asked.

use troupe_core::port::StoreError;
use troupe_crds::Kind;
use troupe_language::LanguageError;

/// Why something cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No object of that name or id.
    #[error("there is no {kind} {name:?}")]
    NotFound {
        /// What was asked for.
        kind: Kind,
        /// Its name or id.
        name: String,
    },
    /// No tool of that name or id.
    #[error("there is no tool {0:?}: name a Tool, a built-in tool, or mcp-<server>-<tool>")]
    NoTool(String),
    /// The object is there, and no version of it serves.
    #[error("{kind} {name:?} is not ready: {message}")]
    NotReady {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// Its condition.
        message: String,
    },
    /// The revision is not kept.
    #[error("{kind} {name:?} has no revision {revision:?}")]
    NoRevision {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The revision that was asked for.
        revision: String,
    },
    /// Neither the agent nor the Runtime names a model.
    #[error("agent {0:?} names no model: set spec.modelRef, or spec.defaults.modelRef of the Runtime")]
    NoModel(String),
    /// A template cannot be rendered.
    #[error("cannot render prompt template {template:?}")]
    Render {
        /// The template.
        template: String,
        /// Why.
        #[source]
        source: LanguageError,
    },
    /// A template's argument is missing or not allowed.
    #[error("prompt template {template:?}: {message}")]
    Argument {
        /// The template.
        template: String,
        /// What is wrong with which argument.
        message: String,
    },
    /// A server could not list its tools.
    #[error("cannot list the tools of MCP server {server:?}: {message}")]
    Discovery {
        /// The server.
        server: String,
        /// What the directory said.
        message: String,
    },
    /// A server does not offer a tool.
    #[error("MCP server {server:?} offers no tool {tool:?}: correct the name, or the server's toolFilter")]
    NoServerTool {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// Two tools of one agent would have one name.
    #[error(
        "agent {agent:?} has two tools named {name:?}, {first} and {second}: give one of them another toolName, or rename it in the server's toolFilter"
    )]
    NameClash {
        /// The agent.
        agent: String,
        /// The name.
        name: String,
        /// Where the first comes from.
        first: String,
        /// Where the second comes from.
        second: String,
    },
    /// An entry's overrides do not fit its tool.
    #[error("agent {agent:?} overrides the address of tool {tool:?}, which has none to override: {remedy}")]
    Override {
        /// The agent.
        agent: String,
        /// The tool.
        tool: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file that a tool is made of cannot be read.
    #[error("tool {tool:?}: {path} {message}")]
    File {
        /// The tool.
        tool: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The snapshot cannot be written.
    #[error("cannot write the snapshot")]
    Snapshot(#[from] serde_json::Error),
    /// The revision store failed.
    #[error("cannot read revisions")]
    Store(#[from] StoreError),
}

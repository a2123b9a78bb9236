//! The list of kinds, and what each is called.

use std::{fmt, str::FromStr};

/// A kind of the group `troupe.dev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A model behind a provider's API.
    Model,
    /// Something that an agent can call.
    Tool,
    /// A shared MCP server, local or remote.
    McpServer,
    /// A prompt with named gaps.
    PromptTemplate,
    /// A model with a prompt, tools and limits.
    Agent,
    /// Several agents with one objective.
    Team,
    /// A graph of nodes.
    Workflow,
    /// The one runtime of a namespace.
    Runtime,
}

/// A name that is no kind of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind {0:?}: use Model, Tool, McpServer, PromptTemplate, Agent, Team, Workflow or Runtime")]
pub struct UnknownKind(pub String);

impl Kind {
    /// Every kind, in the order in which they refer to each other.
    pub const ALL: [Self; 8] = [
        Self::Model,
        Self::Tool,
        Self::McpServer,
        Self::PromptTemplate,
        Self::Agent,
        Self::Team,
        Self::Workflow,
        Self::Runtime,
    ];

    /// The kind as a manifest says it, such as `McpServer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Tool => "Tool",
            Self::McpServer => "McpServer",
            Self::PromptTemplate => "PromptTemplate",
            Self::Agent => "Agent",
            Self::Team => "Team",
            Self::Workflow => "Workflow",
            Self::Runtime => "Runtime",
        }
    }

    /// The resource name in URLs and RBAC rules, such as `mcpservers`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Tool => "tools",
            Self::McpServer => "mcpservers",
            Self::PromptTemplate => "prompttemplates",
            Self::Agent => "agents",
            Self::Team => "teams",
            Self::Workflow => "workflows",
            Self::Runtime => "runtimes",
        }
    }

    /// Whether revisions of this kind are kept and can be published.
    pub const fn has_revisions(self) -> bool {
        matches!(self, Self::Agent | Self::Team | Self::Workflow | Self::PromptTemplate | Self::Tool)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

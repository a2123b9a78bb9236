//! The Kubernetes API of Troupe: every kind, its defaults, its CEL rules and its status.
//!
//! The same types are read by the operator, by the runtime in a cluster, and by the runtime over a folder of YAML.

#![expect(unreachable_pub, reason = "KubeSchema repeats each struct inside a function, where `pub` reaches nobody")]
#![expect(clippy::doc_markdown, reason = "kinds are proper names, and this text is what `kubectl explain` prints")]

pub mod agent;
pub mod bounds;
pub mod cel;
pub mod condition;
pub mod connection;
pub mod decimal;
pub mod definition;
pub mod duration;
pub mod id;
pub mod json;
pub mod kind;
pub mod mcp_server;
pub mod model;
pub mod pod;
pub mod prompt_template;
pub mod reference;
pub mod resource;
pub mod runtime;
pub mod secret;
pub mod strict;
pub mod team;
pub mod tool;
pub mod workflow;

pub use agent::{Agent, AgentSpec, AgentStatus};
pub use decimal::Decimal;
pub use duration::GoDuration;
pub use json::{Json, JsonObject};
pub use kind::Kind;
pub use mcp_server::{McpServer, McpServerSpec, McpServerStatus};
pub use model::{Model, ModelSpec, ModelStatus};
pub use prompt_template::{PromptTemplate, PromptTemplateSpec, PromptTemplateStatus};
pub use resource::{ParseError, Resource};
pub use runtime::{Runtime, RuntimeSpec, RuntimeStatus};
pub use secret::SecretDocument;
pub use strict::FieldError;
pub use team::{Team, TeamSpec, TeamStatus};
pub use tool::{Tool, ToolSpec, ToolStatus};
pub use workflow::{Workflow, WorkflowSpec, WorkflowStatus};

/// The API group of every kind.
pub const GROUP: &str = "troupe.dev";

/// The only version; it changes by addition alone.
pub const VERSION: &str = "v1alpha1";

/// Group and version as a manifest's `apiVersion` says them.
pub const API_VERSION: &str = "troupe.dev/v1alpha1";

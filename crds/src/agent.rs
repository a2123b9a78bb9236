//! Agent: a model with a prompt, tools, memory and limits.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    JsonObject, cel,
    reference::{AgentReference, ModelReference},
};

pub mod policy;
pub mod tool_entry;

pub use policy::{Context, Limits, Memory, MemoryScope};
pub use tool_entry::{AgentTool, ToolOverrides};

/// Depth of sub-agents where `delegation.maxDepth` says nothing.
pub const DEFAULT_MAX_DEPTH: u32 = 3;

/// Repairs of a structured answer where `output.maxRepairs` says nothing.
pub const DEFAULT_MAX_REPAIRS: u32 = 2;

/// A model with a prompt, tools, memory and limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Agent",
    namespaced,
    category = "troupe",
    shortname = "agt",
    status = "AgentStatus",
    derive = "PartialEq",
    doc = "A model with a prompt, tools, memory and limits, served by the namespace's runtime.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Model", type_ = "string", json_path = ".status.model"),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.publishedRevision", priority = 1),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct AgentSpec {
    /// Name for people; default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub display_name: Option<String>,
    /// What the agent does, for people and for agents that may call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub description: Option<String>,
    /// Picture for the console: an emoji, a URL or a data URI; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub avatar: Option<String>,
    /// Heading under which the console lists the agent; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub group: Option<String>,
    /// Who the agent is, added to its system prompt; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub role: Option<String>,
    /// What the agent is after, added to its system prompt; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub goal: Option<String>,
    /// The Model; default: the Runtime's `defaults.modelRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelReference>,
    /// Parameters merged over the Model's, key by key; default none.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub parameters: JsonObject,
    /// The system prompt; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<SystemPrompt>,
    /// How the agent sees itself, kept with its messages; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub persona: Option<String>,
    /// What the agent may call; default: the Runtime's `defaults.tools`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub tools: Vec<AgentTool>,
    /// Which agents it may hand tasks to, and how deep; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// What it remembers between sessions; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// How a long session is kept within the context window; default: the Runtime's `defaults.context`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// Limits of one run; default: the Runtime's `defaults.limits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Demands a structured answer; default: free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Which part of the workspace it sees; default: all of it, writable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<AgentWorkspace>,
    /// Takes the agent out of service without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// Revisions kept beside those published or in use; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub revision_history_limit: Option<u32>,
    /// Hash of the revision that is served, as `status.currentRevision` shows it; default: the newest valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_revision: Option<String>,
}

/// The system prompt. Both may stand; then the template wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemPrompt {
    /// The prompt itself; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_048_576))]
    pub text: Option<String>,
    /// A PromptTemplate, which wins over `text`; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<TemplateReference>,
}

/// A PromptTemplate with the arguments that fill it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateReference {
    /// Name of the PromptTemplate, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Values by the name of the gap; default none.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub arguments: JsonObject,
}

/// Whom an agent may hand tasks to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    /// Agents that it may hand tasks to; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub agents: Vec<AgentReference>,
    /// Levels of sub-agents below a run; default 3.
    #[serde(default = "default_max_depth")]
    #[schemars(range(max = 10))]
    pub max_depth: u32,
}

fn default_max_depth() -> u32 {
    DEFAULT_MAX_DEPTH
}

/// A structured answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// JSON Schema of the answer.
    pub schema: JsonObject,
    /// How often the model is asked again when its answer does not match; default 2.
    #[serde(default = "default_max_repairs")]
    #[schemars(range(max = 10))]
    pub max_repairs: u32,
}

fn default_max_repairs() -> u32 {
    DEFAULT_MAX_REPAIRS
}

/// Which part of the workspace an agent sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentWorkspace {
    /// Whether files may only be read; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Folder within the workspace that is its root; default: the workspace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub path: Option<String>,
}

/// What is known about an Agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Resolved` and `RevisionResolved`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Hash of the newest valid spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// Hash of the revision that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_revision: Option<String>,
    /// Address at which runs of the agent are started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names of the tools that the model sees, at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub tools: Vec<String>,
    /// Name of the Model that is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

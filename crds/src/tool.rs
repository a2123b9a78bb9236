//! Tool: something that an agent can call, of exactly one of six types.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    GoDuration, Json, JsonObject,
    cel::{self, CelRule},
    reference::{McpServerReference, PromptTemplateReference, SecretKeyReference},
};

pub mod function;
pub mod http;
pub mod skill;

pub use function::{FunctionTool, Language, Network};
pub use http::{HttpMethod, HttpTool, ResponseFormat};
pub use skill::{InferenceStep, InlineFiles, SkillSource, SkillStep, SkillTool, ToolStep};

/// Revisions kept where `revisionHistoryLimit` says nothing.
pub const DEFAULT_REVISION_HISTORY_LIMIT: u32 = 10;

/// The name that a model sees.
pub const TOOL_NAME_PATTERN: &str = r"^[A-Za-z0-9_-]{1,64}$";

/// A tool has one type.
pub const ONE_TYPE: CelRule = CelRule {
    rule: "[has(self.http), has(self.mcp), has(self.skill), has(self.function), has(self.template), \
           has(self.builtin)].filter(x, x).size() == 1",
    message: "set exactly one of http, mcp, skill, function, template and builtin: split a tool of two types into two \
              Tools",
};

/// A template comes from one place.
pub const TEMPLATE_SOURCE: CelRule = CelRule {
    rule: "[has(self.text), has(self.promptTemplateRef)].filter(x, x).size() == 1",
    message: "set exactly one of text and promptTemplateRef",
};

/// Only bash has a network of its own to open.
pub const BUILTIN_NETWORK: CelRule =
    CelRule { rule: "!has(self.network) || self.type == 'Bash'", message: "network is only for type: Bash: remove it" };

/// Something that an agent can call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Tool",
    namespaced,
    category = "troupe",
    shortname = "tl",
    status = "ToolStatus",
    derive = "PartialEq",
    doc = "Something that an agent can call: an HTTP request, a tool of an MCP server, a skill, a function, a template \
           or a configured built-in tool.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type"),
    printcolumn(name = "Approval", type_ = "string", json_path = ".spec.approval"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_TYPE)]
pub struct ToolSpec {
    /// Name that the model sees: letters, digits, `_` and `-`, at most 64; default: the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    pub tool_name: Option<String>,
    /// What the tool does, for the model; default: the server's own description, or the skill's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub description: Option<String>,
    /// JSON Schema of the arguments; default: the server's own, else no arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<JsonObject>,
    /// JSON Schema that a result must match; default: any result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<JsonObject>,
    /// Longest time of one call; default 60s, and 5m for bash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// When a person must approve a call: `Never` (default), `Always` or `WhenDestructive`.
    #[serde(default)]
    pub approval: Approval,
    /// Arguments merged into every call, which the model neither sees nor overrides; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub hidden_arguments: Vec<HiddenArgument>,
    /// What happens to a call that was cut off with its process: `Auto` (default), `Repeat`, `Report` or `Ask`.
    #[serde(default)]
    pub on_interrupted: OnInterrupted,
    /// Whether calling twice does what calling once does, so that `Auto` may repeat it; default false.
    #[serde(default)]
    pub idempotent: bool,
    /// An HTTP request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpTool>,
    /// One tool of an McpServer under a new name, description or with fixed arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpTool>,
    /// A skill: instructions and files that the model reads when it chooses the skill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillTool>,
    /// A function of a programming language, run in the jail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionTool>,
    /// A text rendered from the arguments; it needs nothing outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateTool>,
    /// A configured copy of a built-in tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<BuiltinTool>,
    /// Hash of the revision that is served, as `status.currentRevision` shows it; default: the newest valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_revision: Option<String>,
    /// Revisions kept beside those published or in use; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub revision_history_limit: Option<u32>,
    /// Takes the tool out of service without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// When a person must approve a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Approval {
    /// No call waits.
    #[default]
    Never,
    /// Every call waits.
    Always,
    /// Calls wait unless the tool is known to be read-only.
    WhenDestructive,
}

/// What happens to a call that was started and not finished when its process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnInterrupted {
    /// Repeat what is read-only or idempotent, report the rest.
    #[default]
    Auto,
    /// Make the call again.
    Repeat,
    /// Tell the model that it was interrupted, with unknown outcome.
    Report,
    /// A person decides.
    Ask,
}

/// An argument that the model does not see. That it is either a value or a reference is checked by `troupe-rules`: CEL
/// cannot see whether a field without a type is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HiddenArgument {
    /// Name of the argument.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Fixed value, any JSON; give either this or `secretKeyRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// The key of a Secret that holds the value; give either this or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyReference>,
}

/// One tool of an McpServer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpTool {
    /// The server.
    pub server: McpServerReference,
    /// Name of the tool as the server lists it.
    #[schemars(length(min = 1, max = 256))]
    pub tool: String,
}

/// A text rendered from the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = TEMPLATE_SOURCE)]
pub struct TemplateTool {
    /// The template itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub text: Option<String>,
    /// A PromptTemplate, rendered with its own engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_template_ref: Option<PromptTemplateReference>,
    /// Engine of `text`: `Placeholder` (`{{name}}`, default), `Jinja` or `Dollar` (`$name`).
    #[serde(default)]
    pub engine: TemplateEngine,
}

/// A template language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TemplateEngine {
    /// `{{name}}` only.
    #[default]
    Placeholder,
    /// Conditions, loops, includes.
    Jinja,
    /// `$name` only.
    Dollar,
}

/// A configured copy of a built-in tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = BUILTIN_NETWORK)]
pub struct BuiltinTool {
    /// Which one: `Bash`, `Fetch`, `Delegate`, `ReadFile`, `WriteFile` or `SearchFiles`.
    #[serde(rename = "type")]
    pub type_: Builtin,
    /// Whether commands of `Bash` may use the network: `Denied` (default) or `Allowed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// A built-in tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Builtin {
    /// Runs a command in the jail.
    Bash,
    /// Fetches a public address.
    Fetch,
    /// Gives a task to a sub-agent.
    Delegate,
    /// Reads a file of the workspace.
    ReadFile,
    /// Writes a file of the workspace.
    WriteFile,
    /// Searches the workspace.
    SearchFiles,
}

/// What is known about a Tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `SecretsResolved` and `RevisionResolved`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Type of the tool, such as `http` or `mcp`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Hash of the newest valid spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// Hash of the revision that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_revision: Option<String>,
}

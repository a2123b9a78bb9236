//! Tools: what is pinned of one, how a model sees it, a call and its result.

pub mod builtin;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::Media;
use crate::model::{ConfigValue, NamedValue, SecretRef, Trust};

/// A tool as a model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// `[A-Za-z0-9_-]{1,64}`, unique among the tools of one request.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments; an object schema.
    pub parameters: Value,
}

/// A call that a model asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call; made by us where the provider gives none.
    pub id: String,
    /// The tool's name, as the model said it.
    pub name: String,
    /// The arguments as JSON text, as the model wrote it; may be malformed.
    pub arguments: String,
}

impl ToolCall {
    /// The arguments as an object; malformed or missing ones are empty (S1-68).
    pub fn arguments(&self) -> Map<String, Value> {
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}

/// What a run pins of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSnapshot {
    /// What the model sees.
    pub spec: ToolSpec,
    /// S1's id: the object's, `mcp-<server>-<tool>`, or the built-in's name.
    pub id: String,
    /// The JSON Schema of its result, where it promises one.
    #[serde(default)]
    pub output: Option<Value>,
    /// What it is made of.
    pub kind: ToolKind,
    /// The longest that a call may take, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// When a person is asked first.
    #[serde(default)]
    pub approval: Approval,
    /// What happens to a call that was started when its process died.
    #[serde(default)]
    pub on_interrupted: OnInterrupted,
    /// Whether a call changes nothing (MCP `readOnlyHint`, HTTP GET, templates).
    #[serde(default)]
    pub read_only: bool,
    /// Whether making a call twice does no more than once.
    #[serde(default)]
    pub idempotent: bool,
    /// Whether a call may destroy something (MCP `destructiveHint`).
    #[serde(default)]
    pub destructive: bool,
    /// Arguments merged over the model's, invisible to it.
    #[serde(default)]
    pub hidden_arguments: Vec<HiddenArgument>,
}

impl ToolSnapshot {
    /// Whether a person must agree before this tool is called.
    pub fn needs_approval(&self) -> bool {
        match self.approval {
            Approval::Never => false,
            Approval::Always => true,
            Approval::WhenDestructive => self.destructive,
        }
    }

    /// What becomes of an interrupted call, with `Auto` decided (engine, "What is promised about tools").
    pub fn after_interruption(&self) -> OnInterrupted {
        match self.on_interrupted {
            OnInterrupted::Auto if self.read_only || self.idempotent => OnInterrupted::Repeat,
            OnInterrupted::Auto => OnInterrupted::Report,
            decided => decided,
        }
    }
}

/// An argument that the model does not see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HiddenArgument {
    /// The argument's name.
    pub name: String,
    /// Its value.
    pub value: HiddenValue,
}

/// The value of a hidden argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HiddenValue {
    /// A fixed JSON value.
    Fixed(Value),
    /// A secret text, read at use.
    Secret(SecretRef),
}

/// When a person is asked before a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// Never.
    #[default]
    Never,
    /// Before every call.
    Always,
    /// Before a call of a tool that may destroy something.
    WhenDestructive,
}

/// What happens to a call that was started and not finished when its process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnInterrupted {
    /// Repeat what is read-only or idempotent, report the rest.
    #[default]
    Auto,
    /// Make it again.
    Repeat,
    /// Tell the model: interrupted, outcome unknown.
    Report,
    /// A person decides.
    Ask,
}

/// What a tool is made of. The core itself performs `Agent`, `Delegate` and `Client`; the rest goes to the
/// [`ToolClient`](crate::port::ToolClient).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolKind {
    /// An HTTP request.
    Http(HttpTool),
    /// A tool of an MCP server.
    Mcp(McpTool),
    /// A skill: its instructions are told when the model opens it (progressive disclosure, S1-104, S1-105).
    Skill(SkillTool),
    /// Code in the jail.
    Function(FunctionTool),
    /// A text rendered from the arguments.
    Template(TemplateTool),
    /// A command line in the jail.
    Bash {
        /// Whether it may use the network.
        network: bool,
    },
    /// Fetches a URL under the address guard.
    Fetch,
    /// Reads a file of the workspace.
    ReadFile,
    /// Writes a file of the workspace.
    WriteFile,
    /// Searches the workspace's files.
    SearchFiles,
    /// Another agent, whose run is a child of this one; the name under which the snapshot holds it.
    Agent {
        /// The key in [`Snapshot::agents`](crate::agent::Snapshot::agents).
        agent: String,
    },
    /// An ad-hoc sub-agent (S1 group J).
    Delegate,
    /// A tool that the caller runs itself: the call is handed back and the run waits (OpenAI clients).
    Client,
    /// A closure that the embedding program registered under this name.
    Registered {
        /// The name.
        name: String,
    },
}

/// An HTTP request with `{{argument}}` placeholders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpTool {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole URL with placeholders.
    pub url: String,
    /// How the URL's host is treated; a placeholder in the host makes it `Guarded`.
    pub trust: Trust,
    /// Query parameters.
    #[serde(default)]
    pub query: Vec<NamedValue>,
    /// Headers.
    #[serde(default)]
    pub headers: Vec<NamedValue>,
    /// The body: a JSON value whose strings may hold placeholders, or a text.
    #[serde(default)]
    pub body: Option<Value>,
    /// Whether the answer is `Json` or `Text` for the model.
    #[serde(default)]
    pub response: HttpResponseForm,
    /// The host to which secrets may go: the literal host of the manifest that names them; `None` = nowhere.
    #[serde(default)]
    pub secret_host: Option<String>,
}

/// How an HTTP answer is given to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpResponseForm {
    /// JSON where it is JSON, else text.
    #[default]
    Auto,
    /// As JSON; anything else is an error result.
    Json,
    /// As text.
    Text,
}

/// One tool of an MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct McpTool {
    /// The server.
    pub server: McpServerSnapshot,
    /// The tool's name on the server.
    pub tool: String,
}

/// What is pinned of an `McpServer`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct McpServerSnapshot {
    /// The resource's name.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// The longest that a call may take, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// The largest answer accepted, in bytes.
    pub max_response_bytes: u64,
}

/// How an MCP server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum McpTransport {
    /// A child process that speaks over its standard streams.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment, beyond a minimal one.
        env: Vec<NamedValue>,
        /// Fewest processes kept.
        min_processes: u32,
        /// Most processes at one time.
        max_processes: u32,
        /// Idle processes stop after this long, in milliseconds; 0 = never.
        idle_timeout_ms: u64,
        /// Whether each session gets a process of its own.
        per_session: bool,
    },
    /// Streamable HTTP, or the older HTTP with SSE.
    Http {
        /// The endpoint.
        url: String,
        /// Headers, authorization included.
        headers: Vec<NamedValue>,
        /// The older transport (`protocol: Sse`).
        sse: bool,
        /// OAuth client credentials, where the server wants them.
        #[serde(default)]
        oauth: Option<OAuthClientCredentials>,
        /// A certificate authority (PEM), where it is not a public one.
        #[serde(default)]
        ca: Option<SecretRef>,
        /// Whether each session gets a session of its own at the server.
        #[serde(default)]
        per_session: bool,
    },
}

/// OAuth 2.0 client credentials (RFC 6749, section 4.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClientCredentials {
    /// The token endpoint.
    pub token_url: String,
    /// The client's id.
    pub client_id: ConfigValue,
    /// The client's secret.
    pub client_secret: SecretRef,
    /// Scopes asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkillTool {
    /// The skill's name.
    pub name: String,
    /// The text of SKILL.md below its front matter, where the manifest holds it; else it is read from `directory`.
    #[serde(default)]
    pub body: Option<String>,
    /// The skill's folder: the working directory of what is run for it.
    #[serde(default)]
    pub directory: Option<String>,
    /// Files given inline, laid out in a folder when the skill is opened: relative path to content.
    #[serde(default)]
    pub files: std::collections::BTreeMap<String, String>,
    /// S1's fixed workflow of the skill (`execute_skill`), where it has one.
    #[serde(default)]
    pub steps: Vec<Value>,
}

/// A function in a language that the jail runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionTool {
    /// `Python`.
    pub language: String,
    /// The source text.
    pub source: String,
    /// The function to call with the arguments; without one: `payload` in, `result` out.
    #[serde(default)]
    pub entrypoint: Option<String>,
    /// Whether it may use the network.
    #[serde(default)]
    pub network: bool,
}

/// A text rendered from the arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateTool {
    /// The template.
    pub text: String,
    /// `Placeholder`, `Jinja` or `Dollar`.
    pub engine: troupe_language::Engine,
    /// Templates that it may include, by name.
    #[serde(default)]
    pub includes: std::collections::BTreeMap<String, String>,
}

/// What came of a call. An error result is a result: the model reads it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult {
    /// The text for the model; starts with `Error: ` when `is_error`.
    pub content: String,
    /// The call failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// The result as JSON, where the tool gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
    /// Images that the tool gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Media>,
    /// The whole text, where `content` was cut to what a model may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
}

impl ToolResult {
    /// A text result.
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// An error result: `Error: ` and the message (S1-68).
    pub fn error(message: impl std::fmt::Display) -> Self {
        Self { content: format!("Error: {message}"), is_error: true, ..Self::default() }
    }
}

/// A large result that is kept as a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The blob's address.
    pub hash: crate::id::ContentHash,
    /// Its size in bytes.
    pub bytes: u64,
}

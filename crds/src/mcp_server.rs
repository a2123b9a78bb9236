//! McpServer: one MCP server, local or remote, shared by every agent of the namespace.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    GoDuration,
    cel::{self, CelRule},
    connection::{EnvironmentVariable, Header, Tls},
    pod::PodTemplate,
    reference::SecretKeyReference,
};

/// Largest answer where `maxResponseBytes` says nothing: 100 MiB, which screenshots and files reach.
pub const DEFAULT_MAX_RESPONSE_BYTES: u64 = 100 * 1024 * 1024;

/// Most tools that a status lists, so that an object stays far below etcd's limit.
pub const MAX_STATUS_TOOLS: usize = 500;

/// Longest description that a status keeps, in characters.
pub const MAX_STATUS_DESCRIPTION: usize = 256;

/// A server is local or remote.
pub const ONE_TRANSPORT: CelRule = CelRule {
    rule: "[has(self.stdio), has(self.http)].filter(x, x).size() == 1",
    message: "set exactly one of stdio and http: stdio starts a command, http is the address of a server that runs \
              already",
};

/// Credentials are of one type.
pub const ONE_AUTH: CelRule = CelRule {
    rule: "[has(self.oauthClientCredentials), has(self.bearerSecretKeyRef)].filter(x, x).size() == 1",
    message: "set exactly one of oauthClientCredentials and bearerSecretKeyRef",
};

/// A pool's bounds are in order.
pub const PROCESS_RANGE: CelRule = CelRule {
    rule: "self.min <= self.max",
    message: "processes.min must be at most processes.max: raise max or lower min",
};

/// An MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "McpServer",
    plural = "mcpservers",
    namespaced,
    category = "troupe",
    shortname = "mcp",
    status = "McpServerStatus",
    derive = "PartialEq",
    doc = "One MCP server, a command or a remote address, shared by every agent of the namespace.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Tools", type_ = "integer", json_path = ".status.toolCount"),
    printcolumn(name = "Url", type_ = "string", json_path = ".status.url"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_TRANSPORT)]
pub struct McpServerSpec {
    /// A command that speaks MCP over its standard input and output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdio: Option<StdioServer>,
    /// A server at an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpServer>,
    /// Which of the server's tools are offered, and under which names; default all, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_filter: Option<ToolFilter>,
    /// Longest time of one call; default 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Largest answer in bytes; default 104857600 (100 MiB).
    #[serde(default = "default_max_response_bytes")]
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub max_response_bytes: u64,
    /// Pods of a `stdio` server; default 1.
    #[serde(default = "one")]
    #[schemars(range(max = 100))]
    pub replicas: u32,
    /// CPU and memory of a `stdio` server's container; default: the chart's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Labels, scheduling and user of a `stdio` server's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
    /// Stops the server without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

fn default_max_response_bytes() -> u64 {
    DEFAULT_MAX_RESPONSE_BYTES
}

fn one() -> u32 {
    1
}

/// A command that speaks MCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StdioServer {
    /// Program to start, found in the image's PATH.
    #[schemars(length(min = 1, max = 4096))]
    pub command: String,
    /// Arguments of the program; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub args: Vec<String>,
    /// Environment of the program; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub env: Vec<EnvironmentVariable>,
    /// Container image in which the program runs; default: the chart's image for MCP servers; unused in folder mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
    /// Bounds of the pool of processes; default: 0 to 1, with `PerSession` 0 to 10, stopped after 5m without a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<Processes>,
    /// Whether sessions share processes: `Shared` (default), or `PerSession` for servers that keep state.
    #[serde(default)]
    pub sharing: Sharing,
}

/// Most processes where sessions have their own and nothing is said: as many Python servers of 40 MiB fit into the 512 MiB
/// that a pod may have where nothing is said.
const SESSION_PROCESSES: u32 = 10;

impl StdioServer {
    /// The bounds of the pool: as they are written, else one process for all, or some for sessions of their own.
    pub fn pool(&self) -> Processes {
        self.processes.clone().unwrap_or_else(|| {
            let max = if self.sharing == Sharing::PerSession { SESSION_PROCESSES } else { 1 };
            Processes { min: 0, max, idle_timeout: None }
        })
    }
}

/// Bounds of a pool of processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = PROCESS_RANGE)]
pub struct Processes {
    /// Processes kept running per pod; default 0.
    #[serde(default)]
    #[schemars(range(max = 256))]
    pub min: u32,
    /// Most processes per pod; default 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 256))]
    pub max: u32,
    /// Time without a call after which a process is stopped; default 5m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<GoDuration>,
}

/// Whether sessions share processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Sharing {
    /// Every session uses the same processes.
    #[default]
    Shared,
    /// Each session has a process of its own.
    PerSession,
}

/// A server at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpServer {
    /// Address of the server's endpoint, such as `https://mcp.example.com/mcp`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = cel::HTTP_URL)]
    pub url: String,
    /// Headers sent with every request; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub headers: Vec<Header>,
    /// Transport of the server: `StreamableHttp` (default) or the older `Sse`.
    #[serde(default)]
    pub protocol: McpProtocol,
    /// Credentials; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<McpAuth>,
    /// Whom to trust; default: the public certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// A transport of MCP over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum McpProtocol {
    /// One endpoint, answers as JSON or as a stream.
    #[default]
    StreamableHttp,
    /// The transport of 2024-11-05: a stream and a separate endpoint for messages.
    Sse,
}

/// Credentials of a remote server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_AUTH)]
pub struct McpAuth {
    /// A token fetched with a client id and secret, and renewed before it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_client_credentials: Option<OauthClientCredentials>,
    /// The key of a Secret that holds a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_secret_key_ref: Option<SecretKeyReference>,
}

/// The client-credentials grant of OAuth 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OauthClientCredentials {
    /// Address of the token endpoint.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = cel::HTTP_URL)]
    pub token_url: String,
    /// Client id.
    #[schemars(length(min = 1, max = 1024))]
    pub client_id: String,
    /// The key of a Secret that holds the client secret.
    pub client_secret_key_ref: SecretKeyReference,
    /// Scopes that are asked for; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub scopes: Vec<String>,
}

/// Which tools are offered. `*` in a name stands for any characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolFilter {
    /// Tools that are offered; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub include: Vec<String>,
    /// Tools that are not offered, even if included; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub exclude: Vec<String>,
    /// New names by the server's own; default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 500))]
    pub rename: BTreeMap<String, String>,
}

/// What is known about an McpServer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Available` (the workload), `SecretsResolved` and `Discovered`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Address at which the runtime reaches the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Version of MCP that was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// What the server says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_info: Option<ServerInfo>,
    /// Discovered tools, at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub tools: Vec<DiscoveredTool>,
    /// Number of tools that the server lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_count: Option<u32>,
}

/// What a server says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// Name of the implementation.
    pub name: String,
    /// Version of the implementation.
    pub version: String,
}

/// A tool that a server lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredTool {
    /// Name of the tool.
    pub name: String,
    /// Its description, cut at 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub description: String,
    /// Hash of the JSON Schema of its arguments.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_hash: String,
    /// Whether the server says that it changes nothing.
    #[serde(default)]
    pub read_only: bool,
    /// Whether the server says that it may destroy something.
    #[serde(default)]
    pub destructive: bool,
}

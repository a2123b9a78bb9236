//! One entry of an agent's tools: a Tool, tools of an McpServer, a built-in tool, or another agent.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cel::{self, CelRule},
    connection::PlainHeader,
    reference::{AgentReference, McpServerReference, ToolReference},
    tool::{Approval, Builtin, OnInterrupted},
};

/// An entry names one thing.
pub const ONE_TARGET: CelRule = CelRule {
    rule: "[has(self.tool), has(self.mcpServer), has(self.builtin), has(self.agent)].filter(x, x).size() == 1",
    message: "set exactly one of tool, mcpServer, builtin and agent: make two entries of it",
};

/// A choice of tools belongs to a server.
pub const TOOLS_NEED_SERVER: CelRule = CelRule {
    rule: "!has(self.tools) || self.tools.size() == 0 || has(self.mcpServer)",
    message: "tools is only for mcpServer: name the server, or remove tools",
};

/// What is overridden is the request of an http Tool.
pub const OVERRIDES_NEED_TOOL: CelRule = CelRule {
    rule: "!has(self.overrides) || has(self.tool)",
    message: "overrides is only for tool, and there for one of type http: remove overrides",
};

/// One entry of an agent's tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_TARGET, validation = TOOLS_NEED_SERVER, validation = OVERRIDES_NEED_TOOL)]
pub struct AgentTool {
    /// A Tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolReference>,
    /// The tools of an McpServer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server: Option<McpServerReference>,
    /// Which of the server's tools, by name; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub tools: Vec<String>,
    /// A built-in tool: `Bash`, `Fetch`, `Delegate`, `ReadFile`, `WriteFile` or `SearchFiles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<Builtin>,
    /// Another Agent, called as a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentReference>,
    /// When a person must approve a call; default: the Tool's own, else `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What happens to a call that was cut off with its process; default: the Tool's own, else `Auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_interrupted: Option<OnInterrupted>,
    /// Changes to the request of an http Tool; secrets are dropped with an overridden address; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<ToolOverrides>,
}

/// Changes to the request of an http Tool. It takes no Secrets, so that it cannot send one elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolOverrides {
    /// Address used instead of the Tool's `baseUrl`; default: the Tool's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = cel::HTTP_URL)]
    pub base_url: Option<String>,
    /// Headers that are added, or replace the Tool's of the same name; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub headers: Vec<PlainHeader>,
    /// Query parameters that are added, or replace the Tool's of the same name; default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 128))]
    pub query: BTreeMap<String, String>,
}

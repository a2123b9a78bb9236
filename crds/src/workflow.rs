//! Workflow: a graph of nodes. What a node's `config` holds is checked by `troupe-rules`, per type.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GoDuration, JsonObject, cel, connection::Retry};

pub mod config;

/// A graph of nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Workflow",
    namespaced,
    category = "troupe",
    shortname = "wf",
    status = "WorkflowStatus",
    derive = "PartialEq",
    doc = "A graph of nodes: models, agents, teams, tools, code, conditions and approvals.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Nodes", type_ = "integer", json_path = ".status.nodeCount"),
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
pub struct WorkflowSpec {
    /// JSON Schema of the input; default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<JsonObject>,
    /// The nodes; one of type `start` is optional, else those without an incoming edge are first.
    #[schemars(length(min = 1, max = 500))]
    pub nodes: Vec<Node>,
    /// The edges between nodes; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    pub edges: Vec<Edge>,
    /// Limits of one run; default: each field's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<WorkflowLimits>,
    /// Hash of the revision that is served, as `status.currentRevision` shows it; default: the newest valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_revision: Option<String>,
    /// Revisions kept beside those published or in use; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub revision_history_limit: Option<u32>,
    /// Takes the workflow out of service without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// A node of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Name of the node within the workflow: letters, digits, `_` and `-`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"))]
    pub id: String,
    /// What the node does.
    #[serde(rename = "type")]
    pub type_: NodeType,
    /// What its type needs, such as `modelRef` and `prompt` of an `llm`; default none.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub config: JsonObject,
    /// How a failed execution is repeated; default: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Longest time of one execution; default: the workflow's own `limits.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeType {
    /// Where a run begins.
    Start,
    /// Asks a model.
    Llm,
    /// Runs an agent.
    Agent,
    /// Runs a team.
    Team,
    /// Calls a tool.
    Tool,
    /// Runs code in the jail.
    Code,
    /// Chooses a route by an expression.
    IfElse,
    /// The same as `if-else`.
    Condition,
    /// Writes values into the run's state.
    Assigner,
    /// Finds documents by words.
    KnowledgeRetrieval,
    /// The same as `knowledge-retrieval`.
    Retriever,
    /// Renders a text or a JSON value.
    TemplateTransform,
    /// Renders the run's answer.
    Answer,
    /// Runs nodes once for each item of a list.
    Iteration,
    /// Waits for a person.
    Approval,
    /// Runs another workflow.
    Workflow,
}

impl fmt::Display for NodeType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

impl NodeType {
    /// The same type without aliases.
    #[must_use]
    pub const fn canonical(self) -> Self {
        match self {
            Self::Condition => Self::IfElse,
            Self::Retriever => Self::KnowledgeRetrieval,
            other => other,
        }
    }
}

/// An edge of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Id of the node that it leaves.
    #[schemars(length(min = 1, max = 63))]
    pub source: String,
    /// Id of the node that it enters.
    #[schemars(length(min = 1, max = 63))]
    pub target: String,
    /// Route of the source node that takes this edge, compared as text, such as "true"; default: every route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub condition: Option<String>,
}

/// Limits of one run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowLimits {
    /// Executions of nodes in all; default 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_steps: Option<u32>,
    /// Nodes that run at the same moment; default 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 128))]
    pub max_concurrent: Option<u32>,
    /// Running time, without waiting and downtime; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
}

/// What is known about a Workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowStatus {
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
    /// Address at which runs of the workflow are started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Number of nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_count: Option<u32>,
}

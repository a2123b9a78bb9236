//! Team: several agents with one objective.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    agent::{AgentTool, Limits, Memory},
    cel::{self, CelRule},
    reference::{AgentReference, ModelReference, TeamReference},
};

/// A member is an agent or a team.
pub const ONE_MEMBER: CelRule = CelRule {
    rule: "[has(self.agentRef), has(self.teamRef)].filter(x, x).size() == 1",
    message: "set exactly one of agentRef and teamRef: make two members of it",
};

/// Members are told apart by name.
pub const MEMBER_NAMES: CelRule = CelRule {
    rule: "self.members.all(m, self.members.exists_one(n, n.name == m.name))",
    message: "members[].name must be unique within the team: rename one of the two",
};

/// A supervised team has a supervisor.
pub const SUPERVISOR_NEEDED: CelRule = CelRule {
    rule: "self.strategy != 'Supervisor' || has(self.supervisor)",
    message: "strategy Supervisor needs supervisor: set it to the name of the member that leads, or choose another \
              strategy",
};

/// The supervisor is one of the members.
pub const SUPERVISOR_IS_MEMBER: CelRule = CelRule {
    rule: "!has(self.supervisor) || self.members.exists(m, m.name == self.supervisor)",
    message: "supervisor must be the name of a member: set it to one of members[].name",
};

/// Answers are joined in one way.
pub const ONE_AGGREGATION: CelRule = CelRule {
    rule: "[has(self.template), has(self.modelRef)].filter(x, x).size() == 1",
    message: "set exactly one of template and modelRef",
};

/// Several agents with one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Team",
    namespaced,
    category = "troupe",
    shortname = "tm",
    status = "TeamStatus",
    derive = "PartialEq",
    doc = "Several agents with one objective and one way of working together.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Strategy", type_ = "string", json_path = ".spec.strategy"),
    printcolumn(name = "Members", type_ = "string", json_path = ".spec.members[*].name", priority = 1),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = MEMBER_NAMES, validation = SUPERVISOR_NEEDED, validation = SUPERVISOR_IS_MEMBER)]
pub struct TeamSpec {
    /// What the team is after, told to every member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub objective: Option<String>,
    /// How the members work together: `Supervisor`, `Planner`, `Sequential`, `Parallel`, `RoundRobin` or `Selector`.
    pub strategy: Strategy,
    /// The members, in the order in which `Sequential` and `RoundRobin` ask them.
    #[schemars(length(min = 1, max = 32))]
    pub members: Vec<TeamMember>,
    /// Name of the member that leads; needed by strategy `Supervisor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub supervisor: Option<String>,
    /// The Model that plans, selects and aggregates; default: the Runtime's `defaults.modelRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelReference>,
    /// How the answers of strategy `Parallel` become one; default: one after the other, under the members' names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Aggregation>,
    /// Rounds after which the team ends; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_rounds: Option<u32>,
    /// Text in an answer that ends the team's work; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub termination_phrase: Option<String>,
    /// Limits of one run of the whole team; default: the Runtime's `defaults.limits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// What the team remembers between sessions; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Tools that every member has beside its own; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub tools: Vec<AgentTool>,
    /// Hash of the revision that is served, as `status.currentRevision` shows it; default: the newest valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_revision: Option<String>,
    /// Revisions kept beside those published or in use; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub revision_history_limit: Option<u32>,
    /// Takes the team out of service without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// How members work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Strategy {
    /// One member hands tasks to the others.
    Supervisor,
    /// A model plans tasks, members work them off.
    Planner,
    /// Each member continues the answer of the one before it.
    Sequential,
    /// All members answer, their answers become one.
    Parallel,
    /// Members speak in turn.
    RoundRobin,
    /// A model chooses who speaks next.
    Selector,
}

/// A member of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_MEMBER)]
pub struct TeamMember {
    /// Name of the member within the team.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// The Agent that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_ref: Option<AgentReference>,
    /// The Team that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_ref: Option<TeamReference>,
    /// Who the member is within the team; default: the Agent's own role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub role: Option<String>,
    /// What the member answers for; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub responsibility: Option<String>,
}

/// How several answers become one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_AGGREGATION)]
pub struct Aggregation {
    /// A text with the members' answers as `{{name}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub template: Option<String>,
    /// The Model that writes one answer from all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelReference>,
}

/// What is known about a Team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamStatus {
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
    /// Address at which runs of the team are started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

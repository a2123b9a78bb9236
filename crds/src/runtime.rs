//! Runtime: the one small shared runtime of a namespace.

use k8s_openapi::{
    api::core::v1::{LocalObjectReference, ResourceRequirements},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    agent::{AgentTool, Context, Limits},
    connection::EnvironmentVariable,
    pod::PodTemplate,
    reference::ModelReference,
};

pub mod rule;
pub mod storage;
pub mod surroundings;

pub use storage::{AccessMode, History, Postgres, Queue, Sqlite, Storage, Workspace};
pub use surroundings::{Auth, CaBundle, Egress, EgressPort, EgressRule, Proxy, Sandbox, TransportProtocol};

/// The only name that a Runtime may have.
pub const RUNTIME_NAME: &str = "default";

/// The start of the names of the Secrets that a runtime may write: keys that it is given over the HTTP API.
pub const KEY_SECRETS: &str = "troupe-key-";

/// The Secret in which a runtime keeps the variables of `/v1/env`: no resource names it, and every runtime reads it.
pub const VARIABLES_SECRET: &str = "troupe-key-env";

/// The runtime of a namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Runtime",
    namespaced,
    category = "troupe",
    shortname = "rt",
    status = "RuntimeStatus",
    derive = "PartialEq",
    doc = "The one small shared runtime of a namespace; it is created with an empty spec when the namespace holds its \
           first Agent, Team or Workflow.",
    validation = rule::SINGLETON,
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".status.readyReplicas"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Url", type_ = "string", json_path = ".status.url", priority = 1),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rule::REPLICAS_NEED_POSTGRES,
    validation = rule::REPLICAS_NEED_SHARED_WORKSPACE,
    validation = rule::NO_RUN_AS_USER
)]
pub struct RuntimeSpec {
    /// Pods; more than one needs `storage.postgres`; default 1.
    #[serde(default = "one")]
    #[schemars(range(max = 100))]
    pub replicas: u32,
    /// Container image; default: the operator's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
    /// Secrets with registry credentials; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Proxy for requests that leave the cluster; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Certificate authorities to trust beside the public ones; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// CPU and memory of the container; default: the chart's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Where runs, sessions and memories are kept; default: SQLite on a volume of 5Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Volume for the files of agents; default none: files are gone with the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// The sidecar in which `bash` and functions run; default: beside the runtime, without network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// Bounds of waiting and running runs; default: each field's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// How long finished work is kept; default: each field's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// Who may call; default: tokens of the cluster for the audience `troupe:<namespace>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Where pods of the namespace may connect to; default: everywhere but metadata addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
    /// Environment of the runtime; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub env: Vec<EnvironmentVariable>,
    /// What Agents and Teams use where they say nothing; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Defaults>,
    /// Labels and scheduling of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
    /// Whether volumes and keys outlive this object; default true.
    #[serde(default = "yes")]
    pub retain: bool,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Default for RuntimeSpec {
    /// The spec that an empty document means.
    fn default() -> Self {
        Self {
            replicas: one(),
            image: None,
            image_pull_secrets: Vec::new(),
            proxy: None,
            ca_bundle: None,
            resources: None,
            storage: None,
            workspace: None,
            sandbox: None,
            queue: None,
            history: None,
            auth: None,
            egress: None,
            env: Vec::new(),
            defaults: None,
            pod_template: None,
            retain: yes(),
        }
    }
}

/// What Agents and Teams use where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// The Model of an Agent or Team that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelReference>,
    /// The Model that summarises and gives titles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_model_ref: Option<ModelReference>,
    /// How long sessions are kept within the context window, field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// Limits of one run, field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Tools of an Agent that names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub tools: Vec<AgentTool>,
}

/// What is known about a Runtime.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Available` and `Progressing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Address of the runtime within the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Pods that exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Pods that are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<u32>,
    /// Label selector of the pods, for autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Version of the runtime that is serving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

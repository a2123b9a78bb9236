//! PromptTemplate: a text with named gaps.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Json, cel};

/// A text with named gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "PromptTemplate",
    plural = "prompttemplates",
    namespaced,
    category = "troupe",
    shortname = "pt",
    status = "PromptTemplateStatus",
    derive = "PartialEq",
    doc = "A text with named gaps, used as a prompt, a message or a tool.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Engine", type_ = "string", json_path = ".spec.engine"),
    printcolumn(name = "Placeholders", type_ = "string", json_path = ".status.placeholders"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PromptTemplateSpec {
    /// The text itself.
    #[schemars(length(max = 1_048_576))]
    pub content: String,
    /// Declared variables; default none, and every gap is optional.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub variables: Vec<Variable>,
    /// Language of the text: `Placeholder` (`{{name}}` only, default) or `Jinja` (conditions, loops, includes).
    #[serde(default)]
    pub engine: PromptEngine,
    /// Hash of the revision that is served, as `status.currentRevision` shows it; default: the newest valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_revision: Option<String>,
    /// Revisions kept beside those published or in use; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub revision_history_limit: Option<u32>,
    /// Takes the template out of service without deleting it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// A declared variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Name of the gap.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// What to fill in, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// Whether a caller must give it; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Value where the caller gives none, any JSON; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// The only values that are accepted; default any.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub enum_: Vec<String>,
}

/// The language of a PromptTemplate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PromptEngine {
    /// `{{name}}` only.
    #[default]
    Placeholder,
    /// Conditions, loops, includes of other PromptTemplates.
    Jinja,
}

/// What is known about a PromptTemplate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptTemplateStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `RevisionResolved` and `VariablesMatch` (a warning: undeclared or unused names).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Names of the gaps that were found, at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub placeholders: Vec<String>,
    /// Hash of the newest valid spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// Hash of the revision that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_revision: Option<String>,
}

//! The `skill` type of a Tool: SKILL.md with front matter, its files, and optional fixed steps.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    JsonObject,
    cel::CelRule,
    reference::{ConfigMapReference, ModelReference, PromptTemplateReference, ToolReference},
};

/// A skill's files come from one place.
pub const ONE_SOURCE: CelRule = CelRule {
    rule: "[has(self.inline), has(self.configMapRef), has(self.path)].filter(x, x).size() == 1",
    message: "set exactly one of inline, configMapRef and path",
};

/// A step does one thing.
pub const ONE_STEP: CelRule = CelRule {
    rule: "[has(self.tool), has(self.inference)].filter(x, x).size() == 1",
    message: "set exactly one of tool and inference: make two steps of it",
};

/// The prompt of a step comes from one place.
pub const ONE_PROMPT: CelRule = CelRule {
    rule: "[has(self.prompt), has(self.templateRef)].filter(x, x).size() == 1",
    message: "set exactly one of prompt and templateRef",
};

/// A skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkillTool {
    /// Where its files are; one of them is `SKILL.md`, with `name` and `description` in its front matter.
    pub source: SkillSource,
    /// Fixed steps, for running the skill without a model choosing; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub steps: Vec<SkillStep>,
}

/// Where a skill's files are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_SOURCE)]
pub struct SkillSource {
    /// The files themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<InlineFiles>,
    /// A ConfigMap whose keys are the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<ConfigMapReference>,
    /// A folder of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub path: Option<String>,
}

/// Files written into the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InlineFiles {
    /// Contents by relative path, such as `SKILL.md` or `scripts/run.py`.
    #[schemars(extend("maxProperties" = 256))]
    pub files: BTreeMap<String, String>,
}

/// A fixed step of a skill; the result of the one before it is `prev_result`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_STEP)]
pub struct SkillStep {
    /// Calls a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolStep>,
    /// Asks a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inference: Option<InferenceStep>,
}

/// A step that calls a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolStep {
    /// The Tool that is called.
    pub tool_ref: ToolReference,
    /// Arguments of the call; texts may hold `{{prev_result}}` and the skill's own arguments; default none.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub arguments: JsonObject,
}

/// A step that asks a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_PROMPT)]
pub struct InferenceStep {
    /// The Model that is asked; default: the calling agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelReference>,
    /// The prompt, with `{{prev_result}}` and the skill's own arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub prompt: Option<String>,
    /// A PromptTemplate instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<PromptTemplateReference>,
}

//! The `function` type of a Tool: code that is defined and loaded at run time, and runs in the jail.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{cel::CelRule, reference::ConfigMapKeyReference};

/// A function's code comes from one place.
pub const ONE_SOURCE: CelRule = CelRule {
    rule: "[has(self.source), has(self.path), has(self.configMapKeyRef)].filter(x, x).size() == 1",
    message: "set exactly one of source, path and configMapKeyRef",
};

/// A function of a programming language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_SOURCE)]
pub struct FunctionTool {
    /// Language of the code; default `Python`, the only one.
    #[serde(default)]
    pub language: Language,
    /// The code itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 262_144))]
    pub source: Option<String>,
    /// A file of the workspace, read when the tool is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub path: Option<String>,
    /// The key of a ConfigMap that holds the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<ConfigMapKeyReference>,
    /// Function called with the arguments by name, whose return is the result; default none: the code finds them in
    /// `payload` and sets `result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub entrypoint: Option<String>,
    /// Whether the code may use the network: `Denied` (default) or `Allowed`.
    #[serde(default)]
    pub network: Network,
}

/// A programming language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// Python 3.
    #[default]
    Python,
}

/// Whether jailed code may use the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Network {
    /// No sockets at all.
    #[default]
    Denied,
    /// Public addresses, from a workload of its own.
    Allowed,
}

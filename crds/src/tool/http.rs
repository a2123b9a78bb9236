//! The `http` type of a Tool: one request, with placeholders for arguments.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Json, cel::CelRule, connection::Header};

/// The address is whole, or a base that an Agent can override.
pub const ONE_ADDRESS: CelRule = CelRule {
    rule: "[has(self.url), has(self.baseUrl)].filter(x, x).size() == 1",
    message: "set exactly one of url and baseUrl: url is the whole address, baseUrl one that path is added to and that \
              an Agent may override",
};

/// A path alone goes nowhere.
pub const PATH_NEEDS_BASE: CelRule = CelRule {
    rule: "!has(self.path) || has(self.baseUrl)",
    message: "path needs baseUrl: replace url by baseUrl, or write the path into url",
};

/// One HTTP request; `{{argument}}` is replaced in the address, query, headers and body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_ADDRESS, validation = PATH_NEEDS_BASE)]
pub struct HttpTool {
    /// Method of the request; default GET.
    #[serde(default)]
    pub method: HttpMethod,
    /// Whole address; a host taken from an argument must be public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub url: Option<String>,
    /// Address that `path` is added to, and that an Agent may override.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub base_url: Option<String>,
    /// Path added to `baseUrl`; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub path: Option<String>,
    /// Query parameters by name; default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 128))]
    pub query: BTreeMap<String, String>,
    /// Headers of the request; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub headers: Vec<Header>,
    /// Body of the request: text is sent as it is, any other JSON as JSON; default none, and for POST, PUT and PATCH
    /// all arguments as a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// How the answer is read: `Auto` (default, by its content type), `Json` or `Text`.
    #[serde(default)]
    pub response: ResponseFormat,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Reads.
    #[default]
    Get,
    /// Reads the headers only.
    Head,
    /// Creates or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
    /// Asks what is possible.
    Options,
}

/// How an answer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ResponseFormat {
    /// By its content type.
    #[default]
    Auto,
    /// As JSON; anything else is an error result.
    Json,
    /// As text.
    Text,
}

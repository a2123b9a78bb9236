//! Model: a language model behind a provider's API, in that provider's own wire format.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Decimal, GoDuration, JsonObject, cel,
    connection::{Header, Retry, Tls},
    reference::{ModelReference, SecretSource},
};

/// A model behind a provider's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "troupe.dev",
    version = "v1alpha1",
    kind = "Model",
    namespaced,
    category = "troupe",
    shortname = "mdl",
    status = "ModelStatus",
    derive = "PartialEq",
    doc = "A model behind a provider's API, spoken to in that provider's own wire format.",
    validation = cel::NAME_LENGTH,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Protocol", type_ = "string", json_path = ".spec.protocol"),
    printcolumn(name = "Model", type_ = "string", json_path = ".spec.model"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ModelSpec {
    /// Wire format of the endpoint: `OpenAI` (chat completions), `OpenAIResponses`, `Anthropic` or `Ollama`.
    pub protocol: Protocol,
    /// Endpoint with its version path, such as `https://api.openai.com/v1`.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = cel::HTTP_URL)]
    pub base_url: String,
    /// The provider's name of the model.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// Credential of the endpoint; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretSource>,
    /// Headers sent with every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub headers: Vec<Header>,
    /// Whom to trust; default: the public certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What the model takes: `LLM` (default) takes text, `VLM` images and audio too.
    #[serde(default)]
    pub kind: ModelKind,
    /// Parameters as the protocol sends them, such as `temperature`, `top_p`, `think` or `max_tokens`; default none.
    #[serde(default, skip_serializing_if = "JsonObject::is_empty")]
    pub parameters: JsonObject,
    /// Longest time of one request, its whole stream included; default 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Longest wait for the first token; default 2m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_timeout: Option<GoDuration>,
    /// How 429, 5xx and connection errors before the first token are retried; default 3 attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Rates that the namespace's runtime keeps towards this model; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ModelLimits>,
    /// Other Models, tried in order when this one fails before its first token; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub fallbacks: Vec<ModelReference>,
    /// Size of the context window in tokens, for compaction; default unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub context_window: Option<u64>,
    /// Prices for the accounting of cost; default unknown, and nothing is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
}

/// A provider's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Protocol {
    /// OpenAI chat completions.
    OpenAI,
    /// OpenAI responses.
    OpenAIResponses,
    /// Anthropic messages.
    Anthropic,
    /// Ollama's native chat.
    Ollama,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ModelKind {
    /// Text.
    #[default]
    #[serde(rename = "LLM")]
    Llm,
    /// Text, images and audio.
    #[serde(rename = "VLM")]
    Vlm,
}

/// Rates kept towards a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelLimits {
    /// Requests per minute; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, input and output together; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
    /// Requests at the same moment; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_concurrent: Option<u32>,
}

/// Prices of a million tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pricing {
    /// Price of a million input tokens, as a decimal in quotes; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_per_million: Option<Decimal>,
    /// Price of a million input tokens that the provider had cached; default `inputPerMillion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_per_million: Option<Decimal>,
    /// Price of a million tokens written to the provider's cache; default `inputPerMillion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_per_million: Option<Decimal>,
    /// Price of a million output tokens; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_per_million: Option<Decimal>,
    /// Currency of the prices as an ISO 4217 code; default USD.
    #[serde(default = "us_dollar")]
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
}

fn us_dollar() -> String {
    "USD".to_owned()
}

/// What is known about a Model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `SecretsResolved` and `Reachable` (seen from traffic and a free list of models, never a paid call).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

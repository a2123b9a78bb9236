//! Models: what is pinned of one, what is asked of it, what it streams back, what it costs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::Message;
use crate::tool::ToolSpec;

/// The wire format of a model's endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Protocol {
    /// OpenAI chat completions.
    OpenAI,
    /// OpenAI responses.
    OpenAIResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Ollama `/api/chat`.
    Ollama,
}

/// Where a secret value is found when it is needed. The value itself is never part of a snapshot, a journal or a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretRef {
    /// Key `key` of the Secret `name` of the namespace.
    Key {
        /// The Secret's name.
        name: String,
        /// The key in it.
        key: String,
    },
    /// A value that came inline with a request and lives only in this process's memory, under this id.
    Inline(String),
}

/// A header or variable: its name, and its value in clear or by reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: ConfigValue,
}

/// A configured value in clear, or a reference to a secret one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConfigValue {
    /// The value itself.
    Plain(String),
    /// A secret, read at use.
    Secret(SecretRef),
}

/// How an address is to be treated (design: security, "Addresses").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// Written literally in a manifest: may be private.
    Literal,
    /// Came with a request or from a model: must be public.
    #[default]
    Guarded,
}

/// What a run pins of one Model: everything that a call needs but the secrets' values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSnapshot {
    /// The resource's name, or the id given with an inline model.
    pub name: String,
    /// The id by which S1's clients know it.
    pub id: String,
    /// The wire format.
    pub protocol: Protocol,
    /// The endpoint including its version path, without a trailing slash.
    pub base_url: String,
    /// How `base_url` is treated.
    pub trust: Trust,
    /// The provider's name of the model.
    pub model: String,
    /// The key, where the endpoint wants one.
    pub api_key: Option<SecretRef>,
    /// Headers sent with every call.
    #[serde(default)]
    pub headers: Vec<NamedValue>,
    /// The certificate authority (PEM) of the endpoint, where it is not a public one.
    #[serde(default)]
    pub ca: Option<SecretRef>,
    /// Whether images and audio are accepted (`kind: VLM`).
    #[serde(default)]
    pub multimodal: bool,
    /// Free-form parameters, sent as the protocol sends them.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The longest that a whole answer may take, in milliseconds; `None` = no limit but the run's.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// The longest wait for the first token, in milliseconds.
    #[serde(default)]
    pub first_token_timeout_ms: Option<u64>,
    /// How often a call is made in all when it fails before its first token.
    pub max_attempts: u32,
    /// The pause before the second attempt, in milliseconds; doubled for each further one.
    pub initial_backoff_ms: u64,
    /// Limits of this runtime towards the model.
    #[serde(default)]
    pub limits: ModelLimits,
    /// The number of tokens that the model can read, where known.
    #[serde(default)]
    pub context_window: Option<u64>,
    /// Prices, where known.
    #[serde(default)]
    pub pricing: Option<Pricing>,
}

/// Limits that one runtime keeps towards one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelLimits {
    /// Calls per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens (in and out) per minute.
    pub tokens_per_minute: Option<u32>,
    /// Calls at one time.
    pub max_concurrent: Option<u32>,
}

/// Prices in integer micro-units of `currency` per million tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pricing {
    /// Of a million input tokens.
    pub input: i64,
    /// Of a million input tokens read from the provider's cache.
    pub cached_input: i64,
    /// Of a million input tokens written to the provider's cache.
    pub cache_write: i64,
    /// Of a million output tokens.
    pub output: i64,
    /// ISO 4217 code, such as `USD`.
    pub currency: String,
}

impl Pricing {
    /// What `usage` costs, in micro-units of the currency, rounded down.
    pub fn cost(&self, usage: &Usage) -> i64 {
        let part = |tokens: u64, price: i64| i128::from(tokens) * i128::from(price);
        let plain = usage.input_tokens.saturating_sub(usage.cached_tokens + usage.cache_write_tokens);
        let sum = part(plain, self.input)
            + part(usage.cached_tokens, self.cached_input)
            + part(usage.cache_write_tokens, self.cache_write)
            + part(usage.output_tokens, self.output);
        i64::try_from(sum / 1_000_000).unwrap_or(i64::MAX)
    }
}

/// Tokens of one model call. `input_tokens` includes cached and cache-written ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens read, in all.
    pub input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Of the tokens read: from the provider's cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Of the tokens read: written to the provider's cache.
    #[serde(default)]
    pub cache_write_tokens: u64,
    /// Of the tokens written: reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
    /// The provider did not tell (a stream broke, or it never does): counted as a quarter of the characters.
    #[serde(default)]
    pub estimated: bool,
}

impl Usage {
    /// Adds another call's tokens.
    pub fn add(&mut self, other: &Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.estimated |= other.estimated;
    }

    /// Tokens read and written.
    pub fn total(&self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

/// One call of a model.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// The model.
    pub model: std::sync::Arc<ModelSnapshot>,
    /// The conversation, system messages first.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: std::sync::Arc<[ToolSpec]>,
    /// The model's parameters with the agent's and the request's merged over them.
    pub parameters: Map<String, Value>,
    /// A JSON Schema that the answer must satisfy, for protocols that can ask for it.
    pub output_schema: Option<Value>,
    /// Which tool the model must call, in OpenAI's form (`"auto"`, `"none"`, `"required"`, or an object).
    pub tool_choice: Option<Value>,
    /// The id that is sent on as `x-request-id`.
    pub request_id: Option<String>,
}

/// One piece of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// The next piece of the text.
    Content(String),
    /// The next piece of the reasoning.
    Thinking(String),
    /// The provider's proof of its reasoning so far.
    ThinkingSignature(String),
    /// The next piece of a tool call.
    ToolCall(ToolCallDelta),
    /// Tokens; the last one counts.
    Usage(Usage),
    /// Why the model stopped. The stream ends after it, but for a late [`ModelEvent::Usage`].
    Finished(FinishReason),
}

/// A piece of a tool call; pieces of one `index` are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// The call's place in the message, from 0.
    pub index: usize,
    /// The provider's id, in the first piece where the provider gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's name, in the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The next piece of the arguments' JSON text.
    #[serde(default)]
    pub arguments: String,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It wants tools called.
    ToolCalls,
    /// It reached its token limit.
    Length,
    /// The provider's filter stopped it.
    ContentFilter,
}

/// A model call that failed. `message` tells a person what happened and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// S1's code: the HTTP status as text, `CONNECTION_ERROR`, `REQUEST_ERROR`, `PARSE_ERROR`, `EMPTY_RESPONSE`,
    /// `PROTOCOL_NOT_FOUND`; ours: `TIMEOUT`, `CREDENTIAL_LOST`, `RATE_LIMITED`.
    pub code: String,
    /// What happened, in a sentence that names the model.
    pub message: String,
    /// Whether asking again can help (429, 5xx, connection errors, time-outs).
    pub retryable: bool,
    /// What the provider asked us to wait, in milliseconds.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

//! OpenAI's chat completion request, and what of it cannot be served.

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::service::message::MessageInput;

/// A chat completion request. Fields that are not listed are ignored for agents and sent on to models of OpenAI's
/// protocol, because its clients grow.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct ChatInput {
    /// `agent/NAME`, or a model's name or id.
    pub model: String,
    /// The conversation; only what is new in it, where `session_id` names an existing session.
    pub messages: Vec<MessageInput>,
    /// Answer with server-sent events.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How to stream.
    #[serde(default)]
    pub stream_options: Option<StreamOptions>,
    /// Tools that the caller runs itself.
    #[serde(default)]
    pub tools: Option<Vec<ToolInput>>,
    /// `auto`, `none`, `required`, or the tool that must be called.
    #[serde(default)]
    #[schema(value_type = Value, required = false)]
    pub tool_choice: Option<Value>,
    /// Whether several calls may be asked for at once.
    #[serde(default)]
    pub parallel_tool_calls: Option<bool>,
    /// `text`, `json_object`, or a `json_schema` that the answer must satisfy.
    #[serde(default)]
    pub response_format: Option<ResponseFormat>,
    /// Randomness.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub temperature: Option<Number>,
    /// Nucleus sampling.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub top_p: Option<Number>,
    /// The most tokens of one answer of the model.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// The same under its newer name.
    #[serde(default)]
    pub max_completion_tokens: Option<u64>,
    /// One text, or several, at which the model stops.
    #[serde(default)]
    pub stop: Option<Stop>,
    /// For answers that repeat.
    #[serde(default)]
    pub seed: Option<i64>,
    /// From -2 to 2.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub frequency_penalty: Option<Number>,
    /// From -2 to 2.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub presence_penalty: Option<Number>,
    /// By token: how it is favoured.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub logit_bias: Option<Map<String, Value>>,
    /// How hard a reasoning model thinks.
    #[serde(default)]
    pub reasoning_effort: Option<String>,
    /// Who asks, for the provider.
    #[serde(default)]
    pub user: Option<String>,
    /// Only 1.
    #[serde(default)]
    pub n: Option<u32>,
    /// Only false.
    #[serde(default)]
    pub logprobs: Option<bool>,
    /// `new`, or an existing session (ours; also as the header `X-Session-Id`).
    #[serde(default)]
    pub session_id: Option<String>,
    /// Abort the session's running run first (ours).
    #[serde(default)]
    pub interrupt: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    #[schema(ignore)]
    pub rest: Map<String, Value>,
}

/// How an answer is streamed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct StreamOptions {
    /// Whether a last chunk brings the usage.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// A tool that the caller runs itself.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ChatTool)]
pub struct ToolInput {
    /// `function`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The function.
    #[serde(default)]
    pub function: Option<FunctionInput>,
}

/// What a tool of the caller is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct FunctionInput {
    /// `[A-Za-z0-9_-]{1,64}`.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Map<String, Value>>,
}

/// The form of the answer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ResponseFormat {
    /// `text`, `json_object` or `json_schema`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The schema, for `json_schema`.
    #[serde(default)]
    pub json_schema: Option<JsonSchemaInput>,
}

/// A schema that the answer must satisfy.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct JsonSchemaInput {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The JSON Schema.
    #[schema(value_type = Object)]
    pub schema: Map<String, Value>,
    /// Whether the provider is to force it, where it can.
    #[serde(default)]
    pub strict: Option<bool>,
}

/// Where the model stops.
#[derive(Clone, Debug, ToSchema)]
#[serde(untagged)]
pub enum Stop {
    /// At one text.
    One(String),
    /// At any of several.
    Several(Vec<String>),
}

/// Read in one pass, so that an error names the text in the list that it is in.
impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StopVisitor)
    }
}

struct StopVisitor;

impl<'de> Visitor<'de> for StopVisitor {
    type Value = Stop;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Stop, E> {
        Ok(Stop::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Stop, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Stop::Several)
    }
}

impl Stop {
    /// As a list.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Several(texts) => texts.clone(),
        }
    }
}

/// A 400 that names the field.
pub fn wrong(field: &str, problem: &str) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
}

impl ChatInput {
    /// Refuses what cannot be served, rather than to leave it out in silence.
    pub fn check(&self) -> Result<(), Problem> {
        if self.model.is_empty() {
            return Err(Problem::missing_field("model").with("field", "model"));
        }
        if self.messages.is_empty() {
            return Err(Problem::missing_field("messages").with("field", "messages"));
        }
        if self.n.is_some_and(|count| count != 1) {
            return Err(wrong("n", "one answer is given to one request; send it several times"));
        }
        if self.logprobs == Some(true) || self.given("top_logprobs") {
            return Err(wrong("logprobs", "probabilities of tokens are not kept; leave it out"));
        }
        if self.given("functions") || self.given("function_call") {
            return Err(wrong("functions", "the older form is not served; use tools and tool_choice"));
        }
        let speaks = self.rest.get("modalities").and_then(Value::as_array);
        if self.given("audio") || speaks.is_some_and(|kinds| kinds.iter().any(|kind| kind == "audio")) {
            return Err(wrong("audio", "answers are texts; leave audio and its modality out"));
        }
        if self.given("web_search_options") {
            return Err(wrong(
                "web_search_options",
                "a provider's search cannot be shown; give an agent a tool instead",
            ));
        }
        if self.max_tokens == Some(0) || self.max_completion_tokens == Some(0) {
            return Err(wrong("max_tokens", "it must be at least 1"));
        }
        self.check_choice()?;
        self.tools.iter().flatten().enumerate().try_for_each(|(index, tool)| check_tool(index, tool))
    }

    fn given(&self, name: &str) -> bool {
        self.rest.get(name).is_some_and(|value| !value.is_null())
    }

    fn check_choice(&self) -> Result<(), Problem> {
        let Some(choice) = &self.tool_choice else { return Ok(()) };
        let named = choice.pointer("/function/name").and_then(Value::as_str);
        match (choice.as_str(), named) {
            (Some("auto" | "none" | "required"), _) | (_, Some(_)) => Ok(()),
            _ if choice.is_null() => Ok(()),
            _ => Err(wrong(
                "tool_choice",
                "use auto, none, required, or {\"type\": \"function\", \"function\": {\"name\": …}}",
            )),
        }
    }
}

fn check_tool(index: usize, tool: &ToolInput) -> Result<(), Problem> {
    if tool.kind != "function" {
        return Err(wrong(&format!("tools[{index}].type"), "only function is served"));
    }
    let field = format!("tools[{index}].function");
    let Some(function) = &tool.function else {
        return Err(Problem::missing_field(&field).with("field", field));
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if function.name.is_empty() || function.name.len() > 64 || !function.name.bytes().all(plain) {
        return Err(wrong(&format!("{field}.name"), "use 1 to 64 letters, digits, _ and -"));
    }
    Ok(())
}

//! Writes Anthropic Messages requests (S1-47).

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use troupe_core::message::{Media, Message, Role};
use troupe_core::model::ModelRequest;
use troupe_core::tool::ToolSpec;

use crate::anthropic::signature::{self, Thought};
use crate::body::{Tools, arguments, demanded_tool, parameters, schema};

/// The field is required; this is what every model can write.
const MAX_TOKENS: u64 = 4096;

/// The fields that are written here, so that no parameter writes them a second time.
const OURS: [&str; 9] = [
    "model",
    "messages",
    "system",
    "stream",
    "tools",
    "tool_choice",
    "max_tokens",
    "max_completion_tokens",
    "parallel_tool_calls",
];

/// A request's body.
pub(crate) struct Body<'a>(pub(crate) &'a ModelRequest);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &request.model.model)?;
        map.serialize_entry("max_tokens", &max_tokens(&request.parameters))?;
        let system = system(&request.messages);
        if !system.is_empty() {
            map.serialize_entry("system", &system)?;
        } else if let Some(system) = request.parameters.get("system") {
            map.serialize_entry("system", system)?;
        }
        map.serialize_entry("messages", &turns(&request.messages))?;
        map.serialize_entry("stream", &true)?;
        let tools = Tools::of(request, ToolWire::of);
        if !tools.is_empty() {
            map.serialize_entry("tools", &tools)?;
            if let Some(choice) = tool_choice(request) {
                map.serialize_entry("tool_choice", &choice)?;
            }
        }
        let mut ours = OURS.to_vec();
        if !may_think(request) {
            ours.push("thinking");
        }
        parameters(&mut map, &request.parameters, &ours)?;
        map.end()
    }
}

/// `max_tokens`, also under `OpenAI`'s name; by default enough for the thinking and an answer after it.
fn max_tokens(parameters: &Map<String, Value>) -> Value {
    let given = |name: &str| parameters.get(name).filter(|value| !value.is_null()).cloned();
    let budget = || parameters.get("thinking").and_then(|thinking| thinking["budget_tokens"].as_u64());
    given("max_tokens")
        .or_else(|| given("max_completion_tokens"))
        .unwrap_or_else(|| (MAX_TOKENS + budget().unwrap_or(0)).into())
}

/// All system messages, wherever they stand, with blank lines between.
fn system(messages: &[Message]) -> String {
    let texts = messages.iter().filter(|message| message.role == Role::System).map(|message| message.content.as_str());
    texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Thinking is refused in the middle of a turn whose calls were made without it (by a model that this one stands in for).
fn may_think(request: &ModelRequest) -> bool {
    let mut messages = request.messages.iter().rev().skip_while(|message| message.role == Role::Tool);
    let open = request.messages.last().is_some_and(|message| message.role == Role::Tool);
    !open || messages.next().is_none_or(|message| message.tool_calls.is_empty() || message.thinking_signature.is_some())
}

/// The choice in Anthropic's words; OpenAI's `parallel_tool_calls` belongs to it.
fn tool_choice(request: &ModelRequest) -> Option<Value> {
    let parallel = request.parameters.get("parallel_tool_calls").and_then(Value::as_bool);
    let choice = request.tool_choice.as_ref().or_else(|| request.parameters.get("tool_choice"));
    let mut choice = match choice {
        None | Some(Value::Null) if parallel == Some(false) => json!({"type": "auto"}),
        None | Some(Value::Null) => return None,
        Some(Value::String(word)) if word == "required" => json!({"type": "any"}),
        Some(Value::String(word)) => json!({"type": word}),
        Some(choice) if choice["function"].is_object() => json!({"type": "tool", "name": demanded_tool(choice)}),
        Some(choice) => choice.clone(),
    };
    if parallel == Some(false) && choice["type"] != "none" {
        choice["disable_parallel_tool_use"] = true.into();
    }
    Some(choice)
}

#[derive(Serialize)]
struct ToolWire<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: Cow<'a, Value>,
}

impl<'a> ToolWire<'a> {
    fn of(tool: &'a ToolSpec) -> Self {
        Self { name: &tool.name, description: &tool.description, input_schema: schema(tool) }
    }
}

/// Messages of one role, one after another.
#[derive(Serialize)]
struct Turn<'a> {
    role: Role,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: &'a RawValue,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
struct Source<'a> {
    r#type: &'static str,
    media_type: &'a str,
    data: &'a str,
}

/// The conversation as turns of user and assistant. Results come first in a user's turn, as the provider demands.
fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        let (role, blocks) = match message.role {
            Role::System => continue,
            Role::User => (Role::User, spoken(message)),
            Role::Assistant => (Role::Assistant, answered(message)),
            Role::Tool => (Role::User, vec![result(message)]),
        };
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some(turn) if turn.role == role => {
                let is_result = |block: &Block<'_>| matches!(block, Block::ToolResult { .. });
                let results = turn.content.iter().take_while(|block| is_result(block)).count();
                let place = if blocks.iter().all(is_result) { results } else { turn.content.len() };
                turn.content.splice(place..place, blocks);
            }
            _ => turns.push(Turn { role, content: blocks }),
        }
    }
    // A conversation may begin with a greeting of the agent; the provider wants the user first.
    if turns.first().is_some_and(|turn| turn.role == Role::Assistant) {
        turns.insert(0, Turn { role: Role::User, content: vec![Block::Text { text: "…" }] });
    }
    trim_end(&mut turns);
    turns
}

/// An answer that the model is to continue may not end with white space.
fn trim_end(turns: &mut [Turn<'_>]) {
    if let Some(Turn { role: Role::Assistant, content }) = turns.last_mut()
        && let Some(Block::Text { text }) = content.last_mut()
    {
        *text = text.trim_end();
    }
}

fn spoken(message: &Message) -> Vec<Block<'_>> {
    text(&message.content).into_iter().chain(message.images.iter().map(image)).collect()
}

/// Blank texts are refused.
fn text(text: &str) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then_some(Block::Text { text })
}

fn image(image: &Media) -> Block<'_> {
    // A name that people use and the provider refuses.
    let media_type = if image.mime == "image/jpg" { "image/jpeg" } else { &image.mime };
    Block::Image { source: Source { r#type: "base64", media_type, data: &image.data } }
}

fn answered(message: &Message) -> Vec<Block<'_>> {
    let thinking = message.thinking.as_deref().unwrap_or_default();
    let signature = message.thinking_signature.as_deref().filter(|signature| !signature.is_empty());
    let thoughts = signature.map(|signature| signature::blocks(thinking, signature)).unwrap_or_default();
    let thoughts = thoughts.into_iter().map(|thought| match thought {
        Thought::Signed(thinking, signature) => Block::Thinking { thinking, signature },
        Thought::Redacted(data) => Block::RedactedThinking { data },
    });
    let calls = message.tool_calls.iter().map(|call| Block::ToolUse {
        id: id(&call.id),
        name: &call.name,
        input: arguments(&call.arguments),
    });
    thoughts.chain(text(&message.content)).chain(calls).collect()
}

fn result(message: &Message) -> Block<'_> {
    let content = spoken(message);
    Block::ToolResult {
        tool_use_id: id(message.tool_call_id.as_deref().unwrap_or_default()),
        content,
        is_error: message.is_error,
    }
}

/// An id in the letters that are allowed; other providers' ids, which a conversation may hold, use more.
fn id(id: &str) -> Cow<'_, str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.chars().all(allowed) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(id.chars().map(|c| if allowed(c) { c } else { '_' }).collect())
}

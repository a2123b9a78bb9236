//! What the rules see of a request: the same view for the three protocols.

use std::borrow::Cow;

use serde_json::Value;

use crate::{Protocol, scenario::Role};

/// A request, read leniently: what is missing or of the wrong type is empty here, and the strict checks complain about it.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    /// The protocol it came in.
    pub(crate) protocol: Protocol,
    /// The model's name.
    pub(crate) model: &'a str,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
    /// Whether an OpenAI stream ends with a usage chunk.
    pub(crate) include_usage: bool,
    /// Whether an Anthropic request enabled thinking; true for the others.
    pub(crate) thinking: bool,
    /// The system prompt.
    pub(crate) system: Cow<'a, str>,
    /// The last user message's text.
    pub(crate) last_user: Cow<'a, str>,
    /// The last tool result's text.
    pub(crate) last_tool: Cow<'a, str>,
    /// The role of the last message.
    pub(crate) last_role: Option<Role>,
    /// The tools offered.
    pub(crate) tools: Vec<OfferedTool<'a>>,
    /// The body's length in bytes, from which usage is estimated.
    pub(crate) body_bytes: usize,
}

/// A tool that the request offers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferedTool<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The JSON Schema of its arguments.
    pub(crate) schema: &'a Value,
}

impl Exchange<'_> {
    /// Whether a tool of this name is offered.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }
}

/// The text of a message's `content`: the string itself, or its text parts joined by line ends.
pub(crate) fn text_of(content: &Value) -> Cow<'_, str> {
    match content {
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            Cow::Owned(texts.join("\n"))
        }
        _ => Cow::Borrowed(""),
    }
}

/// The items of an array; nothing for anything else.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A string; empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the last message of this role says, in protocols whose messages are `{role, content}`.
pub(crate) fn last_with<'a>(messages: &'a [Value], role: &str) -> Cow<'a, str> {
    messages.iter().rev().find(|message| message["role"] == role).map_or_else(Cow::default, |m| text_of(&m["content"]))
}

/// The common role of a `{role, content}` message.
pub(crate) fn role_of(message: &Value) -> Option<Role> {
    match message["role"].as_str()? {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        "tool" | "function" => Some(Role::Tool),
        _ => None,
    }
}

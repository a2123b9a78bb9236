//! OpenAI chat completions: the parameters read, the checks OpenAI makes, the answers it gives.

mod check;
mod write;

use serde_json::Value;

pub(crate) use check::check;
pub(crate) use write::{broken_delta, error_body, error_event, models, render};

use crate::{
    Protocol,
    exchange::{Exchange, OfferedTool, items, last_with, role_of, text, text_of},
};

/// Reads a request body.
pub(crate) fn read(body: &Value, body_bytes: usize) -> Exchange<'_> {
    let messages = items(&body["messages"]);
    let system = messages.iter().find(|message| matches!(message["role"].as_str(), Some("system" | "developer")));
    let tools = items(&body["tools"]).iter().map(|tool| &tool["function"]);
    Exchange {
        protocol: Protocol::OpenAI,
        model: text(&body["model"]),
        stream: body["stream"] == true,
        include_usage: body["stream_options"]["include_usage"] == true,
        thinking: true,
        system: system.map(|message| text_of(&message["content"])).unwrap_or_default(),
        last_user: last_with(messages, "user"),
        last_tool: last_with(messages, "tool"),
        last_role: messages.last().and_then(role_of),
        tools: tools.map(|tool| OfferedTool { name: text(&tool["name"]), schema: &tool["parameters"] }).collect(),
        body_bytes,
    }
}

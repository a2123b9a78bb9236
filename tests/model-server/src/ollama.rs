//! Ollama's chat: the parameters read, the checks made, the answers it gives.

mod check;
mod write;

use serde_json::Value;

pub(crate) use check::check;
pub(crate) use write::{broken_delta, error_body, error_event, models, render};

use crate::{
    Protocol,
    exchange::{Exchange, OfferedTool, items, last_with, role_of, text},
};

/// Reads a request body. Ollama streams unless told not to.
pub(crate) fn read(body: &Value, body_bytes: usize) -> Exchange<'_> {
    let messages = items(&body["messages"]);
    let tools = items(&body["tools"]).iter().map(|tool| &tool["function"]);
    Exchange {
        protocol: Protocol::Ollama,
        model: text(&body["model"]),
        stream: body["stream"] != false,
        include_usage: true,
        thinking: body["think"] != false,
        system: last_with(messages, "system"),
        last_user: last_with(messages, "user"),
        last_tool: last_with(messages, "tool"),
        last_role: messages.last().and_then(role_of),
        tools: tools.map(|tool| OfferedTool { name: text(&tool["name"]), schema: &tool["parameters"] }).collect(),
        body_bytes,
    }
}

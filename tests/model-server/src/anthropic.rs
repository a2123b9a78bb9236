//! Anthropic Messages: the parameters read, the checks Anthropic makes, the answers it gives.

mod check;
mod write;

use std::borrow::Cow;

use serde_json::Value;

pub(crate) use check::check;
pub(crate) use write::{broken_delta, error_body, error_event, models, render};

use crate::{
    Protocol,
    exchange::{Exchange, OfferedTool, items, role_of, text, text_of},
    scenario::Role,
};

/// Reads a request body.
pub(crate) fn read(body: &Value, body_bytes: usize) -> Exchange<'_> {
    let messages = items(&body["messages"]);
    let users = || messages.iter().rev().filter(|message| message["role"] == "user");
    let last_user = users().map(|message| spoken(&message["content"])).find(|text| !text.is_empty());
    let results = users().filter_map(|message| items(&message["content"]).iter().rfind(|block| is_result(block)));
    let last_role = messages.last().and_then(|message| match role_of(message) {
        Some(Role::User) if items(&message["content"]).iter().any(is_result) => Some(Role::Tool),
        role => role,
    });
    let tools = items(&body["tools"]).iter();
    Exchange {
        protocol: Protocol::Anthropic,
        model: text(&body["model"]),
        stream: body["stream"] == true,
        include_usage: true,
        thinking: matches!(text(&body["thinking"]["type"]), "enabled" | "adaptive"),
        system: text_of(&body["system"]),
        last_user: last_user.unwrap_or_default(),
        last_tool: results.map(|block| text_of(&block["content"])).next().unwrap_or_default(),
        last_role,
        tools: tools.map(|tool| OfferedTool { name: text(&tool["name"]), schema: &tool["input_schema"] }).collect(),
        body_bytes,
    }
}

fn is_result(block: &Value) -> bool {
    block["type"] == "tool_result"
}

/// What a person said in a user message, without tool results.
fn spoken(content: &Value) -> Cow<'_, str> {
    match content {
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter(|b| b["type"] == "text").map(|b| text(&b["text"])).collect();
            Cow::Owned(texts.join("\n"))
        }
        content => text_of(content),
    }
}

/// The signature of a thinking text: what a client must send back unchanged with it (FNV-1a, as this is no secret).
fn signature(thinking: &str) -> String {
    let hash = thinking
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("c2lnbmVk{hash:016x}")
}

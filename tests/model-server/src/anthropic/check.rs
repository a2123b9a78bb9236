//! What Anthropic refuses, in its words (observed messages of `POST /v1/messages`).
//!
//! Consecutive messages of one role are refused, as the documentation demands, although the service merges them today.

mod block;

use std::collections::HashSet;

use serde_json::Value;

use self::block::{check_content, check_texts};
use super::is_result;
use crate::{
    exchange::{items, text},
    refusal::Refusal,
};

/// The parameters that exist; anything else is an extra input.
const PARAMETERS: [&str; 20] = [
    "model",
    "messages",
    "max_tokens",
    "system",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "metadata",
    "service_tier",
    "container",
    "context_management",
    "mcp_servers",
    "output_config",
    "output_format",
    "inference_geo",
];

/// Refuses what Anthropic would refuse.
pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::invalid("Input should be a valid dictionary or object to extract fields from"));
    };
    if let Some(extra) = fields.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
        return Err(Refusal::invalid(format!("{extra}: Extra inputs are not permitted")));
    }
    for name in ["model", "max_tokens", "messages"] {
        if body[name].is_null() {
            return Err(Refusal::invalid(format!("{name}: Field required")));
        }
    }
    let Some(messages) = body["messages"].as_array() else {
        return Err(Refusal::invalid("messages: Input should be a valid list"));
    };
    check_parameters(body)?;
    check_turns(messages)?;
    for (index, message) in messages.iter().enumerate() {
        check_content(message, index, index + 1 == messages.len())?;
    }
    check_tool_turns(messages)?;
    check_thinking(body, messages)?;
    check_tools(body)
}

fn check_parameters(body: &Value) -> Result<(), Refusal> {
    if !body["model"].is_string() {
        return Err(Refusal::invalid("model: Input should be a valid string"));
    }
    match body["max_tokens"].as_i64() {
        None => return Err(Refusal::invalid("max_tokens: Input should be a valid integer")),
        Some(number) if number < 1 => {
            return Err(Refusal::invalid("max_tokens: Input should be greater than or equal to 1"));
        }
        Some(_) => {}
    }
    if !matches!(body["stream"], Value::Null | Value::Bool(_)) {
        return Err(Refusal::invalid("stream: Input should be a valid boolean"));
    }
    for name in ["temperature", "top_p"] {
        match body[name].as_f64() {
            None if body[name].is_null() => {}
            None => return Err(Refusal::invalid(format!("{name}: Input should be a valid number"))),
            Some(number) if number > 1.0 => {
                return Err(Refusal::invalid(format!("{name}: range: -0..1")));
            }
            Some(number) if number < 0.0 => {
                return Err(Refusal::invalid(format!("{name}: Input should be greater than or equal to 0")));
            }
            Some(_) => {}
        }
    }
    match &body["system"] {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(blocks) => check_texts(blocks, "system"),
        _ => Err(Refusal::invalid("system: Input should be a valid list")),
    }
}

/// Roles: user first, then in turn.
fn check_turns(messages: &[Value]) -> Result<(), Refusal> {
    let mut expected = "user";
    if messages.is_empty() {
        return Err(Refusal::invalid("messages: at least one message is required"));
    }
    for (index, message) in messages.iter().enumerate() {
        let role = match message["role"].as_str() {
            None => return Err(Refusal::invalid(format!("messages.{index}.role: Field required"))),
            Some("system") => {
                return Err(Refusal::invalid(
                    "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.",
                ));
            }
            Some(role @ ("user" | "assistant")) => role,
            Some(role) => {
                return Err(Refusal::invalid(format!(
                    "messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\""
                )));
            }
        };
        if role != expected {
            return Err(Refusal::invalid(if index == 0 {
                "messages: first message must use the \"user\" role".to_owned()
            } else {
                format!(
                    "messages: roles must alternate between \"user\" and \"assistant\", but found multiple \"{role}\" roles in a row"
                )
            }));
        }
        expected = if role == "user" { "assistant" } else { "user" };
    }
    Ok(())
}

/// Every use is answered at the front of the next message, each result belongs to a use of the message before.
fn check_tool_turns(messages: &[Value]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    let mut uses: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let blocks = items(&message["content"]);
        let leading = blocks.iter().take_while(|block| is_result(block)).count();
        let mut answered = HashSet::new();
        for (i, block) in blocks.iter().enumerate().filter(|(_, block)| is_result(block)) {
            let id = text(&block["tool_use_id"]);
            if !uses.contains(&id) {
                return Err(Refusal::invalid(format!(
                    "messages.{index}.content.{i}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )));
            }
            if !answered.insert(id) {
                return Err(Refusal::invalid(format!(
                    "messages.{index}.content.{i}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
                )));
            }
            if i >= leading {
                answered.remove(id);
            }
        }
        refuse_unanswered(&uses, &answered, index)?;
        uses = blocks.iter().filter(|block| block["type"] == "tool_use").map(|block| text(&block["id"])).collect();
        if let Some(place) = uses.iter().position(|id| !seen.insert(*id)) {
            return Err(Refusal::invalid(format!("messages.{index}.content.{place}: `tool_use` ids must be unique")));
        }
    }
    refuse_unanswered(&uses, &HashSet::new(), messages.len())
}

fn refuse_unanswered(uses: &[&str], answered: &HashSet<&str>, index: usize) -> Result<(), Refusal> {
    let open: Vec<&str> = uses.iter().copied().filter(|id| !answered.contains(id)).collect();
    if open.is_empty() {
        return Ok(());
    }
    let asked = index - 1;
    let ids = open.join(", ");
    Err(Refusal::invalid(format!(
        "messages.{asked}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )))
}

/// The rules of extended thinking: its budget, and the thinking that a tool-using turn must keep.
fn check_thinking(body: &Value, messages: &[Value]) -> Result<(), Refusal> {
    match text(&body["thinking"]["type"]) {
        "enabled" => {}
        "" if body["thinking"].is_null() => return Ok(()),
        "disabled" | "adaptive" => return Ok(()),
        other => {
            return Err(Refusal::invalid(format!(
                "thinking: Input tag '{other}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'"
            )));
        }
    }
    let Some(budget) = body["thinking"]["budget_tokens"].as_i64() else {
        return Err(Refusal::invalid("thinking.enabled.budget_tokens: Field required"));
    };
    if budget < 1024 {
        return Err(Refusal::invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"));
    }
    if body["max_tokens"].as_i64().is_some_and(|tokens| tokens <= budget) {
        return Err(Refusal::invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    if body["temperature"].as_f64().is_some_and(|temperature| (temperature - 1.0).abs() > f64::EPSILON) {
        return Err(Refusal::invalid("`temperature` may only be set to 1 when thinking is enabled."));
    }
    let Some(index) = messages.iter().rposition(|message| message["role"] == "assistant") else { return Ok(()) };
    let first = text(&messages[index]["content"][0]["type"]);
    let in_tool_turn = items(&messages[index]["content"]).iter().any(|block| block["type"] == "tool_use");
    if in_tool_turn && !matches!(first, "thinking" | "redacted_thinking") {
        return Err(Refusal::invalid(format!(
            "messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
        )));
    }
    Ok(())
}

fn check_tools(body: &Value) -> Result<(), Refusal> {
    if body["tools"].is_null() {
        if body["tool_choice"].is_null() {
            return Ok(());
        }
        return Err(Refusal::invalid("tool_choice: tool_choice may only be specified while providing tools"));
    }
    let Some(tools) = body["tools"].as_array() else {
        return Err(Refusal::invalid("tools: Input should be a valid list"));
    };
    let mut names = HashSet::new();
    for (i, tool) in tools.iter().enumerate() {
        let name = text(&tool["name"]);
        if tool["name"].is_null() {
            return Err(Refusal::invalid(format!("tools.{i}.custom.name: Field required")));
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 128 || !name.chars().all(letter) {
            let message = format!("tools.{i}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'");
            return Err(Refusal::invalid(message));
        }
        if tool["input_schema"].is_null() {
            return Err(Refusal::invalid(format!("tools.{i}.custom.input_schema: Field required")));
        }
        if tool["input_schema"]["type"].is_null() {
            return Err(Refusal::invalid(format!("tools.{i}.custom.input_schema.type: Field required")));
        }
        if tool["input_schema"]["type"] != "object" {
            return Err(Refusal::invalid(format!("tools.{i}.custom.input_schema.type: Input should be 'object'")));
        }
        if !names.insert(name) {
            return Err(Refusal::invalid("tools: Tool names must be unique."));
        }
    }
    Ok(())
}

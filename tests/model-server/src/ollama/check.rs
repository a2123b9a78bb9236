//! What Ollama refuses, in its words: mostly what Go cannot decode into `api.ChatRequest`.
//!
//! One rule is stricter than Ollama, which would silently confuse the model: a tool message must follow a call.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    exchange::{items, text},
    refusal::Refusal,
};

/// Refuses what Ollama would refuse.
pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    if text(&body["model"]).is_empty() {
        return Err(Refusal::invalid("model is required"));
    }
    decodes(&body["stream"], Value::is_boolean, "stream", "bool")?;
    decodes(&body["messages"], Value::is_array, "messages", "[]api.Message")?;
    decodes(&body["tools"], Value::is_array, "tools", "api.Tools")?;
    decodes(&body["options"], Value::is_object, "options", "map[string]interface {}")?;
    let thinks = |value: &Value| value.is_boolean() || matches!(text(value), "high" | "medium" | "low");
    if !body["think"].is_null() && !thinks(&body["think"]) {
        let message =
            format!("invalid think value: {} (must be \"high\", \"medium\", \"low\", true, or false)", body["think"]);
        return Err(Refusal::invalid(message));
    }
    let mut open = 0_usize;
    for message in items(&body["messages"]) {
        check_message(message)?;
        match text(&message["role"]) {
            "tool" => {
                open = open
                    .checked_sub(1)
                    .ok_or_else(|| Refusal::invalid("tool message without a tool call before it"))?;
            }
            "assistant" => open = items(&message["tool_calls"]).len(),
            _ => {}
        }
    }
    Ok(())
}

/// Go's complaint about a field of the wrong type.
fn decodes(value: &Value, fits: fn(&Value) -> bool, field: &str, kind: &str) -> Result<(), Refusal> {
    if value.is_null() || fits(value) {
        return Ok(());
    }
    let got = match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        _ => "object",
    };
    let message = format!("json: cannot unmarshal {got} into Go struct field ChatRequest.{field} of type {kind}");
    Err(Refusal::invalid(message))
}

fn check_message(message: &Value) -> Result<(), Refusal> {
    decodes(&message["content"], Value::is_string, "messages.content", "string")?;
    if !matches!(text(&message["role"]), "system" | "user" | "assistant" | "tool") {
        let message = format!(
            "invalid role: {:?} (must be \"system\", \"user\", \"assistant\", or \"tool\")",
            text(&message["role"])
        );
        return Err(Refusal::invalid(message));
    }
    for image in items(&message["images"]) {
        if image.as_str().is_none_or(|image| STANDARD.decode(image).is_err()) {
            return Err(Refusal::invalid("illegal base64 data at input byte 0"));
        }
    }
    items(&message["tool_calls"]).iter().try_for_each(|call| {
        let kind = "api.ToolCallFunctionArguments";
        decodes(&call["function"]["arguments"], Value::is_object, "messages.tool_calls.function.arguments", kind)
    })
}

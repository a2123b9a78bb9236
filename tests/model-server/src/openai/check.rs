//! What OpenAI refuses, in its words (observed messages of `POST /v1/chat/completions`).
//!
//! Parameters that OpenAI does not know pass, since compatible vendors have many; within messages they do not.

mod message;

use serde_json::Value;

use self::message::{check_message, check_name};
use crate::{
    exchange::{items, text},
    refusal::Refusal,
};

/// Refuses what OpenAI would refuse.
pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    if !body["model"].is_string() {
        return Err(Refusal::invalid("you must provide a model parameter"));
    }
    let messages = required_array(body, "messages")?;
    for (index, message) in messages.iter().enumerate() {
        check_message(message, index)?;
    }
    check_tool_turns(messages)?;
    check_tools(body)?;
    check_parameters(body)
}

/// An array that must be there and hold something.
fn required_array<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    match &body[name] {
        Value::Null => Err(missing(name)),
        Value::Array(values) if values.is_empty() => Err(empty(name)),
        Value::Array(values) => Ok(values),
        other => Err(wrong_type(name, "an array of objects", other)),
    }
}

fn missing(param: &str) -> Refusal {
    Refusal::invalid(format!("Missing required parameter: '{param}'.")).at(param).code("missing_required_parameter")
}

fn empty(param: &str) -> Refusal {
    let message = format!(
        "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    );
    Refusal::invalid(message).at(param).code("empty_array")
}

fn wrong_type(param: &str, expected: &str, value: &Value) -> Refusal {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "an integer",
        Value::Number(_) => "a decimal number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let message = format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
    Refusal::invalid(message).at(param).code("invalid_type")
}

fn invalid_value(param: &str, got: &str, supported: &str) -> Refusal {
    let message = format!("Invalid value: '{got}'. Supported values are: {supported}.");
    Refusal::invalid(message).at(param).code("invalid_value")
}

/// Every call is answered by a tool message right behind it, and nothing else is.
fn check_tool_turns(messages: &[Value]) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    let mut asked_by = None;
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            if asked_by.is_none() {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(Refusal::invalid(message).at(format!("messages.[{index}].role")));
            }
            let id = text(&message["tool_call_id"]);
            let Some(place) = open.iter().position(|open| *open == id) else {
                let message = format!(
                    "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message."
                );
                return Err(Refusal::invalid(message).at(format!("messages.[{index}].tool_call_id")));
            };
            open.remove(place);
            continue;
        }
        refuse_unanswered(&open, index)?;
        open = items(&message["tool_calls"]).iter().map(|call| text(&call["id"])).collect();
        asked_by = (!open.is_empty()).then_some(index);
    }
    refuse_unanswered(&open, messages.len())
}

fn refuse_unanswered(open: &[&str], index: usize) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    let ids = open.join(", ");
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {ids}"
    );
    Err(Refusal::invalid(message).at(format!("messages.[{index}].role")))
}

fn check_tools(body: &Value) -> Result<(), Refusal> {
    let tools = match &body["tools"] {
        Value::Null => {
            let orphan = ["tool_choice", "parallel_tool_calls"].into_iter().find(|name| !body[*name].is_null());
            return orphan.map_or(Ok(()), |name| {
                Err(Refusal::invalid(format!(
                    "Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
                ))
                .at(name))
            });
        }
        _ => required_array(body, "tools")?,
    };
    for (i, tool) in tools.iter().enumerate() {
        match text(&tool["type"]) {
            "function" => {}
            "" => return Err(missing(&format!("tools[{i}].type"))),
            other => return Err(invalid_value(&format!("tools[{i}].type"), other, "'function' and 'custom'")),
        }
        let function = &tool["function"];
        check_name(&function["name"], &format!("tools[{i}].function.name"))?;
        let schema = &function["parameters"];
        if !schema.is_null() && schema["type"] != "object" {
            let name = text(&function["name"]);
            let got = schema["type"].as_str().unwrap_or("None");
            let message = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{got}\"'."
            );
            let param = format!("tools[{i}].function.parameters");
            return Err(Refusal::invalid(message).at(param).code("invalid_function_parameters"));
        }
    }
    Ok(())
}

/// The parameters whose type or range is checked.
fn check_parameters(body: &Value) -> Result<(), Refusal> {
    for name in ["stream", "parallel_tool_calls", "logprobs", "store"] {
        if !matches!(body[name], Value::Null | Value::Bool(_)) {
            return Err(wrong_type(name, "a boolean", &body[name]));
        }
    }
    if body["stream_options"].is_object() && body["stream"] != true {
        let message = "Invalid value for 'stream_options': 'stream_options' is only allowed when 'stream' is enabled.";
        return Err(Refusal::invalid(message).at("stream_options"));
    }
    for (name, low, high) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        check_range(body, name, low, high)?;
    }
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        match &body[name] {
            Value::Null => {}
            Value::Number(number) if number.as_i64().is_some_and(|number| number >= 1) => {}
            Value::Number(number) if number.is_i64() => {
                let message = format!(
                    "Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {number} instead."
                );
                return Err(Refusal::invalid(message).at(name).code("integer_below_min_value"));
            }
            other => return Err(wrong_type(name, "an integer", other)),
        }
    }
    Ok(())
}

fn check_range(body: &Value, name: &str, low: f64, high: f64) -> Result<(), Refusal> {
    let value = &body[name];
    if value.is_null() {
        return Ok(());
    }
    let Some(number) = value.as_f64() else { return Err(wrong_type(name, "a decimal", value)) };
    let (problem, bound, code) = if number < low {
        ("below minimum", format!(">= {low}"), "decimal_below_min_value")
    } else if number > high {
        ("above maximum", format!("<= {high}"), "decimal_above_max_value")
    } else {
        return Ok(());
    };
    let message =
        format!("Invalid '{name}': decimal {problem} value. Expected a value {bound}, but got {value} instead.");
    Err(Refusal::invalid(message).at(name).code(code))
}

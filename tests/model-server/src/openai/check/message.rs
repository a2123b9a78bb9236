//! One message of an OpenAI request on its own: role, fields, content parts, calls.

use serde_json::Value;

use super::{empty, invalid_value, missing, wrong_type};
use crate::{exchange::text, refusal::Refusal};

/// The fields that a message may have; `annotations` comes back when a client repeats an answer, as the documentation shows;
/// `reasoning_content` is what compatible vendors want back.
const MESSAGE_FIELDS: [&str; 10] = [
    "role",
    "content",
    "name",
    "tool_calls",
    "tool_call_id",
    "refusal",
    "audio",
    "function_call",
    "annotations",
    "reasoning_content",
];

/// Longest function name.
const NAME_LENGTH: usize = 64;

/// One message on its own: role, fields, content, calls.
pub(super) fn check_message(message: &Value, index: usize) -> Result<(), Refusal> {
    let path = format!("messages[{index}]");
    let Some(fields) = message.as_object() else { return Err(wrong_type(&path, "an object", message)) };
    if let Some(field) = fields.keys().find(|field| !MESSAGE_FIELDS.contains(&field.as_str())) {
        let param = format!("{path}.{field}");
        return Err(Refusal::invalid(format!("Unknown parameter: '{param}'.")).at(param).code("unknown_parameter"));
    }
    let role = match &message["role"] {
        Value::Null => return Err(missing(&format!("{path}.role"))),
        role => text(role),
    };
    match role {
        "tool" if message["tool_call_id"].is_null() => Err(missing(&format!("{path}.tool_call_id"))),
        "system" | "developer" | "user" | "function" | "tool" => check_content(&message["content"], &path, role),
        "assistant" => check_assistant(message, &path),
        other => {
            let supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
            Err(invalid_value(&format!("{path}.role"), other, supported))
        }
    }
}

/// A content that must be there: text, or parts that this role may have.
fn check_content(content: &Value, path: &str, role: &str) -> Result<(), Refusal> {
    let param = format!("{path}.content");
    match content {
        Value::String(_) => Ok(()),
        Value::Null => Err(Refusal::invalid("Invalid value for 'content': expected a string, got null.").at(param)),
        Value::Array(parts) if parts.is_empty() => Err(empty(&param)),
        Value::Array(parts) => {
            parts.iter().enumerate().try_for_each(|(i, part)| check_part(part, &format!("{param}[{i}]"), role))
        }
        other => Err(wrong_type(&param, "one of a string or array of objects", other)),
    }
}

fn check_part(part: &Value, path: &str, role: &str) -> Result<(), Refusal> {
    match (text(&part["type"]), role) {
        ("text", _) if part["text"].is_string() => Ok(()),
        ("text", _) => Err(missing(&format!("{path}.text"))),
        ("refusal", "assistant") => Ok(()),
        ("image_url", "user") => {
            let param = format!("{path}.image_url.url");
            match part["image_url"]["url"].as_str() {
                None => Err(missing(&param)),
                Some(url) if url.starts_with("data:image/") && url.contains(";base64,") => Ok(()),
                Some(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(()),
                Some(url) => {
                    let message = format!(
                        "Invalid '{param}'. Expected a valid URL, but got a value with an invalid format: {url:.40}."
                    );
                    Err(Refusal::invalid(message).at(param).code("invalid_value"))
                }
            }
        }
        ("input_audio", "user") => match (&part["input_audio"]["data"], text(&part["input_audio"]["format"])) {
            (Value::String(_), "wav" | "mp3") => Ok(()),
            (Value::String(_), other) => {
                Err(invalid_value(&format!("{path}.input_audio.format"), other, "'wav' and 'mp3'"))
            }
            _ => Err(missing(&format!("{path}.input_audio.data"))),
        },
        ("file", "user") if part["file"].is_object() => Ok(()),
        ("", _) => Err(missing(&format!("{path}.type"))),
        (other, "user") => {
            let supported = "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'";
            Err(invalid_value(&format!("{path}.type"), other, supported))
        }
        (other, _) => Err(invalid_value(&format!("{path}.type"), other, "'text'")),
    }
}

fn check_assistant(message: &Value, path: &str) -> Result<(), Refusal> {
    let calls_path = format!("{path}.tool_calls");
    match &message["tool_calls"] {
        Value::Null if message["function_call"].is_object() || message["refusal"].is_string() => Ok(()),
        Value::Null => check_content(&message["content"], path, "assistant"),
        Value::Array(calls) if calls.is_empty() => Err(empty(&calls_path)),
        Value::Array(calls) => {
            calls.iter().enumerate().try_for_each(|(i, call)| check_call(call, &format!("{calls_path}[{i}]")))?;
            if message["content"].is_null() { Ok(()) } else { check_content(&message["content"], path, "assistant") }
        }
        other => Err(wrong_type(&calls_path, "an array of objects", other)),
    }
}

fn check_call(call: &Value, path: &str) -> Result<(), Refusal> {
    if call["id"].is_null() {
        return Err(missing(&format!("{path}.id")));
    }
    match text(&call["type"]) {
        "function" => {}
        "" => return Err(missing(&format!("{path}.type"))),
        other => return Err(invalid_value(&format!("{path}.type"), other, "'function'")),
    }
    check_name(&call["function"]["name"], &format!("{path}.function.name"))?;
    match &call["function"]["arguments"] {
        Value::String(_) => Ok(()),
        Value::Null => Err(missing(&format!("{path}.function.arguments"))),
        other => Err(wrong_type(&format!("{path}.function.arguments"), "a string", other)),
    }
}

/// A function's name: letters, digits, `_`, `-`.
pub(super) fn check_name(name: &Value, path: &str) -> Result<(), Refusal> {
    let Some(name) = name.as_str() else { return Err(missing(path)) };
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.len() > NAME_LENGTH {
        let length = name.len();
        let message = format!(
            "Invalid '{path}': string too long. Expected a string with maximum length {NAME_LENGTH}, but got a string with length {length} instead."
        );
        return Err(Refusal::invalid(message).at(path).code("string_above_max_length"));
    }
    if name.is_empty() || !name.chars().all(letter) {
        let message = format!(
            "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(Refusal::invalid(message).at(path).code("invalid_value"));
    }
    Ok(())
}

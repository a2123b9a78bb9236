//! Content blocks of Anthropic's messages: which role may have which, and what each needs.

use serde_json::Value;

use crate::{anthropic::signature, exchange::text, refusal::Refusal};

/// The blocks of one message.
pub(super) fn check_content(message: &Value, index: usize, last: bool) -> Result<(), Refusal> {
    let assistant = message["role"] == "assistant";
    let path = format!("messages.{index}");
    let blocks = match &message["content"] {
        Value::Null => return Err(Refusal::invalid(format!("{path}.content: Field required"))),
        Value::String(text) if text.is_empty() => return refuse_empty(index, last && assistant),
        Value::String(text) => return check_ending(text, last && assistant),
        Value::Array(blocks) if blocks.is_empty() => return refuse_empty(index, last && assistant),
        Value::Array(blocks) => blocks,
        _ => return Err(Refusal::invalid(format!("{path}.content: Input should be a valid list"))),
    };
    for (i, block) in blocks.iter().enumerate() {
        check_block(block, &format!("{path}.content.{i}"), assistant)?;
    }
    check_ending(blocks.last().map_or("", |block| text(&block["text"])), last && assistant)
}

fn refuse_empty(index: usize, final_assistant: bool) -> Result<(), Refusal> {
    if final_assistant {
        return Ok(());
    }
    let message = format!(
        "messages.{index}: all messages must have non-empty content except for the optional final assistant message"
    );
    Err(Refusal::invalid(message))
}

fn check_ending(text: &str, final_assistant: bool) -> Result<(), Refusal> {
    if final_assistant && text.ends_with(char::is_whitespace) {
        return Err(Refusal::invalid("messages: final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

/// Text blocks only, none of them empty.
pub(super) fn check_texts(blocks: &[Value], path: &str) -> Result<(), Refusal> {
    for (i, block) in blocks.iter().enumerate() {
        match (text(&block["type"]), block["text"].as_str()) {
            ("text", Some("")) => {
                return Err(Refusal::invalid(format!("{path}: text content blocks must be non-empty")));
            }
            ("text", Some(_)) => {}
            ("text", None) => return Err(Refusal::invalid(format!("{path}.{i}.text: Field required"))),
            _ => return Err(Refusal::invalid(format!("{path}.{i}.type: Input should be 'text'"))),
        }
    }
    Ok(())
}

/// One block: its type fits the role, and its fields are there.
fn check_block(block: &Value, path: &str, assistant: bool) -> Result<(), Refusal> {
    let require = |kind: &str, field: &str| {
        let missing = block[field].is_null();
        if missing { Err(Refusal::invalid(format!("{path}.{kind}.{field}: Field required"))) } else { Ok(()) }
    };
    match (text(&block["type"]), assistant) {
        ("text", _) if block["text"] == "" => Err(Refusal::invalid("messages: text content blocks must be non-empty")),
        ("text", _) => require("text", "text"),
        ("image" | "document", false) => check_source(&block["source"], &format!("{path}.{}", text(&block["type"]))),
        ("tool_result", false) => {
            require("tool_result", "tool_use_id")?;
            check_result(&block["content"], path)
        }
        ("thinking", true) => {
            require("thinking", "thinking")?;
            require("thinking", "signature")?;
            if text(&block["signature"]) == signature(text(&block["thinking"])) {
                return Ok(());
            }
            Err(Refusal::invalid(format!("{path}: Invalid `signature` in `thinking` block")))
        }
        ("redacted_thinking", true) => require("redacted_thinking", "data"),
        ("tool_use", true) => {
            require("tool_use", "id")?;
            require("tool_use", "name")?;
            require("tool_use", "input")?;
            check_use(block, path)
        }
        ("", _) => Err(Refusal::invalid(format!("{path}.type: Field required"))),
        (kind @ ("tool_use" | "thinking" | "redacted_thinking"), false) => {
            Err(Refusal::invalid(format!("messages: `{kind}` blocks can only be in `assistant` messages")))
        }
        (kind @ ("tool_result" | "image" | "document"), true) => {
            Err(Refusal::invalid(format!("messages: `{kind}` blocks can only be in `user` messages")))
        }
        (kind, _) => Err(Refusal::invalid(format!(
            "{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'document', 'image', 'redacted_thinking', 'text', 'thinking', 'tool_result', 'tool_use'"
        ))),
    }
}

fn check_source(source: &Value, path: &str) -> Result<(), Refusal> {
    let missing = |field: &str| Err(Refusal::invalid(format!("{path}.source.{field}: Field required")));
    match text(&source["type"]) {
        "base64" if !source["media_type"].is_string() => missing("base64.media_type"),
        "base64" if !source["data"].is_string() => missing("base64.data"),
        "url" if !source["url"].is_string() => missing("url.url"),
        "base64" | "url" | "text" | "file" => Ok(()),
        "" => missing("type"),
        other => Err(Refusal::invalid(format!(
            "{path}.source: Input tag '{other}' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'"
        ))),
    }
}

fn check_result(content: &Value, path: &str) -> Result<(), Refusal> {
    match content {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(blocks) => {
            let allowed =
                |block: &Value| matches!(text(&block["type"]), "text" | "image" | "document" | "search_result");
            match blocks.iter().find(|block| !allowed(block)) {
                None => Ok(()),
                Some(block) => Err(Refusal::invalid(format!(
                    "{path}.tool_result.content: Input tag '{}' found using 'type' does not match any of the expected tags: 'document', 'image', 'search_result', 'text'",
                    text(&block["type"])
                ))),
            }
        }
        _ => Err(Refusal::invalid(format!("{path}.tool_result.content: Input should be a valid list"))),
    }
}

fn check_use(block: &Value, path: &str) -> Result<(), Refusal> {
    let id = text(&block["id"]);
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        let message = format!("{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'");
        return Err(Refusal::invalid(message));
    }
    if !block["input"].is_object() {
        return Err(Refusal::invalid(format!("{path}.tool_use.input: Input should be a valid dictionary")));
    }
    Ok(())
}

//! Anthropic's wire format: `message`, the streaming events, the error envelope, the model list.

use serde_json::{Value, json};

use super::signature;
use crate::{
    answer::Answer,
    refusal::Refusal,
    rendered::{Pieces, Rendered},
    scenario::{Finish, Usage},
};

/// Renders an answer.
pub(crate) fn render(answer: &Answer, stream: bool) -> Rendered {
    if stream { streamed(answer) } else { Rendered::plain(message(answer).to_string()) }
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::ToolCalls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
    }
}

/// Anthropic counts cached tokens apart from `input_tokens`.
fn usage(usage: &Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.input.saturating_sub(usage.cached_input + usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn envelope(answer: &Answer, content: &Value, stop_reason: Option<&str>, output: u64) -> Value {
    json!({
        "id": format!("msg_{}", answer.number),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": usage(&answer.usage, output),
    })
}

fn message(answer: &Answer) -> Value {
    let mut content = Vec::new();
    if !answer.thinking.is_empty() {
        let thinking = answer.thinking.concat();
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": signature(&thinking)}));
    }
    if !answer.text.is_empty() {
        content.push(json!({"type": "text", "text": answer.text.concat()}));
    }
    for call in &answer.calls {
        content.push(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.input()}));
    }
    envelope(answer, &content.into(), Some(stop_reason(answer.finish)), answer.usage.output)
}

/// An event named as its `type`.
fn event(data: &Value) -> String {
    let name = data["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

/// Writes content blocks one after another, with the ping that the service sends behind the first block's start.
struct Blocks {
    pieces: Pieces,
    index: usize,
}

impl Blocks {
    fn start(&mut self, block: &Value) {
        let index = self.index;
        self.pieces.frame(&event(&json!({"type": "content_block_start", "index": index, "content_block": block})));
        if index == 0 {
            self.pieces.frame(&event(&json!({"type": "ping"})));
        }
    }

    fn delta(&mut self, delta: &Value) {
        self.pieces.delta(&event(&json!({"type": "content_block_delta", "index": self.index, "delta": delta})));
    }

    /// A delta that does not count as one, as it carries nothing of the answer.
    fn quiet(&mut self, delta: &Value) {
        self.pieces.frame(&event(&json!({"type": "content_block_delta", "index": self.index, "delta": delta})));
    }

    fn stop(&mut self) {
        self.pieces.frame(&event(&json!({"type": "content_block_stop", "index": self.index})));
        self.index += 1;
    }
}

fn streamed(answer: &Answer) -> Rendered {
    let mut pieces = Pieces::default();
    let opening = envelope(answer, &json!([]), None, 1);
    pieces.frame(&event(&json!({"type": "message_start", "message": opening})));
    pieces.end_prologue();
    let mut blocks = Blocks { pieces, index: 0 };
    if !answer.thinking.is_empty() {
        blocks.start(&json!({"type": "thinking", "thinking": "", "signature": ""}));
        for thinking in &answer.thinking {
            blocks.delta(&json!({"type": "thinking_delta", "thinking": thinking}));
        }
        blocks.quiet(&json!({"type": "signature_delta", "signature": signature(&answer.thinking.concat())}));
        blocks.stop();
    }
    if !answer.text.is_empty() {
        blocks.start(&json!({"type": "text", "text": ""}));
        for text in &answer.text {
            blocks.delta(&json!({"type": "text_delta", "text": text}));
        }
        blocks.stop();
    }
    for call in &answer.calls {
        blocks.start(&json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}));
        blocks.quiet(&json!({"type": "input_json_delta", "partial_json": ""}));
        for fragment in &call.fragments {
            blocks.delta(&json!({"type": "input_json_delta", "partial_json": fragment}));
        }
        blocks.stop();
    }
    let mut pieces = blocks.pieces;
    pieces.frame(&event(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(answer.finish), "stop_sequence": null},
        "usage": {"output_tokens": answer.usage.output},
    })));
    pieces.frame(&event(&json!({"type": "message_stop"})));
    pieces.finish("text/event-stream; charset=utf-8")
}

/// An event that breaks off within its JSON.
pub(crate) fn broken_delta() -> &'static str {
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"te\n\n"
}

/// The error envelope.
pub(crate) fn error_body(refusal: &Refusal) -> Value {
    let kind = match refusal.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        status if status >= 500 => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": "req_scripted"})
}

/// The error envelope as an event within a stream.
pub(crate) fn error_event(refusal: &Refusal) -> String {
    let mut body = error_body(refusal);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    event(&body)
}

/// The list of models.
pub(crate) fn models(names: &[String]) -> Value {
    let data = names
        .iter()
        .map(|name| json!({"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}));
    json!({"data": data.collect::<Value>(), "has_more": false, "first_id": names.first(), "last_id": names.last()})
}

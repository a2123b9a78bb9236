//! Ollama's wire format: NDJSON lines or one object, the error object, the list of tags.

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    refusal::Refusal,
    rendered::{Pieces, Rendered},
    scenario::Finish,
};

/// When every answer and model was made: no client reads it, and a constant keeps golden files still.
const CREATED: &str = "2026-01-01T00:00:00.000000000Z";

/// Renders an answer.
pub(crate) fn render(answer: &Answer, stream: bool) -> Rendered {
    if stream { streamed(answer) } else { Rendered::plain(finished(answer, &message(answer)).to_string()) }
}

fn message(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.text.concat()});
    if !answer.thinking.is_empty() {
        message["thinking"] = answer.thinking.concat().into();
    }
    if !answer.calls.is_empty() {
        message["tool_calls"] = calls(answer);
    }
    message
}

/// Calls come whole; their arguments are objects.
fn calls(answer: &Answer) -> Value {
    let calls = answer.calls.iter().enumerate().map(|(index, call)| {
        json!({"id": call.id, "function": {"index": index, "name": call.name, "arguments": call.input()}})
    });
    calls.collect()
}

/// The object that ends an answer: Ollama says `stop` after tool calls, too.
fn finished(answer: &Answer, message: &Value) -> Value {
    let reason = match answer.finish {
        Finish::Stop | Finish::ToolCalls | Finish::ContentFilter => "stop",
        Finish::Length => "length",
    };
    json!({
        "model": answer.model,
        "created_at": CREATED,
        "message": message,
        "done": true,
        "done_reason": reason,
        "total_duration": 3_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": answer.usage.input,
        "prompt_eval_duration": 1_000_000,
        "eval_count": answer.usage.output,
        "eval_duration": 1_000_000,
    })
}

fn line(answer: &Answer, message: &Value) -> String {
    let line = json!({"model": answer.model, "created_at": CREATED, "message": message, "done": false});
    format!("{line}\n")
}

fn streamed(answer: &Answer) -> Rendered {
    let mut pieces = Pieces::default();
    for thinking in &answer.thinking {
        pieces.delta(&line(answer, &json!({"role": "assistant", "content": "", "thinking": thinking})));
    }
    for text in &answer.text {
        pieces.delta(&line(answer, &json!({"role": "assistant", "content": text})));
    }
    if !answer.calls.is_empty() {
        pieces.delta(&line(answer, &json!({"role": "assistant", "content": "", "tool_calls": calls(answer)})));
    }
    pieces.frame(&format!("{}\n", finished(answer, &json!({"role": "assistant", "content": ""}))));
    pieces.finish("application/x-ndjson")
}

/// A line that breaks off within its JSON.
pub(crate) fn broken_delta() -> &'static str {
    "{\"model\":\"broken\",\"message\":{\"role\":\"assistant\",\"content\":\"bro\n"
}

/// The error object.
pub(crate) fn error_body(refusal: &Refusal) -> Value {
    json!({"error": refusal.message})
}

/// The error object as a line within a stream.
pub(crate) fn error_event(refusal: &Refusal) -> String {
    format!("{}\n", error_body(refusal))
}

/// The list of tags.
pub(crate) fn models(names: &[String]) -> Value {
    let models = names.iter().map(|name| {
        json!({
            "name": name, "model": name, "modified_at": CREATED, "size": 0, "digest": "scripted",
            "details": {
                "parent_model": "", "format": "gguf", "family": "scripted", "families": ["scripted"],
                "parameter_size": "0B", "quantization_level": "none",
            },
        })
    });
    json!({"models": models.collect::<Value>()})
}

//! OpenAI's wire format: `chat.completion`, `chat.completion.chunk`, the error envelope, the model list.

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    refusal::Refusal,
    rendered::{Pieces, Rendered},
    scenario::{Finish, Usage},
};

/// Renders an answer.
pub(crate) fn render(answer: &Answer, stream: bool) -> Rendered {
    if stream { streamed(answer) } else { Rendered::plain(completion(answer).to_string()) }
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
}

fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn completion(answer: &Answer) -> Value {
    let content = if answer.text.is_empty() { Value::Null } else { answer.text.concat().into() };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !answer.thinking.is_empty() {
        message["reasoning_content"] = answer.thinking.concat().into();
    }
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().map(|call| {
            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments()}})
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": format!("chatcmpl-{}", answer.number),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(answer.finish)}],
        "usage": usage(&answer.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    })
}

/// One chunk with a choice; with `include_usage` every chunk carries a null usage but the last.
fn chunk(answer: &Answer, delta: &Value, finish: Option<&str>) -> String {
    framed(answer, &json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
}

fn framed(answer: &Answer, choices: &Value, usage: Value) -> String {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", answer.number),
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "choices": choices,
    });
    if answer.include_usage {
        chunk["usage"] = usage;
    }
    format!("data: {chunk}\n\n")
}

fn streamed(answer: &Answer) -> Rendered {
    let mut pieces = Pieces::default();
    let content = if answer.text.is_empty() && !answer.calls.is_empty() { Value::Null } else { "".into() };
    pieces.frame(&chunk(answer, &json!({"role": "assistant", "content": content, "refusal": null}), None));
    pieces.end_prologue();
    for thinking in &answer.thinking {
        pieces.delta(&chunk(answer, &json!({"reasoning_content": thinking}), None));
    }
    for text in &answer.text {
        pieces.delta(&chunk(answer, &json!({"content": text}), None));
    }
    for (index, call) in answer.calls.iter().enumerate() {
        let opening = json!({"tool_calls": [{
            "index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""},
        }]});
        pieces.frame(&chunk(answer, &opening, None));
        for fragment in &call.fragments {
            let delta = json!({"tool_calls": [{"index": index, "function": {"arguments": fragment}}]});
            pieces.delta(&chunk(answer, &delta, None));
        }
    }
    pieces.frame(&chunk(answer, &json!({}), Some(finish_reason(answer.finish))));
    if answer.include_usage {
        pieces.frame(&framed(answer, &json!([]), usage(&answer.usage)));
    }
    pieces.frame("data: [DONE]\n\n");
    pieces.finish("text/event-stream; charset=utf-8")
}

/// A chunk that breaks off within its JSON.
pub(crate) fn broken_delta() -> &'static str {
    "data: {\"id\":\"chatcmpl-broken\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"bro\n\n"
}

/// The error envelope.
pub(crate) fn error_body(refusal: &Refusal) -> Value {
    let (kind, code) = match refusal.status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        status if status >= 500 => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    let code = refusal.code.or(code);
    json!({"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": code}})
}

/// The error envelope as an event within a stream.
pub(crate) fn error_event(refusal: &Refusal) -> String {
    format!("data: {}\n\n", error_body(refusal))
}

/// The list of models.
pub(crate) fn models(names: &[String], created: u64) -> Value {
    let data =
        names.iter().map(|name| json!({"id": name, "object": "model", "created": created, "owned_by": "troupe"}));
    json!({"object": "list", "data": data.collect::<Value>()})
}

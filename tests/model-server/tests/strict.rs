//! Refusals: what the real providers refuse is refused, with their envelopes; what they accept passes.

use serde_json::{Value, json};
use troupe_model_server::{ModelServer, Reply, Rule, Scenario};

use crate::{
    client::post,
    wire::{ANTHROPIC, OLLAMA, OPENAI},
};

async fn strict() -> ModelServer {
    ModelServer::start(Scenario::of([Rule::text("fine")])).await.expect("a server")
}

/// Posts each body and lists the statuses with what the envelopes say.
async fn refusals(path: &str, message: fn(&Value) -> &Value, bodies: &[Value]) -> String {
    let server = strict().await;
    let mut lines = String::new();
    for body in bodies {
        let seen = post(&server, path, body).await;
        let json = seen.json();
        let text = message(&json).as_str().unwrap_or("accepted");
        lines.extend([body.to_string(), format!("\n    {} {text}\n", seen.status)]);
    }
    lines
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}})
}

#[tokio::test]
async fn openai_refuses_nonsense() {
    let user = json!({"role": "user", "content": "x"});
    let asked = json!({"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "r"});
    let with = |messages: Value| json!({"model": "m", "messages": messages});
    let bodies = [
        json!({"messages": [user]}),
        json!({"model": "m"}),
        json!({"model": "m", "messages": "x"}),
        with(json!([])),
        with(json!([{"role": "robot", "content": "x"}])),
        with(json!([{"role": "user", "content": null}])),
        with(json!([{"role": "user", "content": "x", "timestamp": 1}])),
        with(json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/etc/passwd"}}]}])),
        with(json!([user, result("a")])),
        with(json!([user, asked, result("a")])),
        with(json!([user, asked, result("a"), result("c")])),
        with(json!([user, asked, result("a"), user, result("b")])),
        with(json!([user, asked, result("b"), result("a")])),
        with(
            json!([user, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}]}]),
        ),
        json!({"model": "m", "messages": [user], "tools": [{"type": "function", "function": {"name": "a b"}}]}),
        json!({"model": "m", "messages": [user], "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
        json!({"model": "m", "messages": [user], "tool_choice": "auto"}),
        json!({"model": "m", "messages": [user], "stream_options": {"include_usage": true}}),
        json!({"model": "m", "messages": [user], "temperature": 3}),
        json!({"model": "m", "messages": [user], "max_tokens": 0}),
        json!({"model": "m", "messages": [user], "top_k": 4, "think": true}),
    ];
    insta::assert_snapshot!(refusals(OPENAI, |json| &json["error"]["message"], &bodies).await);
}

#[tokio::test]
async fn anthropic_refuses_nonsense() {
    let user = json!({"role": "user", "content": "x"});
    let asked = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]});
    let result = json!({"type": "tool_result", "tool_use_id": "a", "content": "r"});
    let with = |messages: Value| json!({"model": "m", "max_tokens": 2000, "messages": messages});
    let thinking = |messages: Value| json!({"model": "m", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}, "messages": messages});
    let bodies = [
        json!({"max_tokens": 1, "messages": [user]}),
        json!({"model": "m", "messages": [user]}),
        json!({"model": "m", "max_tokens": 1, "messages": [user], "seed": 1}),
        with(json!([])),
        with(json!([{"role": "system", "content": "x"}])),
        with(json!([{"role": "assistant", "content": "x"}])),
        with(json!([user, user])),
        with(json!([{"role": "user", "content": ""}])),
        with(json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])),
        with(json!([user, {"role": "assistant", "content": "x "}])),
        with(json!([user, asked, user])),
        with(json!([user, asked, {"role": "user", "content": [{"type": "text", "text": "x"}, result]}])),
        with(json!([user, asked, {"role": "user", "content": [result, result]}])),
        with(json!([{"role": "user", "content": [result]}])),
        with(json!([user, asked, {"role": "user", "content": [result, {"type": "text", "text": "x"}]}])),
        with(
            json!([user, {"role": "assistant", "content": [{"type": "tool_use", "id": "a b", "name": "f", "input": {}}]}]),
        ),
        with(
            json!([user, {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": "{}"}]}]),
        ),
        with(json!([{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": "x"}}]}])),
        thinking(json!([user, asked, {"role": "user", "content": [result]}])),
        thinking(
            json!([user, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "forged"}]}]),
        ),
        json!({"model": "m", "max_tokens": 1000, "thinking": {"type": "enabled", "budget_tokens": 1024}, "messages": [user]}),
        json!({"model": "m", "max_tokens": 1, "messages": [user], "tools": [{"name": "f"}]}),
        json!({"model": "m", "max_tokens": 1, "messages": [user], "tools": [{"name": "f", "input_schema": {"type": "object"}}, {"name": "f", "input_schema": {"type": "object"}}]}),
    ];
    insta::assert_snapshot!(refusals(ANTHROPIC, |json| &json["error"]["message"], &bodies).await);
}

#[tokio::test]
async fn ollama_refuses_nonsense() {
    let bodies = [
        json!({"messages": []}),
        json!({"model": "m", "stream": false, "messages": [{"role": "robot", "content": "x"}]}),
        json!({"model": "m", "messages": [{"role": "user", "content": []}]}),
        json!({"model": "m", "messages": [{"role": "user", "content": "x", "images": ["data:image/png;base64,AA=="]}]}),
        json!({"model": "m", "messages": [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}),
        json!({"model": "m", "messages": [{"role": "tool", "content": "x"}]}),
        json!({"model": "m", "options": 1}),
        json!({"model": "m", "stream": false, "messages": [{"role": "user", "content": "x", "images": ["AAAA"]}]}),
    ];
    insta::assert_snapshot!(refusals(OLLAMA, |json| &json["error"], &bodies).await);
}

#[tokio::test]
async fn a_signature_that_the_server_gave_is_accepted_again() {
    let reply = Reply { thinking: Some("hm".to_owned()), ..Reply::call("f", json!({})) };
    let server = ModelServer::start(Scenario::of([reply.into()])).await.expect("a server");
    let mut body = json!({
        "model": "m", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [{"role": "user", "content": "x"}],
    });
    let first = post(&server, ANTHROPIC, &body).await.json();
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": first["content"]}));
    let id = &first["content"][1]["id"];
    messages.push(json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "r"}]}));
    assert_eq!(post(&server, ANTHROPIC, &body).await.status, 200);
}

#[tokio::test]
async fn a_lenient_server_lets_nonsense_pass() {
    let scenario = Scenario { lenient: true, ..Scenario::of([Rule::text("fine")]) };
    let server = ModelServer::start(scenario).await.expect("a server");
    let orphan = json!({"model": "m", "messages": [{"role": "tool", "content": "x"}]});
    assert_eq!(post(&server, OPENAI, &orphan).await.status, 200);
}

#[tokio::test]
async fn unknown_models_wrong_keys_and_unknown_paths_are_refused() {
    let scenario = Scenario { models: vec!["real".to_owned()], ..Scenario::default() };
    let server = ModelServer::start(scenario).await.expect("a server");
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    let seen = post(&server, OPENAI, &body).await;
    assert_eq!((seen.status, seen.json()["error"]["code"].as_str()), (404, Some("model_not_found")));
    assert_eq!(post(&server, "/v1/embeddings", &body).await.status, 404);
    server.set_scenario(Scenario { api_key: Some("k".to_owned()), ..Scenario::default() }).expect("a scenario");
    let seen = post(&server, OPENAI, &body).await;
    assert_eq!((seen.status, seen.json()["error"]["code"].as_str()), (401, Some("invalid_api_key")));
}

//! OpenAI's chat completions over a scripted model.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

#[path = "support/scripted.rs"]
mod scripted;

use reqwest::Method;
use scripted::{Service, answer, frames};
use serde_json::{Value, json};
use troupe_model_server::{Fault, Reply, Role, Rule, ToolCall, When};

const PATH: &str = "/v1/chat/completions";

fn asks(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "description": "Weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}])
}

fn last(role: Role) -> When {
    When { last_role: Some(role), ..When::default() }
}

async fn stream(service: &Service, body: &Value) -> Vec<Value> {
    let response = service.request(Method::POST, PATH).json(body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let frames = frames(&response.text().await.unwrap());
    assert_eq!(frames.last().unwrap().1, "[DONE]");
    frames[..frames.len() - 1].iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect()
}

fn text(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[tokio::test]
async fn a_model_answers_whole_and_streamed_alike() {
    let service = Service::with([Rule::text("Hello there, friend.")]).await;
    let (status, whole) = service.post(PATH, &asks("small", &json!({}))).await;
    assert_eq!(status, 200, "{whole}");
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["message"]["content"], "Hello there, friend.");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert!(whole["usage"]["total_tokens"].as_u64().unwrap() > 0);
    let more = json!({"stream": true, "stream_options": {"include_usage": true}});
    let chunks = stream(&service, &asks("small", &more)).await;
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(text(&chunks), "Hello there, friend.");
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks.last().unwrap()["choices"], json!([]));
    assert_eq!(chunks.last().unwrap()["usage"]["total_tokens"], whole["usage"]["total_tokens"]);
}

#[tokio::test]
async fn a_models_calls_come_straight_back_with_the_providers_ids() {
    let call = ToolCall {
        id: Some("call_theirs".to_owned()),
        name: "get_weather".to_owned(),
        arguments: json!({"city": "Oslo"}),
        ..ToolCall::default()
    };
    let rule = Rule { reply: Reply { tool_calls: vec![call], ..Reply::default() }, ..Rule::default() };
    let service = Service::with([rule]).await;
    let more = json!({"tools": weather(), "seed": 7, "temperature": 0.5, "top_k": 3});
    let (status, answer) = service.post(PATH, &asks("small", &more)).await;
    assert_eq!(status, 200, "{answer}");
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    assert_eq!(choice["message"]["tool_calls"][0]["id"], "call_theirs");
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Oslo\"}");
    let sent = service.model.requests()[0].json();
    assert_eq!((&sent["seed"], &sent["temperature"], &sent["top_k"]), (&json!(7), &json!(0.5), &json!(3)));
    let (_, runs) = service.get("/v1/runs").await;
    assert_eq!(runs["runs"], json!([]), "nothing waits");
}

#[tokio::test]
async fn in_a_mixed_round_ours_run_at_once_and_the_run_goes_on_with_the_callers_result() {
    let mut both = Rule::call("greet", json!({"name": "Ada"})).when(last(Role::User));
    both.reply.tool_calls.push(ToolCall {
        name: "get_weather".to_owned(),
        arguments: json!({"city": "Oslo"}),
        ..ToolCall::default()
    });
    let done = Rule::text("It is {{last_tool}}.").when(last(Role::Tool));
    let service = Service::with([both.times(1), done]).await;
    let first = asks("agent/greeter", &json!({"tools": weather()}));
    let (status, handed) = service.post(PATH, &first).await;
    assert_eq!(status, 200, "{handed}");
    let message = &handed["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1, "the agent's own tool does not show: {message}");
    assert_eq!(calls[0]["function"]["name"], "get_weather");
    let id = calls[0]["id"].as_str().unwrap();
    assert_eq!(service.get("/v1/runs?status=waiting").await.1["runs"].as_array().unwrap().len(), 1);
    let mut second = first.clone();
    second["messages"]
        .as_array_mut()
        .unwrap()
        .extend([message.clone(), json!({"role": "tool", "tool_call_id": id, "content": "sunny"})]);
    let chunks = {
        second["stream"] = true.into();
        stream(&service, &second).await
    };
    assert_eq!(text(&chunks), "It is sunny.");
    let (_, runs) = service.get("/v1/runs").await;
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1, "the second request is the same run's");
    assert_eq!(runs[0]["status"], "completed");
    let asked = service.model.requests()[1].json();
    let results: Vec<_> =
        asked["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool").collect();
    assert_eq!(results[0]["content"], "Hello Ada");
    assert_eq!(results[1]["content"], "sunny");
}

#[tokio::test]
async fn results_for_a_run_that_is_gone_are_a_conversation_like_any_other() {
    let service = Service::with([Rule::text("Fresh: {{last_tool}}.")]).await;
    let id = "call_AZ2fW5YxcQyVh8QYk2v1Xw_1_0";
    let body = json!({"model": "agent/plain", "tools": weather(), "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": id, "content": "rain"},
    ]});
    let (status, answer) = service.post(PATH, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["choices"][0]["message"]["content"], "Fresh: rain.");
}

#[tokio::test]
async fn a_schema_is_kept_and_an_answer_that_breaks_it_is_asked_for_again() {
    let service = Service::with([Rule::text("no json").times(1), Rule::text("{\"city\": \"Oslo\"}")]).await;
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": true}});
    let (status, answer) = service.post(PATH, &asks("agent/plain", &json!({"response_format": format}))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["choices"][0]["message"]["content"], "{\"city\": \"Oslo\"}");
    assert_eq!(service.model.requests()[0].json()["response_format"]["json_schema"]["strict"], true);
}

#[tokio::test]
async fn the_same_key_answers_with_the_same_run_and_another_body_is_refused() {
    let service = Service::with([Rule::text("Once.").times(1)]).await;
    let send = |body: Value| service.request(Method::POST, PATH).header("idempotency-key", "k").json(&body).send();
    let (_, first) = answer(send(asks("agent/plain", &json!({}))).await.unwrap()).await;
    let (status, again) = answer(send(asks("agent/plain", &json!({}))).await.unwrap()).await;
    assert_eq!((status, &again), (200, &first));
    let (status, other) = answer(send(asks("agent/plain", &json!({"seed": 1}))).await.unwrap()).await;
    assert_eq!(status, 422, "{other}");
    assert!(other["error"]["message"].as_str().unwrap().contains("idempotency"));
}

#[tokio::test]
async fn errors_are_openais() {
    let refusal = Fault::Status { code: 500, retry_after: None, message: None };
    let service = Service::with([Rule::fault(refusal)]).await;
    for (model, status, code) in [
        ("nobody", 404, "model_not_found"),
        ("agent/nobody", 404, "model_not_found"),
        ("team/a", 404, "model_not_found"),
        ("small", 502, "500"),
    ] {
        for streamed in [false, true] {
            let (got, body) = service.post(PATH, &asks(model, &json!({"stream": streamed}))).await;
            assert_eq!(got, status, "{body}");
            assert_eq!(body["error"]["code"], code, "{body}");
            assert!(body["error"]["message"].is_string() && body["error"]["type"].is_string());
        }
    }
}

#[tokio::test]
async fn refusals_before_the_handler_are_openais_on_its_routes_and_problems_elsewhere() {
    let guarded = Service::settled([], |settings| settings.token = Some("secret".to_owned())).await;
    let open = Service::with([]).await;
    let unauthorized = |path: &'static str, method: Method| guarded.request(method, path).body("{}").send();
    let foreign = |path: &'static str, method: Method| {
        open.request(method, path).header("origin", "https://evil.example").body("{}").send()
    };
    for (path, method) in [(PATH, Method::POST), ("/v1/models/small", Method::GET)] {
        let (status, body) = answer(unauthorized(path, method.clone()).await.unwrap()).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("invalid_api_key")), "{body}");
        let (status, body) = answer(foreign(path, method).await.unwrap()).await;
        assert_eq!((status, &body["error"]["type"]), (403, &json!("invalid_request_error")), "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains("--cors-origin"), "{body}");
    }
    let (status, body) = open.get(PATH).await;
    assert_eq!((status, body["error"]["message"].is_string()), (405, true), "{body}");
    for (path, method) in [("/v1/infer", Method::POST), ("/v1/models", Method::GET), ("/v1/models/x", Method::DELETE)] {
        let (status, body) = answer(unauthorized(path, method.clone()).await.unwrap()).await;
        assert_eq!((status, body["error"].is_string(), &body["status"]), (401, true, &json!(401)), "{body}");
        let (status, body) = answer(foreign(path, method).await.unwrap()).await;
        assert_eq!((status, body["error"].is_string()), (403, true), "{body}");
    }
}

#[tokio::test]
async fn a_model_is_read_by_its_id_whichever_way_its_slash_is_written() {
    let service = Service::with([]).await;
    let posted = json!({"model_id": "org/tiny", "api_base": "http://127.0.0.1:1", "model_name": "x"});
    assert_eq!(service.post("/v1/models", &posted).await.0, 201);
    let listed = service.get("/v1/models").await.1["data"].clone();
    for (path, id) in [
        ("small", "small"),
        ("agent/plain", "agent/plain"),
        ("agent%2Fplain", "agent/plain"),
        ("org/tiny", "org/tiny"),
        ("org%2Ftiny", "org/tiny"),
    ] {
        let (status, model) = service.get(&format!("/v1/models/{path}")).await;
        assert_eq!((status, &model["id"], &model["object"]), (200, &json!(id), &json!("model")), "{model}");
        assert!(listed.as_array().unwrap().contains(&model), "{model} in {listed}");
    }
    for path in ["nobody", "agent/nobody", "agent%2Fnobody", "team/a"] {
        let (status, body) = service.get(&format!("/v1/models/{path}")).await;
        assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")), "{body}");
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let service = Service::with([]).await;
    let text = |field: &str| (field.to_owned(), json!({field: {"a": 1}}));
    let mut wrong: Vec<(String, Value)> = [
        "model",
        "messages",
        "stream",
        "tools",
        "parallel_tool_calls",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "reasoning_effort",
        "user",
        "n",
        "logprobs",
        "session_id",
        "interrupt",
        "tool_choice",
    ]
    .into_iter()
    .map(text)
    .collect();
    wrong.extend([
        ("stream_options".to_owned(), json!({"stream_options": {"include_usage": 1}})),
        ("logit_bias".to_owned(), json!({"logit_bias": 1})),
        ("n".to_owned(), json!({"n": 2})),
        ("max_tokens".to_owned(), json!({"max_tokens": 0})),
        ("response_format".to_owned(), json!({"response_format": {"type": "xml"}})),
        ("json_schema".to_owned(), json!({"response_format": {"type": "json_schema"}})),
        ("tools[0].type".to_owned(), json!({"tools": [{"type": "custom"}]})),
        ("tools[0].function".to_owned(), json!({"tools": [{"type": "function"}]})),
        ("tools[0].function.name".to_owned(), json!({"tools": [{"type": "function", "function": {"name": "a b"}}]})),
        ("messages[0].role".to_owned(), json!({"messages": [{"role": "king", "content": ""}]})),
        ("messages[0].content".to_owned(), json!({"messages": [{"role": "user", "content": 1}]})),
        ("messages".to_owned(), json!({"messages": []})),
        ("functions".to_owned(), json!({"functions": []})),
        ("audio".to_owned(), json!({"modalities": ["audio"]})),
    ]);
    for (field, more) in wrong {
        let (status, body) = service.post(PATH, &asks("small", &more)).await;
        assert_eq!(status, 400, "{more}: {body}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(&field), "{more}: {message}");
    }
    for body in ["", "{", "[]", "null", "{}"] {
        let response = service.request(Method::POST, PATH).body(body).send().await.unwrap();
        assert_eq!(answer(response).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn pages_that_may_call_ask_before_they_bring_a_token_and_read_why_they_are_refused() {
    let site = "https://ui.example";
    let service = Service::settled([], |settings| {
        settings.token = Some("secret".to_owned());
        settings.cors = vec![site.to_owned()];
    })
    .await;
    let of = |origin: &str, method: Method, token: &str| {
        let request = service.request(method, "/v1/models").header("origin", origin.to_owned());
        let request = if token.is_empty() { request } else { request.header("authorization", token.to_owned()) };
        request.send()
    };
    for (method, token, status) in [
        (Method::OPTIONS, "", 200),
        (Method::GET, "", 401),
        (Method::GET, "Bearer wrong", 401),
        (Method::GET, "bearer secret", 200),
    ] {
        let response = of(site, method, token).await.unwrap();
        assert_eq!(response.status(), status, "{token}");
        assert_eq!(response.headers()["access-control-allow-origin"], site);
    }
    let foreign = of("https://evil.example", Method::OPTIONS, "").await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert!(!foreign.headers().contains_key("access-control-allow-origin"));
}

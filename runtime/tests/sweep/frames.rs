//! What streams against its description: real frames and events fit their schemas.

use serde_json::{Value, json};
use troupe_model_server::{Role, Rule, When};

use crate::document::Document;
use crate::scripted::{Service, frames};

/// Judges values by a schema of the description.
fn schema(name: &str) -> jsonschema::Validator {
    let Document(document) = Document::read();
    let whole = json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]});
    jsonschema::draft202012::new(&whole).unwrap()
}

fn assert_fits(schema: &jsonschema::Validator, value: &Value) {
    let errors: Vec<String> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{value:#}: {errors:#?}");
}

/// A service whose model thinks, calls the tool that it is offered, and then answers.
async fn service() -> Service {
    let asks = When { last_role: Some(Role::User), tool_offered: Some("greet".to_owned()), ..When::default() };
    Service::with([Rule::call("greet", json!({"name": "Ada"})).when(asks), Rule::text("Done, with pleasure.")]).await
}

async fn stream(service: &Service, path: &str, body: Option<Value>) -> Vec<String> {
    let request = match &body {
        Some(body) => service.request(reqwest::Method::POST, path).json(body),
        None => service.request(reqwest::Method::GET, path),
    };
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    frames(&response.text().await.unwrap()).into_iter().map(|(_, data)| data).collect()
}

fn assert_all_fit(name: &str, data: &[String]) -> Vec<Value> {
    let schema = schema(name);
    let values: Vec<Value> = data.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    for value in &values {
        assert_fits(&schema, value);
    }
    values
}

#[tokio::test]
async fn frames_of_inference_fit_their_schema() {
    let service = service().await;
    let body = json!({"agent_id": "greeter", "text": "hi", "session_id": "new"});
    let mut data = stream(&service, "/v1/infer/stream", Some(body)).await;
    assert_eq!(data.pop().as_deref(), Some("[DONE]"));
    let values = assert_all_fit("S1Frame", &data);
    let has = |pointer: &str| values.iter().any(|value| value.pointer(pointer).is_some());
    assert!(has("/tool_calls/0") && has("/run_id"), "{values:#?}");
    assert!(values.iter().any(|value| value["role"] == "tool") && values.iter().any(|value| value["role"] == "usage"));
}

#[tokio::test]
async fn frames_of_a_run_that_waits_for_a_person_fit_their_schema() {
    let service = service().await;
    let body = json!({"input": "hi", "session_id": "new", "wait": 60});
    let (status, run) = service.post("/v1/agents/careful/runs", &body).await;
    assert_eq!(status, 201, "{run}");
    let (id, call) = (run["id"].as_str().unwrap(), run["waiting_for"][0]["call_id"].as_str().unwrap());
    let decision = json!({"decision": "approve", "arguments": {"name": "Bob"}, "comment": "good"});
    let (status, answered) = service.post(&format!("/v1/runs/{id}/approvals/{call}"), &decision).await;
    assert_eq!(status, 200, "{answered}");
    let mut data = stream(&service, &format!("/v1/runs/{id}/events?format=s1"), None).await;
    assert_eq!(data.pop().as_deref(), Some("[DONE]"));
    assert_all_fit("S1Frame", &data);
    let events = assert_all_fit("RunEvent", &stream(&service, &format!("/v1/runs/{id}/events"), None).await);
    assert!(events.len() > 5, "{events:#?}");
    let (status, page) = service.get(&format!("/v1/runs/{id}/events?after=0.0")).await;
    assert_eq!(status, 200, "{page}");
    assert_fits(&schema("EventPage"), &page);
}

/// The first event of a stream that does not end by itself.
async fn first_event(service: &Service, path: &str) -> Value {
    let mut response = service.request(reqwest::Method::GET, path).send().await.unwrap();
    let mut text = String::new();
    loop {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
        if let Some((_, data)) = frames(&text).first().filter(|_| text.contains("\n\n")) {
            return serde_json::from_str(data).unwrap();
        }
    }
}

#[tokio::test]
async fn events_of_lists_that_are_watched_fit_their_schema() {
    let service = service().await;
    for (path, name) in [
        ("/v1/resources/agents?watch=true", "ResourceEvent"),
        ("/v1/sessions?watch=true", "SessionEvent"),
        ("/v1/sessions/events", "SessionEvent"),
    ] {
        let event = first_event(&service, path).await;
        assert_eq!(event["event"], "init", "{path}");
        assert_fits(&schema(name), &event);
    }
}

#[tokio::test]
async fn chunks_of_a_chat_fit_their_schema() {
    let service = service().await;
    let message = json!([{"role": "user", "content": "hi"}]);
    let body = json!({"model": "agent/greeter", "messages": message, "stream": true,
        "stream_options": {"include_usage": true}});
    let mut data = stream(&service, "/v1/chat/completions", Some(body)).await;
    assert_eq!(data.pop().as_deref(), Some("[DONE]"));
    assert_all_fit("ChatCompletionChunk", &data);
    let (status, answer) =
        service.post("/v1/chat/completions", &json!({"model": "agent/greeter", "messages": message})).await;
    assert_eq!(status, 200, "{answer}");
    assert_fits(&schema("ChatCompletion"), &answer);
}

//! The API's description, swept: every operation with everything wrong that its description lets one think of. Nothing
//! that a client sends gives a 5xx, and what is refused is named.
#![cfg(test)]

#[path = "support/scripted.rs"]
mod scripted;

#[path = "sweep/bodies.rs"]
mod bodies;
#[path = "sweep/document.rs"]
mod document;
#[path = "sweep/frames.rs"]
mod frames;
#[path = "sweep/routes.rs"]
mod routes;

use bodies::bodies;
use document::{Change, Document, Expected, Operation};
use reqwest::{Method, RequestBuilder};
use scripted::{Service, answer};
use serde_json::{Value, json};
use troupe_model_server::{Role, Rule, When};

/// Things that are there, for paths and bodies.
struct Places {
    model: String,
    run: String,
    waiting: String,
    call: String,
    session: String,
}

async fn service() -> (Service, Places) {
    let asks = When { last_role: Some(Role::User), tool_offered: Some("greet".to_owned()), ..When::default() };
    // An object satisfies every schema that bodies ask for, and is a text as good as any other.
    let service = Service::with([Rule::call("greet", json!({"name": "Ada"})).when(asks), Rule::text("{}")]).await;
    let start =
        |agent: &str| (format!("/v1/agents/{agent}/runs"), json!({"input": "hi", "session_id": "new", "wait": 60}));
    let (path, body) = start("plain");
    let (status, run) = service.post(&path, &body).await;
    assert_eq!(status, 201, "{run}");
    let (path, body) = start("careful");
    let (_, waiting) = service.post(&path, &body).await;
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{waiting}")).to_owned();
    let template = json!({"template_id": "hello", "content": "Hello {{name}}"});
    assert_eq!(service.post("/v1/prompt-templates", &template).await.0, 201);
    let places = Places {
        model: format!("{}/v1", service.model.base_url()),
        run: text(&run["id"]),
        waiting: text(&waiting["id"]),
        call: text(&waiting["waiting_for"][0]["call_id"]),
        session: text(&run["session_id"]),
    };
    (service, places)
}

/// A path with things in it that are there; what is deleted is not.
fn filled(operation: &Operation, places: &Places) -> String {
    let path = &operation.path;
    let id = match path.split('/').nth(2).unwrap_or_default() {
        _ if operation.method == "DELETE" => "gone",
        "agents" => "plain",
        "models" => "small",
        "tools" => "greet",
        "prompt-templates" => "hello",
        "runs" if operation.id == "runs_approve" || operation.id == "runs_input" => &places.waiting,
        "runs" => &places.run,
        "sessions" => &places.session,
        _ => "gone",
    };
    let path = path.replace("{id}", id).replace("{call_id}", &places.call).replace("{kind}", "models");
    path.replace("{name}", if operation.method == "DELETE" { "gone" } else { "small" })
        .replace("{upload_id}", "gone")
        .replace("{chunk_id}", "0")
        .replace("{key}", "GONE")
        .replace("{hash}", "gone")
}

/// Status and sentence of an answer. Streams that do not end by themselves are not read.
async fn outcome(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        return (response.status().as_u16(), String::new());
    }
    let (status, body) = answer(response).await;
    if status >= 400 {
        let said =
            body["detail"].as_str().or_else(|| body["error"]["message"].as_str()).or_else(|| body["error"].as_str());
        return (status, said.unwrap_or_else(|| panic!("{status} is no problem: {body}")).to_owned());
    }
    (status, String::new())
}

fn method(operation: &Operation) -> Method {
    operation.method.parse().unwrap()
}

/// What fails is told all at once.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(what());
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "{} failures:\n{}", self.0.len(), self.0.join("\n"));
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Whether what came of a change is what must come of it. `plain` is the status of the body without the change.
fn is_right(change: &Change, plain: u16, status: u16, said: &str) -> bool {
    let refused = (400..500).contains(&status);
    let named = refused && said.contains(&change.field);
    // What fits the description may still not fit another field, or what happened since.
    let fields = change.body.as_object().into_iter().flat_map(|members| members.keys());
    let disagrees = || {
        status == 409
            || said.starts_with("Missing required field: ")
            || fields.into_iter().any(|field| said.starts_with(&format!("Invalid value for field {field}")))
    };
    match change.expected {
        Expected::Refused => named,
        Expected::Ignored => status == plain || (plain < 300 && status < 300),
        Expected::Survived => status < 400 || named || (refused && (plain >= 400 || disagrees())),
    }
}

/// Sends every change of every body of some operations; how many there were.
async fn wrong_in_turn(swept: impl Fn(&str) -> bool) -> usize {
    let (service, places) = service().await;
    let document = Document::read();
    let mut failures = Failures::default();
    let mut count = 0;
    for operation in document.operations().into_iter().filter(|operation| swept(&operation.id)) {
        let Some(schema) = &operation.body else { continue };
        let mut bodies = bodies(&operation.id, &places);
        if bodies.is_empty() {
            bodies.push(document.example(schema));
        }
        for body in bodies {
            let path = filled(&operation, &places);
            let send = |body: &Value| outcome(service.request(method(&operation), &path).json(body));
            let (plain, said) = send(&body).await;
            failures.check(plain < 500, || format!("{} as it should be: {plain} {said}", operation.id));
            for change in document.changes(schema, &body) {
                count += 1;
                let (status, said) = send(&change.body).await;
                failures.check(is_right(&change, plain, status, &said), || {
                    let Change { field, what, expected, .. } = &change;
                    let (id, said) = (&operation.id, short(&said));
                    format!("{id} {field} = {what}: {expected:?} but {status} {said} (plain {plain})")
                });
            }
        }
    }
    failures.none();
    count
}

#[tokio::test]
async fn every_field_of_a_chat_wrong_in_turn_is_refused_by_its_name() {
    assert!(wrong_in_turn(|id| id.starts_with("chat_")).await > 300);
}

#[tokio::test]
async fn every_field_of_an_inference_wrong_in_turn_is_refused_by_its_name() {
    assert!(wrong_in_turn(|id| id.starts_with("inference_")).await > 500);
}

#[tokio::test]
async fn every_field_of_every_other_body_wrong_in_turn_is_refused_by_its_name() {
    assert!(wrong_in_turn(|id| !id.starts_with("chat_") && !id.starts_with("inference_")).await > 500);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_everywhere() {
    let (service, places) = service().await;
    let deep = format!("{}{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let texts: [&[u8]; 13] = [
        b"[]",
        b"{",
        b"null",
        b"\"x\"",
        b"1",
        b"{\"a\":1}{\"b\":2}",
        b"{\"a\":NaN}",
        b"{\"\xff\":1}",
        b"\xef\xbb\xbf{}",
        b"{'a':1}",
        b"{\"a\":1,}",
        deep.as_bytes(),
        b"\x00",
    ];
    let mut failures = Failures::default();
    for operation in Document::read().operations() {
        if operation.body.is_none() || operation.id == "resources_apply" {
            continue;
        }
        let path = filled(&operation, &places);
        for text in texts {
            let request = service.request(method(&operation), &path).header("content-type", "application/json");
            let (status, said) = outcome(request.body(text.to_vec())).await;
            let shown = short(&String::from_utf8_lossy(text));
            failures.check(status == 400, || format!("{} {shown}: {status} {said}", operation.id));
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", ""] {
            let request = service.request(method(&operation), &path).header("content-type", kind);
            let (status, said) = outcome(request.body("a=b")).await;
            failures.check((400..500).contains(&status), || format!("{} {kind}: {status} {said}", operation.id));
        }
        let empty = outcome(service.request(method(&operation), &path)).await;
        let allowed = operation.body_is_optional;
        failures.check(if allowed { empty.0 < 500 } else { empty.0 == 400 }, || {
            format!("{} empty: {empty:?}", operation.id)
        });
    }
    failures.none();
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_a_413() {
    let (service, places) = service().await;
    let large = "x".repeat(10 * 1_024 * 1_024 + 1);
    let mut failures = Failures::default();
    for operation in Document::read().operations().into_iter().filter(|operation| operation.body.is_some()) {
        let path = filled(&operation, &places);
        let response = service.request(method(&operation), &path).body(large.clone()).send().await;
        // The service may close the connection before all of it is sent.
        let Ok(response) = response else { continue };
        failures.check(response.status() == 413, || format!("{}: {}", operation.id, response.status()));
    }
    failures.none();
}

#[tokio::test]
async fn no_path_query_or_header_breaks_anything() {
    let (service, places) = service().await;
    let long = "x".repeat(6_000);
    let odd = ["%00", "a%2Fb", "%FF", "%2E%2E%2F", "%F0%9F%92%A9", "%0A", "%22", "-1", "%25s", &long];
    let mut failures = Failures::default();
    for operation in Document::read().operations() {
        let plain = filled(&operation, &places);
        let body = bodies(&operation.id, &places).into_iter().next().unwrap_or_else(|| json!({}));
        let request = |path: &str| {
            let request = service.request(method(&operation), path);
            if operation.method == "GET" { request } else { request.json(&body) }
        };
        let mut sent: Vec<(String, RequestBuilder, Option<&str>)> = Vec::new();
        for parameter in &operation.parameters {
            let name = parameter["name"].as_str().unwrap();
            let integer = parameter["schema"]["type"].to_string().contains("integer");
            for value in odd {
                match parameter["in"].as_str().unwrap() {
                    "path" => {
                        let path = operation.path.replace(&format!("{{{name}}}"), value);
                        let path = filled(&Operation { path, ..operation.clone() }, &places);
                        sent.push((path.clone(), request(&path), None));
                    }
                    "query" => {
                        let path = format!("{plain}?{name}={value}");
                        sent.push((path.clone(), request(&path), integer.then_some(name)));
                    }
                    _ => {
                        let value = value.replace("%00", "\u{ff}");
                        let header = request(&plain).header(name, value.as_bytes());
                        sent.push((format!("{name}: {}", short(&value)), header, None));
                    }
                }
            }
            if integer && parameter["in"] == "query" {
                let twice = format!("1&{name}=2");
                for value in ["0", "-1", "abc", "99999999999999999999", "1.5", "", "%20", &twice] {
                    let path = format!("{plain}?{name}={value}");
                    sent.push((path.clone(), request(&path), Some(name)));
                }
            }
            if name == "limit" && parameter["in"] == "query" {
                let path = format!("{plain}?limit=501");
                sent.push((path.clone(), request(&path), Some(name)));
            }
            if name == "Last-Event-ID" {
                for value in
                    ["x", "1", "1.2.3", "-1.0", "1.-1", "99999999999999999999.0", "18446744073709551615.0", ". ."]
                {
                    sent.push((format!("{name}: {value}"), request(&plain).header(name, value), None));
                }
            }
        }
        for (what, request, names) in sent {
            let (status, said) = outcome(request).await;
            let named = names.is_none_or(|name| (400..500).contains(&status) && said.contains(name));
            failures.check(status < 500 && named, || format!("{} {}: {status} {said}", operation.id, short(&what)));
        }
    }
    failures.none();
}

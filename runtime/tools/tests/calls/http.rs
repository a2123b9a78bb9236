//! HTTP tools against loopback: where arguments and secrets go.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::{any, get};
use serde_json::{Value, json};
use troupe_core::model::{ConfigValue, NamedValue, SecretRef, Trust};
use troupe_core::tool::{HiddenArgument, HiddenValue, HttpResponseForm, HttpTool, ToolKind, ToolSnapshot};

use super::place::{Place, serve, tool};

/// What the server saw of its last request, and what it answers with.
type Seen = Arc<Mutex<Value>>;

async fn echo(State(seen): State<Seen>, request: Request) -> axum::Json<Value> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let told = json!({
        "target": format!("{} {}", head.method, head.uri),
        "authorization": header("authorization"),
        "x-argument": header("x-argument"),
        "x-request-id": header("x-request-id"),
        "type": header("content-type"),
        "body": String::from_utf8_lossy(&body),
    });
    *seen.lock().unwrap() = told.clone();
    axum::Json(told)
}

async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let router = Router::new()
        .route("/bad", any(|| async { (StatusCode::UNPROCESSABLE_ENTITY, "{\"detail\": \"city is unknown\"}") }))
        .route("/words", get(|| async { "just words" }))
        .route("/large", get(|| async { "x".repeat(600 * 1024) }))
        .route("/moved", any(|| async { Redirect::temporary("/echo/moved") }))
        .fallback(echo)
        .with_state(seen.clone());
    (serve(router).await, seen)
}

fn plain(name: &str, value: &str) -> NamedValue {
    NamedValue { name: name.to_owned(), value: ConfigValue::Plain(value.to_owned()) }
}

fn secret(name: &str, key: &str) -> NamedValue {
    NamedValue { name: name.to_owned(), value: ConfigValue::Secret(reference(key)) }
}

fn reference(key: &str) -> SecretRef {
    SecretRef::Key { name: "api".to_owned(), key: key.to_owned() }
}

fn get_tool(url: String) -> HttpTool {
    HttpTool {
        method: "GET".to_owned(),
        url,
        trust: Trust::Literal,
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        response: HttpResponseForm::Auto,
        secret_host: None,
    }
}

fn http(tool_: HttpTool) -> ToolSnapshot {
    tool(ToolKind::Http(tool_))
}

#[tokio::test]
async fn arguments_go_where_the_manifest_puts_them() {
    let (place, (host, _)) = (Place::with(&[], |_| {}), server().await);
    let request = HttpTool {
        method: "POST".to_owned(),
        query: vec![plain("q", "{{city}}"), plain("fixed", "a b"), plain("gone", "{{gone}}")],
        headers: vec![plain("X-Argument", "in {{count}}"), plain("X-Gone", "{{gone}}")],
        body: Some(json!({"count": "{{count}}", "text": "{{count}} of {{city}}", "gone": "{{gone}}"})),
        ..get_tool(format!("http://{host}/v1/{{{{city}}}}/now"))
    };
    let result = place.call(&http(request), json!({"city": "São/Paulo & co", "count": 3})).await;
    let told = result.structured.expect(&result.content);
    assert_eq!(told["target"], "POST /v1/S%C3%A3o%2FPaulo%20%26%20co/now?q=S%C3%A3o%2FPaulo+%26+co&fixed=a+b");
    assert_eq!(told["body"], "{\"count\":3,\"text\":\"3 of São/Paulo & co\"}");
    assert_eq!(told["x-argument"], "in 3");
    assert_eq!((&told["type"], &told["x-request-id"]), (&json!("application/json"), &json!("request-7")));
}

#[tokio::test]
async fn a_header_with_a_line_break_is_refused() {
    let (place, (host, seen)) = (Place::new(), server().await);
    let request = HttpTool { headers: vec![plain("X-Argument", "{{a}}")], ..get_tool(format!("http://{host}/")) };
    let result = place.call(&http(request), json!({"a": "x\r\nAuthorization: stolen"})).await;
    assert!(result.is_error && result.content.contains("X-Argument"), "{}", result.content);
    assert_eq!(*seen.lock().unwrap(), Value::Null);
}

#[tokio::test]
async fn an_error_status_is_an_error_result_with_the_beginning_of_the_body() {
    let (place, (host, _)) = (Place::new(), server().await);
    let result = place.call(&http(get_tool(format!("http://{host}/bad"))), json!({})).await;
    assert!(result.is_error);
    assert_eq!(result.content, "Error: HTTP 422 Unprocessable Entity: {\"detail\": \"city is unknown\"}");
}

#[tokio::test]
async fn the_form_of_the_answer_is_as_promised() {
    let (place, (host, _)) = (Place::new(), server().await);
    let words = get_tool(format!("http://{host}/words"));
    assert_eq!(place.call(&http(words.clone()), json!({})).await.content, "just words");
    let json = HttpTool { response: HttpResponseForm::Json, ..words };
    assert!(place.call(&http(json), json!({})).await.content.starts_with("Error: the answer is not JSON"));
    let large = place.call(&http(get_tool(format!("http://{host}/large"))), json!({})).await;
    assert_eq!(large.content.len(), 600 * 1024);
}

#[tokio::test]
async fn secrets_go_to_their_host_and_are_masked_in_what_comes_back() {
    let (place, (host, seen)) = (Place::new(), server().await);
    let request = HttpTool {
        headers: vec![secret("Authorization", "token")],
        query: vec![secret("key", "other")],
        secret_host: Some(host.clone()),
        ..get_tool(format!("http://{host}/moved"))
    };
    let result = place.call(&http(request.clone()), json!({})).await;
    assert_eq!(seen.lock().unwrap()["authorization"], "s3cr3t-token", "the same host may redirect to itself");
    assert!(!result.content.contains("s3cr3t-token") && result.content.contains("***"), "{}", result.content);
    assert!(!result.structured.unwrap().to_string().contains("s3cr3t"));
    for elsewhere in [Some("api.test".to_owned()), None] {
        let other = HttpTool { secret_host: elsewhere, url: format!("http://{host}/echo"), ..request.clone() };
        place.call(&http(other), json!({})).await;
        let told = seen.lock().unwrap().clone();
        assert_eq!((&told["authorization"], &told["target"]), (&Value::Null, &json!("GET /echo")));
    }
}

#[tokio::test]
async fn a_host_from_an_argument_is_guarded_and_gets_no_secret() {
    let (host, seen) = server().await;
    let request = HttpTool {
        headers: vec![secret("Authorization", "token")],
        secret_host: Some(host.clone()),
        ..get_tool("http://{{host}}/echo".to_owned())
    };
    let refused = Place::with(&[], |_| {}).call(&http(request.clone()), json!({"host": host})).await;
    assert!(refused.is_error && refused.content.contains("refused to connect"), "{}", refused.content);
    let result = Place::new().call(&http(request), json!({"host": host})).await;
    assert!(!result.is_error, "{}", result.content);
    assert_eq!(seen.lock().unwrap()["authorization"], Value::Null);
}

#[tokio::test]
async fn hidden_arguments_win_and_their_secrets_keep_to_the_host() {
    let (place, (host, seen)) = (Place::new(), server().await);
    let request = HttpTool {
        headers: vec![plain("Authorization", "Bearer {{token}}"), plain("X-Argument", "{{unit}}")],
        secret_host: Some(host.clone()),
        ..get_tool(format!("http://{host}/echo"))
    };
    let hidden = vec![
        HiddenArgument { name: "unit".to_owned(), value: HiddenValue::Fixed(json!("metric")) },
        HiddenArgument { name: "token".to_owned(), value: HiddenValue::Secret(reference("token")) },
    ];
    let snapshot = ToolSnapshot { hidden_arguments: hidden, ..http(request.clone()) };
    let result = place.call(&snapshot, json!({"unit": "imperial", "token": "mine"})).await;
    assert_eq!(seen.lock().unwrap()["authorization"], "Bearer s3cr3t-token");
    assert_eq!(seen.lock().unwrap()["x-argument"], "metric");
    assert!(!result.content.contains("s3cr3t"), "{}", result.content);
    let elsewhere = ToolKind::Http(HttpTool { secret_host: Some("api.test".to_owned()), ..request });
    place.call(&ToolSnapshot { kind: elsewhere, ..snapshot }, json!({})).await;
    assert_eq!(seen.lock().unwrap()["authorization"], Value::Null);
}

#[tokio::test]
async fn a_missing_secret_is_named() {
    let (place, (host, _)) = (Place::new(), server().await);
    let request = HttpTool {
        headers: vec![secret("Authorization", "unknown")],
        secret_host: Some(host.clone()),
        ..get_tool(format!("http://{host}/echo"))
    };
    let result = place.call(&http(request), json!({})).await;
    assert!(result.is_error && result.content.contains("\"unknown\""), "{}", result.content);
}

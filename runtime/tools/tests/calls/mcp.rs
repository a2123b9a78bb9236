//! Tools of MCP servers, pinned in a run and called through the engine's port.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use troupe_core::model::{ConfigValue, NamedValue, SecretRef};
use troupe_core::tool::{McpServerSnapshot, McpTransport, OAuthClientCredentials};

use super::place::{Place, serve};

/// As small as a server can be: one tool that tells its arguments and its environment.
const SERVER: &str = r#"
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method = message["method"]
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "tell", "description": "Tells", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}]}
    elif method == "tools/call":
        text = json.dumps(message["params"]["arguments"]) + " " + os.environ.get("TOKEN", "none")
        result = {"content": [{"type": "text", "text": text}, {"type": "text", "text": str(os.getpid())}]}
    else:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "unknown"}}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

fn key(key: &str) -> SecretRef {
    SecretRef::Key { name: "api".to_owned(), key: key.to_owned() }
}

fn server(transport: McpTransport) -> McpServerSnapshot {
    McpServerSnapshot { name: "mini".to_owned(), transport, timeout_ms: None, max_response_bytes: 1 << 20 }
}

#[tokio::test]
async fn a_stdio_servers_tools_are_found_and_called_over_one_process() {
    let place = Place::new();
    let transport = McpTransport::Stdio {
        command: "python3".to_owned(),
        args: vec!["-c".to_owned(), SERVER.to_owned()],
        env: vec![NamedValue { name: "TOKEN".to_owned(), value: ConfigValue::Secret(key("token")) }],
        min_processes: 0,
        max_processes: 1,
        idle_timeout_ms: 0,
        per_session: false,
    };
    let found = place.tools.discover(&server(transport)).await.unwrap();
    let tool = &found[0];
    assert_eq!((tool.id.as_str(), tool.spec.name.as_str(), tool.read_only), ("mcp-mini-tell", "tell", true));
    let first = place.call(tool, json!({"a": 1})).await.content;
    let (told, process) = first.split_once('\n').unwrap();
    assert_eq!(told, "{\"a\": 1} ***", "the server has the secret, the model does not");
    let second = place.call(tool, json!({})).await.content;
    assert_eq!(second, format!("{{}} ***\n{process}"), "both calls met one process");
    place.tools.mcp().stop(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn client_credentials_are_exchanged_once_for_a_token_that_the_server_gets() {
    let asked = Arc::new(AtomicUsize::new(0));
    let token = |State(asked): State<Arc<AtomicUsize>>, headers: HeaderMap, body: String| async move {
        asked.fetch_add(1, Ordering::SeqCst);
        assert_eq!(body, "grant_type=client_credentials&scope=read");
        assert_eq!(headers["authorization"], "Basic bWU6czNjcjN0LXRva2Vu");
        Json(json!({"access_token": "granted-token", "token_type": "Bearer", "expires_in": 3600}))
    };
    let mcp = |headers: HeaderMap, Json(message): Json<Value>| async move {
        if headers.get("authorization").is_none_or(|value| value != "Bearer granted-token") {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let result = match message["method"].as_str() {
            Some("initialize") => {
                json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}})
            }
            Some("tools/list") => json!({"tools": [{"name": "tell", "inputSchema": {"type": "object"}}]}),
            Some("tools/call") => json!({"content": [{"type": "text", "text": "told granted-token"}]}),
            _ => return Ok(Err((StatusCode::ACCEPTED, ""))),
        };
        Ok(Ok(Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))))
    };
    let router = Router::new().route("/token", post(token)).route("/mcp", post(mcp)).with_state(asked.clone());
    let host = serve(router).await;
    let oauth = OAuthClientCredentials {
        token_url: format!("http://{host}/token"),
        client_id: ConfigValue::Plain("me".to_owned()),
        client_secret: key("token"),
        scopes: vec!["read".to_owned()],
    };
    let url = format!("http://{host}/mcp");
    let transport =
        McpTransport::Http { url, headers: Vec::new(), sse: false, oauth: Some(oauth), ca: None, per_session: false };
    let place = Place::new();
    let found = place.tools.discover(&server(transport)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(place.call(&found[0], json!({})).await.content, "told ***");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_secret_in_authorization_is_a_bearer_token_unless_it_names_a_scheme() {
    let mcp = |headers: HeaderMap, Json(message): Json<Value>| async move {
        let schema = json!({"type": "object"});
        let told = headers["authorization"].to_str().unwrap().replace("s3cr3t-token", "the token");
        let result = match message["method"].as_str() {
            Some("initialize") => {
                json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}})
            }
            Some("tools/list") => json!({"tools": [{"name": "tell", "description": told, "inputSchema": schema}]}),
            _ => return Err((StatusCode::ACCEPTED, "")),
        };
        Ok(Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result})))
    };
    let host = serve(Router::new().route("/mcp", post(mcp))).await;
    for (header, value, sent) in [
        ("Authorization", ConfigValue::Secret(key("token")), "Bearer the token"),
        ("authorization", ConfigValue::Plain("Token abc".to_owned()), "Token abc"),
        ("Authorization", ConfigValue::Plain("abc".to_owned()), "abc"),
    ] {
        let headers = vec![NamedValue { name: header.to_owned(), value }];
        let url = format!("http://{host}/mcp");
        let transport = McpTransport::Http { url, headers, sse: false, oauth: None, ca: None, per_session: false };
        let found = Place::new().tools.discover(&server(transport)).await.unwrap();
        assert_eq!(found[0].spec.description, sent);
    }
}

#[tokio::test]
async fn a_missing_secret_or_server_is_an_error_that_names_it() {
    let place = Place::new();
    let headers = vec![NamedValue { name: "Authorization".to_owned(), value: ConfigValue::Secret(key("unknown")) }];
    let transport = |headers| McpTransport::Http {
        url: "http://127.0.0.1:9/mcp".to_owned(),
        headers,
        sse: false,
        oauth: None,
        ca: None,
        per_session: false,
    };
    let error = place.tools.discover(&server(transport(headers))).await.unwrap_err().to_string();
    assert!(error.contains("\"unknown\""), "{error}");
    let error = place.tools.discover(&server(transport(Vec::new()))).await.unwrap_err().to_string();
    assert!(error.contains("mini"), "{error}");
}

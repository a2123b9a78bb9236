//! An MCP server over streamable HTTP in this process, which adds numbers and wants a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The server's token.
pub(crate) const TOKEN: &str = "Bearer mcp-token-1";

/// A running server.
pub(crate) struct McpServer {
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
    /// It lists another tool, too.
    pub(crate) grown: Arc<AtomicBool>,
}

impl Drop for McpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl McpServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let grown = Arc::new(AtomicBool::new(false));
        let routes = Router::new().route("/mcp", post(answer)).with_state(Arc::clone(&grown));
        #[expect(clippy::disallowed_methods, reason = "the server's own task ends with it")]
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, task, grown }
    }
}

async fn answer(State(grown): State<Arc<AtomicBool>>, headers: HeaderMap, Json(message): Json<Value>) -> Response {
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(TOKEN) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(id) = message.get("id").cloned() else { return StatusCode::ACCEPTED.into_response() };
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "adder", "version": "1"},
        }),
        "tools/list" => json!({"tools": tools(grown.load(Ordering::SeqCst))}),
        "tools/call" => {
            let numbers = &message["params"]["arguments"];
            let sum = numbers["a"].as_i64().unwrap_or(0) + numbers["b"].as_i64().unwrap_or(0);
            json!({"content": [{"type": "text", "text": format!("{{\"sum\": {sum}}}")}]})
        }
        _ => {
            let error = json!({"code": -32601, "message": "method not found"});
            return Json(json!({"jsonrpc": "2.0", "id": id, "error": error})).into_response();
        }
    };
    Json(json!({"jsonrpc": "2.0", "id": id, "result": result})).into_response()
}

fn tools(grown: bool) -> Vec<Value> {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    });
    let tool = |name: &str| json!({"name": name, "description": "Adds two numbers", "inputSchema": schema});
    let mut tools = vec![tool("add"), tool("sum")];
    if grown {
        tools.push(tool("plus"));
    }
    tools
}

//! MCP servers of others, named in manifests.

use serde_json::json;
use troupe_model_server::{ModelServer, Reply, Rule, Scenario, ToolCall, Unmatched, When};
use troupe_tests::{Peer, Place, peer};

use crate::manifest::{self, text};

fn offered(tool: &str) -> When {
    When { tool_offered: Some(tool.to_owned()), ..When::default() }
}

fn told(part: &str) -> When {
    When { last_tool_contains: Some(part.to_owned()), ..When::default() }
}

/// What an agent with a server answers.
async fn answer(name: &str, command: &str, arguments: &str, rules: Vec<Rule>) -> String {
    let model = ModelServer::start(Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }).await.unwrap();
    let manifests = [
        manifest::model("scripted", &model, "scripted", ""),
        manifest::mcp_server(name, command, arguments),
        manifest::agent("user", "You use a server.", &format!("{{mcpServer: {{name: {name}}}}}")),
    ];
    let place = Place::with(&manifests.concat()).unwrap();
    let service = place.serve().await.unwrap();
    let question = json!({"agent_id": "user", "text": "Use it", "session_id": "new"});
    let answer = service.post("/v1/infer", &question).await.unwrap();
    assert_eq!(answer.status, 200, "{}\n{}", answer.body, service.log());
    let messages = answer.body["messages"].as_array().unwrap();
    text(&messages.last().unwrap()["content"]).to_owned()
}

#[tokio::test]
async fn mcp_server_time_converts_times() {
    let Some(server) = peer(Peer::Time) else { return };
    let noon = json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"});
    let rules = vec![
        Rule::text("Nine in the evening.").when(told("T21:00:00+09:00")),
        Rule::call("convert_time", noon).when(offered("convert_time")),
    ];
    let said = answer("time", &server.to_string_lossy(), "--local-timezone, UTC", rules).await;
    assert_eq!(said, "Nine in the evening.");
}

/// Answers every request with one page, for as long as the test runs; where it is.
#[expect(clippy::disallowed_methods, reason = "the test's runtime ends the server with the test")]
async fn page(html: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pages = axum::Router::new().fallback(move || async move { axum::response::Html(html) });
    tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
    format!("http://{address}/")
}

#[tokio::test]
async fn mcp_server_fetch_reads_a_page() {
    let Some(server) = peer(Peer::Fetch) else { return };
    let url = page("<html><body><h1>Herons</h1><p>A heron stands still until it does not.</p></body></html>").await;
    let rules = vec![
        Rule::text("About herons.").when(told("A heron stands still")),
        Rule::call("fetch", json!({"url": url})).when(offered("fetch")),
    ];
    let arguments = "--ignore-robots-txt, --allow-private-ips";
    let said = answer("pages", &server.to_string_lossy(), arguments, rules).await;
    assert_eq!(said, "About herons.");
}

#[tokio::test]
async fn the_reference_server_is_called_twice_at_once() {
    let Some(server) = peer(Peer::Everything) else { return };
    let call = |name: &str, arguments| ToolCall { name: name.to_owned(), arguments, ..ToolCall::default() };
    let both = Reply {
        tool_calls: vec![call("get-sum", json!({"a": 19, "b": 23})), call("echo", json!({"message": "hello"}))],
        ..Reply::default()
    };
    let rules =
        vec![Rule::text("It said {{last_tool}}.").when(told("Echo: hello")), Rule::from(both).when(offered("get-sum"))];
    let said = answer("everything", &server.to_string_lossy(), "stdio", rules).await;
    assert_eq!(said, "It said Echo: hello.");
}

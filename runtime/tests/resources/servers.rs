//! `/v1/tools/mcp` and `/v1/mcp-servers`.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use troupe_catalog::McpDirectory;

use crate::mcp_server::{McpServer, TOKEN};
use crate::service::Service;

fn body(server: &McpServer) -> Value {
    json!({"mcpServers": {"adder": {"url": server.url, "headers": {"Authorization": TOKEN}}}})
}

#[tokio::test]
async fn a_server_is_registered_listed_called_and_deleted() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    let registered = service.post("/v1/tools/mcp", body(&server)).await;
    let tools = json!(["mcp-adder-add", "mcp-adder-sum"]);
    let expected = json!({"registered_servers": ["adder"], "registered_tools": tools});
    assert_eq!((registered.status, registered.body), (200, expected));
    assert!(!service.manifests().contains("mcp-token-1"));
    let servers = service.get("/v1/mcp-servers").await.body;
    let expected = json!({"mcpServers": {"adder": {"headers": {"Authorization": "********"}, "url": server.url}}});
    assert_eq!(servers, expected);
    let listed = service.get("/v1/tools").await.body;
    let tool = listed["tools"].as_array().unwrap().iter().find(|tool| tool["tool_id"] == "mcp-adder-add").unwrap();
    assert_eq!((&tool["tool_type"], &tool["mcp_server_name"]), (&json!("mcp"), &json!("adder")));
    let call = json!({"tool_id": "mcp-adder-add", "arguments": {"a": 2, "b": 3}, "format": "json"});
    assert_eq!(service.post("/v1/tools/call", call).await.body, json!({"result": {"sum": 5}}));
    let deleted = service.delete("/v1/mcp-servers/adder").await;
    let expected = json!({"status": "deleted", "server_name": "adder", "deleted_tools": tools});
    assert_eq!((deleted.status, deleted.body), (200, expected));
    assert!(!service.file("data/secrets.yaml").contains("mcp-token-1"));
    assert_eq!(service.delete("/v1/mcp-servers/adder").await.status, 404);
}

#[tokio::test]
async fn masks_keep_what_is_there() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    service.post("/v1/tools/mcp", body(&server)).await;
    let shown = service.get("/v1/mcp-servers").await.body;
    let again = service.post("/v1/tools/mcp", shown).await;
    assert_eq!((again.status, &again.body["registered_servers"]), (200, &json!(["adder"])));
    assert!(service.file("data/secrets.yaml").contains("mcp-token-1"));
}

#[tokio::test]
async fn what_cannot_be_reached_is_not_registered_and_told() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    let dead =
        json!({"mcpServers": {"dead": {"url": "http://127.0.0.1:1/mcp"}, "off": {"command": "x", "disabled": true}}});
    let answer = service.post("/v1/tools/mcp", dead).await;
    assert_eq!((answer.status, &answer.body["registered_servers"]), (400, &json!([])));
    assert!(answer.error().contains("dead") && answer.body["errors"].is_array(), "{answer:?}");
    let mut some = body(&server);
    some["mcpServers"]["dead"] = json!({"command": "/no/such/program"});
    let answer = service.post("/v1/tools/mcp", some).await;
    assert_eq!((answer.status, &answer.body["registered_servers"]), (200, &json!(["adder"])));
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1);
    assert_eq!(service.get("/v1/mcp-servers").await.body["mcpServers"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dead_server_does_not_fail_the_list() {
    let service = Service::start().await;
    let text = "apiVersion: troupe.dev/v1alpha1\nkind: McpServer\nmetadata:\n  name: dead\nspec:\n  http:\n    \
                url: http://127.0.0.1:1/mcp\n";
    service.write("resources/dead.yaml", text).await;
    for _ in 0..3 {
        let listed = service.get("/v1/tools").await;
        assert_eq!((listed.status, listed.body["tools"].as_array().unwrap().len()), (200, 6));
    }
}

#[tokio::test]
async fn an_agent_whose_server_is_dead_is_told_as_the_servers_failure() {
    let service = Service::start().await;
    let text = "apiVersion: troupe.dev/v1alpha1\nkind: McpServer\nmetadata:\n  name: dead\nspec:\n  http:\n    \
                url: http://127.0.0.1:1/mcp\n---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  \
                name: clock\nspec:\n  modelRef: {name: m}\n  tools: [{mcpServer: {name: dead}}]\n";
    service.post("/v1/models", json!({"model_id": "m", "api_base": "http://127.0.0.1:1", "model_name": "x"})).await;
    service.write("resources/dead.yaml", text).await;
    let inferred = service.post("/v1/infer", json!({"agent_id": "clock", "text": "hi"})).await;
    let run = service.post("/v1/agents/clock/runs", json!({"input": "hi"})).await;
    for answer in [inferred, run] {
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(answer.error().contains("cannot list the tools of MCP server \"dead\""), "{answer:?}");
    }
}

#[tokio::test]
async fn a_deleted_tool_is_offered_no_more_until_its_server_is_registered_again() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    service.post("/v1/tools/mcp", body(&server)).await;
    assert_eq!(service.delete("/v1/tools/mcp-adder-add").await.status, 200);
    let ids = |listed: &Value| listed["tools"].to_string().contains("mcp-adder-add");
    assert!(!ids(&service.get("/v1/tools").await.body));
    service.post("/v1/tools/mcp", body(&server)).await;
    assert!(ids(&service.get("/v1/tools").await.body));
}

#[tokio::test]
async fn the_generation_follows_the_list() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    service.post("/v1/tools/mcp", body(&server)).await;
    let before = service.app.mcp.generation();
    let snapshot = service.app.catalog.view().server("adder").unwrap();
    service.app.mcp.tools(&snapshot).await.unwrap();
    assert_eq!(service.app.mcp.generation(), before, "an unchanged list changes nothing");
    server.grown.store(true, Ordering::SeqCst);
    // What is remembered of a connection ends with it.
    service.app.mcp.forget("adder");
    assert_eq!(service.app.mcp.tools(&snapshot).await.unwrap().len(), 3);
    assert_ne!(service.app.mcp.generation(), before);
}

#[tokio::test]
async fn an_agent_has_tools_of_a_server_by_their_ids() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    service.post("/v1/tools/mcp", body(&server)).await;
    service.post("/v1/models", json!({"model_id": "m", "api_base": "http://127.0.0.1:1", "model_name": "x"})).await;
    let agent = json!({"model_id": "m", "nickname": "adder", "tool_ids": ["mcp-adder-sum", "bash"]});
    let id = service.post("/v1/agents", agent).await.body["agent_id"].as_str().unwrap().to_owned();
    let shown = service.get(&format!("/v1/agents/{id}")).await.body;
    assert_eq!(shown["tool_ids"], json!(["mcp-adder-sum", "bash"]));
    let pinned = service.app.resolve_agent(&id, None).await.unwrap();
    let names: Vec<_> = pinned.snapshot.agent().unwrap().tools.iter().map(|tool| tool.spec.name.clone()).collect();
    assert_eq!(names, ["sum", "bash"]);
}

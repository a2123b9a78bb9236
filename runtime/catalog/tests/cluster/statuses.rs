//! What the runtime says in statuses, and that it says it once.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use serde_json::json;
use troupe_catalog::{DiscoveredTool, Reachability};
use troupe_crds::Kind;

use crate::place::{LIMIT, MODEL, Place, entry, eventually, ready, said, until};

const SERVER: &str = "
apiVersion: troupe.dev/v1alpha1
kind: McpServer
metadata: {name: remote}
spec: {http: {url: 'https://mcp.example.com/mcp'}}
";

/// Long enough for news to go around between replicas on a busy machine; what is wrong by then shows.
const A_WHILE: Duration = Duration::from_secs(3);

fn tool(name: &str) -> DiscoveredTool {
    DiscoveredTool { name: name.to_owned(), description: format!("Does {name}."), ..DiscoveredTool::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn discovered_tools_are_in_the_status_and_written_once() {
    let Some(place) = Place::new().await else { return };
    place.apply(SERVER).await;
    let (first, second) = (place.open().await, place.open().await);
    first.catalog.report_tools("remote", Ok(&[tool("b"), tool("a")]));
    place.until_said(Kind::McpServer, "remote", "Discovered", "ToolsListed").await;
    let object = place.ours(Kind::McpServer).get("remote").await.unwrap();
    let status = &object.data["status"];
    assert_eq!((&status["toolCount"], &status["tools"][0]["name"]), (&2.into(), &"a".into()));
    assert_eq!(status["tools"][0]["schemaHash"].as_str().unwrap().len(), 16);
    let by: Vec<_> = object.metadata.managed_fields.unwrap().into_iter().filter_map(|entry| entry.manager).collect();
    assert!(by.contains(&"troupe-runtime".to_owned()), "{by:?}");
    // Another replica finds the same, in another order, once it has heard of the status.
    tokio::time::sleep(A_WHILE).await;
    second.catalog.report_tools("remote", Ok(&[tool("a"), tool("b")]));
    first.catalog.report_tools("remote", Ok(&[tool("b"), tool("a")]));
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((first.catalog.written_statuses(), second.catalog.written_statuses()), (1, 0));
    // What is new is written by whoever finds it first.
    second.catalog.report_tools("remote", Ok(&[tool("a"), tool("b"), tool("c")]));
    let three = |object: Option<&DynamicObject>| object.is_some_and(|object| object.data["status"]["toolCount"] == 3);
    place.until_object(Kind::McpServer, "remote", "three tools", three).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((first.catalog.written_statuses(), second.catalog.written_statuses()), (1, 1), "nobody writes it back");
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_differ_do_not_flap() {
    let Some(place) = Place::new().await else { return };
    place.apply(MODEL).await;
    let (first, second) = (place.open().await, place.open().await);
    first.catalog.report_model("small", Reachability::Answered);
    place.until_said(Kind::Model, "small", "Reachable", "Answered").await;
    second.catalog.report_model("small", Reachability::ConnectionFailed("connection refused".to_owned()));
    let message = place.until_said(Kind::Model, "small", "Reachable", "ConnectionFailed").await;
    assert_eq!(message, "connection refused");
    for _ in 0..100 {
        first.catalog.report_model("small", Reachability::Answered);
        second.catalog.report_model("small", Reachability::ConnectionFailed("timed out".to_owned()));
    }
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((first.catalog.written_statuses(), second.catalog.written_statuses()), (1, 1));
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_already_is_not_written_and_the_operators_part_is_left_alone() {
    let Some(place) = Place::new().await else { return };
    place.grant(&["provider"], &[]).await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: provider}, stringData: {token: x}}").await;
    place.apply(&format!("{BLOCK}\n  apiKey: {{secretKeyRef: {{name: provider, key: token}}}}\n")).await;
    let body = serde_json::json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Model", "status": {
        "observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Valid", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    let by = kube::api::PatchParams::apply("troupe-operator").force();
    place.ours(Kind::Model).patch_status("small", &by, &kube::api::Patch::Apply(body)).await.unwrap();
    let first = place.open().await;
    place.until_said(Kind::Model, "small", "SecretsResolved", "SecretsFound").await;
    first.stop().await;
    let object = place.ours(Kind::Model).get("small").await.unwrap();
    assert_eq!(said(&object, "Ready").unwrap()["reason"], "Valid");
    let again = place.open().await;
    // An edit makes another generation, which is no transition.
    place.merge(Kind::Model, "small", serde_json::json!({"spec": {"model": "large"}})).await;
    until(&again.catalog, "the edit", |catalog| {
        catalog.view().model("small").is_some_and(|spec| spec.model == "large")
    })
    .await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(again.catalog.written_statuses(), 0);
    // What no longer applies goes.
    place.merge(Kind::Model, "small", serde_json::json!({"spec": {"apiKey": null}})).await;
    eventually("the end of a condition", async || {
        said(&place.ours(Kind::Model).get("small").await.unwrap(), "SecretsResolved").is_none()
    })
    .await;
    again.stop().await;
}

const BLOCK: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec:
  protocol: OpenAI
  baseUrl: 'https://api.example.com/v1'
  model: tiny";

#[tokio::test(flavor = "multi_thread")]
async fn that_a_servers_pods_come_and_go_is_told_at_once() {
    let Some(place) = Place::new().await else { return };
    let server =
        "{apiVersion: troupe.dev/v1alpha1, kind: McpServer, metadata: {name: time}, spec: {stdio: {command: x}}}";
    place.apply(server).await;
    let running = place.open().await;
    let catalog = &running.catalog;
    let mut turns = catalog.subscribe_pods().unwrap();
    assert_eq!(catalog.has_pods("time"), None, "the operator has not said so yet");
    for (status, is) in [("False", false), ("True", true), ("False", false)] {
        let says = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "McpServer", "status": {"conditions": [
            {"type": "Available", "status": status, "reason": "WorkloadAvailable", "message": "",
             "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let by = PatchParams::apply("troupe-operator").force();
        place.ours(Kind::McpServer).patch_status("time", &by, &Patch::Apply(says)).await.unwrap();
        let told = async {
            while catalog.has_pods("time") != Some(is) {
                turns.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, told).await.expect("it is told");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_what_runs_code_says_so_and_heals() {
    let Some(place) = Place::new().await else { return };
    place.apply("{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {}}").await;
    let tool = "{apiVersion: troupe.dev/v1alpha1, kind: Tool, metadata: {name: adds}, spec: {description: Adds., \
                function: {language: Python, source: 'result = 1'}}}";
    place.apply(tool).await;
    let running = place.open().await;
    let catalog = &running.catalog;
    assert!(entry(catalog, Kind::Tool, "adds").is_ready());
    catalog.note_sandbox(Some("no sandbox answers".to_owned())).await;
    let (reason, message) = ready(catalog, Kind::Tool, "adds");
    assert_eq!((reason.as_str(), message.as_str()), ("SandboxUnavailable", "spec.function: no sandbox answers"));
    for (kind, name) in [(Kind::Tool, "adds"), (Kind::Runtime, "default")] {
        let message = place.until_said(kind, name, "SandboxReady", "SandboxUnavailable").await;
        assert_eq!(message, "no sandbox answers", "{kind} {name}");
    }
    catalog.note_sandbox(None).await;
    assert!(entry(catalog, Kind::Tool, "adds").is_ready());
    for (kind, name) in [(Kind::Tool, "adds"), (Kind::Runtime, "default")] {
        let silent =
            |object: Option<&DynamicObject>| object.is_some_and(|object| said(object, "SandboxReady").is_none());
        place.until_object(kind, name, "say nothing of a sandbox", silent).await;
    }
    running.stop().await;
}

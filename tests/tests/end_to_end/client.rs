//! Clients of others: OpenAI's official one, and one of the first generation.

use serde_json::json;
use troupe_model_server::{ModelServer, Reply, Role, Rule, Scenario, ToolCall, Unmatched, When};
use troupe_tests::{Ledger, Peer, Place, Service, peer, run};

use crate::manifest;

fn told(text: &str) -> When {
    When { last_tool_contains: Some(text.to_owned()), ..When::default() }
}

fn helper() -> When {
    When { system_contains: Some("You are the helper".to_owned()), ..When::default() }
}

/// A scripted call whose id is the same each time, so that two answers can be compared.
fn call(id: &str, name: &str, arguments: serde_json::Value) -> ToolCall {
    ToolCall { id: Some(id.to_owned()), name: name.to_owned(), arguments, ..ToolCall::default() }
}

struct Stage {
    service: Service,
    _model: ModelServer,
    _ledger: Ledger,
    _place: Place,
}

async fn stage(rules: Vec<Rule>) -> Stage {
    let model = ModelServer::start(Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }).await.unwrap();
    let ledger = Ledger::start().await.unwrap();
    let manifests = [
        manifest::model("scripted", &model, "scripted", ""),
        manifest::http_tool("look", "GET", &ledger.url()),
        manifest::agent("looker", "You are the looker.", "{tool: {name: look}}"),
        manifest::agent("boss", "You are the boss.", "{tool: {name: look}}, {agent: {name: helper}}"),
        manifest::agent("helper", "You are the helper.", ""),
    ];
    let place = Place::with(&manifests.concat()).unwrap();
    let service = place.serve().await.unwrap();
    Stage { service, _model: model, _ledger: ledger, _place: place }
}

fn script(name: &str) -> String {
    format!("{}/tests/end_to_end/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn the_official_openai_client_works_unchanged() {
    let Some(python) = peer(Peer::Python) else { return };
    let weather = When {
        tool_offered: Some("get_weather".to_owned()),
        last_user_contains: Some("weather".to_owned()),
        ..When::default()
    };
    let stage = stage(vec![
        Rule::text("It is {{last_tool}} in Oslo.").when(told("rain")),
        Rule::text("I have looked.").when(told("look is done")),
        Rule::call("get_weather", json!({"city": "Oslo"})).when(weather),
        Rule::call("look", json!({})).when(When { tool_offered: Some("look".to_owned()), ..When::default() }),
    ])
    .await;
    let output = run(&python, &[&script("official.py"), stage.service.url()]).await.unwrap();
    assert_eq!(output.trim(), "done");
}

#[tokio::test]
async fn a_client_of_the_first_generation_rebuilds_the_answer_from_the_stream() {
    let Some(python) = peer(Peer::Python) else { return };
    let looking = Reply {
        text: Some("Let me look – once.".to_owned()),
        thinking: Some("Where is it?".to_owned()),
        // One call: of two at once, either may be done first.
        tool_calls: vec![call("call_a", "look", json!({}))],
        ..Reply::default()
    };
    let delegating =
        Reply { tool_calls: vec![call("call_b", "helper", json!({"task": "Say \"help\""}))], ..Reply::default() };
    let stage = stage(vec![
        Rule::text("Help is\nhere.").when(helper()),
        Rule::text("Everything is done.").when(told("Help is")),
        Rule::from(delegating).when(told("look is done")),
        Rule::from(looking).when(When { last_role: Some(Role::User), ..When::default() }),
    ])
    .await;
    for session in ["", "new"] {
        let request = json!({"agent_id": "boss", "text": "Look for help", "session_id": session}).to_string();
        let output = run(&python, &[&script("s1.py"), stage.service.url(), &request]).await.unwrap();
        let messages: Vec<serde_json::Value> = serde_json::from_str(&output).unwrap();
        let roles: Vec<&str> = messages.iter().map(|message| manifest::text(&message["role"])).collect();
        assert_eq!(roles, ["assistant", "tool", "assistant", "tool", "assistant"], "{output}");
        assert_eq!(messages[0]["thinking"], "Where is it?");
        assert_eq!(messages[3]["content"], "Help is\nhere.");
    }
}

/// The groups of checks of `clients/s1_rows`, each named as its file.
const GROUPS: [&str; 8] =
    ["templates", "delegate", "context", "sessions", "agents", "variables", "http_server", "examples"];

#[tokio::test]
async fn a_client_of_the_first_generation_finds_every_row_as_described() {
    let Some(python) = peer(Peer::Python) else { return };
    let place = Place::new().unwrap();
    let service = place.serve().await.unwrap();
    let (rows, workspace) = (script("s1_rows"), place.workspace());
    for group in GROUPS {
        let arguments: [&str; 5] = ["-B", &rows, service.url(), workspace.to_str().unwrap(), group];
        // The program fails where a check does, and its output says which.
        let output = run(&python, &arguments).await.unwrap_or_else(|error| panic!("{group}: {error:#}"));
        assert!(output.trim().ends_with(" 0 failed"), "{output}");
    }
}

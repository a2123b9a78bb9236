//! Sessions as a person keeps them: made, named, pinned, put away, with a folder; and that a person is waited for.

use reqwest::Method;
use serde_json::{Value, json};
use troupe_model_server::{Role, Rule, When};

use crate::setting::{Setting, scribe, small};

const CAREFUL: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: greet}
spec:
  description: Greets, where somebody agrees.
  approval: Always
  parameters: {type: object, properties: {name: {type: string}}}
  template: {text: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: careful}
spec: {modelRef: {name: small}, tools: [{tool: {name: greet}}]}
";

async fn patch(setting: &Setting, session: &str, body: &Value) -> (u16, Value) {
    let response = setting.request(Method::PATCH, &format!("/v1/sessions/{session}"), &body.to_string()).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

fn titles(listed: &Value) -> Vec<&str> {
    listed["sessions"].as_array().unwrap().iter().map(|entry| entry["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_session_is_made_before_anything_is_said_in_it() {
    let setting = Setting::new([small(100)]).await;
    let asked = json!({"title": " Trip ", "agent_id": "keeper", "tool_ids": ["bash"]});
    let (status, made) = setting.post("/v1/sessions", &asked).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["title"], &made["agent_id"], &made["tool_ids"], &made["turn_count"], &made["status"]),
        (&json!("Trip"), &json!("keeper"), &json!(["bash"]), &json!(0), &json!("idle"))
    );
    assert_eq!((&made["pinned"], &made["archived"]), (&json!(false), &json!(false)));
    let session = made["session_id"].as_str().unwrap();
    assert_eq!(setting.say(session, "one").await, session);
    assert_eq!(setting.entry(session).await["title"], "Trip");

    let (status, nameless) = setting.post("/v1/sessions", &json!({})).await;
    assert_eq!((status, &nameless["title"]), (201, &json!("")));
    let session = setting.say(nameless["session_id"].as_str().unwrap(), "what is the weather").await;
    assert_eq!(setting.entry(&session).await["title"], "what is the weather");
    let (_, found) = setting.get("/v1/sessions/search?q=trip").await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn a_session_is_named_pinned_and_put_away_and_the_feed_tells_it() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "one").await;
    setting.say("new", "other").await;
    let mut feed = setting.feed().await;
    feed.next().await;
    let (status, entry) = patch(&setting, &session, &json!({"title": "First", "pinned": true})).await;
    assert_eq!((status, &entry["title"], &entry["pinned"]), (200, &json!("First"), &json!(true)));
    assert_eq!(feed.next().await, json!({"event": "title_update", "session_id": session, "title": "First"}));
    let kept = |archived: bool| json!({"event": "kept", "session_id": session, "pinned": true, "archived": archived});
    assert_eq!(feed.next().await, kept(false));
    assert_eq!(patch(&setting, &session, &json!({"archived": true})).await.1["title"], "First");
    assert_eq!(feed.next().await, kept(true));
    for (query, expected) in
        [("", vec!["other", "First"]), ("?archived=true", vec!["First"]), ("?archived=false", vec!["other"])]
    {
        let (_, listed) = setting.get(&format!("/v1/sessions{query}")).await;
        assert_eq!(titles(&listed), expected, "{query}");
    }
    let (_, whole) = setting.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((&whole["meta"]["pinned"], &whole["meta"]["archived"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn what_is_wrong_with_a_patch_is_named() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "one").await;
    for (body, field) in [
        (json!({"title": "  "}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"pinned": "yes"}), "pinned"),
        (json!({"workspace": "/nowhere/at/all"}), "workspace"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let (status, problem) = patch(&setting, &session, &body).await;
        assert!(status == 400 && problem["error"].as_str().unwrap().contains(field), "{body}: {status} {problem}");
    }
    assert_eq!(patch(&setting, "none", &json!({"pinned": true})).await.0, 404);
    assert_eq!(setting.post("/v1/sessions", &json!({"tool_ids": [""]})).await.0, 400);
}

#[tokio::test]
async fn a_session_of_its_own_folder_works_there() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = |folder: &tempfile::TempDir| folder.path().canonicalize().unwrap().display().to_string();
    let (chosen, default) = (folder(&own), folder(&other));
    let workspace = other.path().to_owned();
    let setting = Setting::with([small(100)], "", |settings| settings.workspace = Some(workspace)).await;
    let session = setting.say("new", "one").await;
    assert_eq!(setting.entry(&session).await["workspace"], json!(default));
    assert_eq!(patch(&setting, &session, &json!({"workspace": chosen})).await.1["workspace"], json!(chosen));
    std::fs::write(own.path().join("note.txt"), "Danube").unwrap();
    let say = json!({"agent_id": "keeper", "session_id": session, "text": "<file>note.txt</file>"});
    assert_eq!(setting.post("/v1/infer", &say).await.0, 200);
    let turns = setting.turns(&session).await;
    assert!(turns[2]["content"].as_str().unwrap().contains("Danube"), "{turns:?}");
    assert_eq!(patch(&setting, &session, &json!({"workspace": null})).await.1["workspace"], json!(chosen), "as it ran");
    assert_eq!(setting.post("/v1/infer", &say).await.0, 400, "the file is not in the default folder");
}

#[tokio::test]
async fn a_folder_without_a_whole_path_lies_in_the_services_own() {
    let own = tempfile::tempdir().unwrap();
    let root = own.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("notes")).unwrap();
    std::fs::write(root.join("notes/today.txt"), "Danube").unwrap();
    let workspace = root.clone();
    let setting = Setting::with([small(100)], "", |settings| settings.workspace = Some(workspace)).await;
    let session = setting.say("new", "one").await;
    let (_, changed) = patch(&setting, &session, &json!({"workspace": "notes"})).await;
    assert_eq!(changed["workspace"], json!(root.join("notes").display().to_string()), "{changed}");
    let say = json!({"agent_id": "keeper", "workspace": "notes", "text": "<file>today.txt</file>"});
    assert_eq!(setting.post("/v1/infer", &say).await.0, 200);
    // The first is a folder of where the tests run, not of the workspace.
    for wrong in ["src", "..", "notes/../.."] {
        let (status, problem) = patch(&setting, &session, &json!({"workspace": wrong})).await;
        let said = problem["error"].as_str().unwrap_or_default();
        assert!(status == 400 && said.contains("no folder in the service's workspace"), "{wrong}: {problem}");
    }
}

#[tokio::test]
async fn a_session_whose_run_waits_for_a_person_says_so() {
    let calls = When { last_role: Some(Role::User), tool_offered: Some("greet".to_owned()), ..When::default() };
    let rules = [Rule::call("greet", json!({"name": "Ada"})).when(calls), small(100)];
    let setting = Setting::with(rules, CAREFUL, |_| {}).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    let begin = json!({"input": "greet Ada", "session_id": "new", "wait": 60});
    let (status, run) = setting.post("/v1/agents/careful/runs", &begin).await;
    assert_eq!((status, &run["status"]), (201, &json!("waiting")), "{run}");
    let session = run["session_id"].as_str().unwrap();
    let told = |status: &str| json!({"event": "message", "session_id": session, "status": status});
    assert_eq!((feed.next().await, feed.next().await), (told("streaming"), told("waiting")));
    assert_eq!(setting.entry(session).await["status"], "waiting");
    let (id, call) = (run["id"].as_str().unwrap(), run["waiting_for"][0]["call_id"].as_str().unwrap());
    let approve = json!({"decision": "approve"});
    assert_eq!(setting.post(&format!("/v1/runs/{id}/approvals/{call}"), &approve).await.0, 200);
    assert_eq!((feed.next().await, feed.next().await), (told("streaming"), told("done_success_unread")));
}

#[tokio::test]
async fn an_agent_answers_with_another_model_where_that_is_asked_for() {
    let setting = Setting::new([small(100), scribe("by another")]).await;
    let ask = |model: &str| json!({"agent_id": "plain", "text": "hi", "model_config_override": {"model_id": model}});
    let (status, answer) = setting.post("/v1/infer", &ask("scribe")).await;
    let said = answer["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    assert_eq!((status, &said["content"]), (200, &json!("by another")), "{answer}");
    assert_eq!(setting.asked("scribe").last().unwrap().join("|"), "system: be kind|user: hi");
    let (status, problem) = setting.post("/v1/infer", &ask("nothing")).await;
    assert_eq!((status, &problem["error_code"]), (400, &json!("MODEL_NOT_FOUND")), "{problem}");
}

#[tokio::test]
async fn a_stream_names_its_run_at_once_and_runs_are_listed_by_time() {
    let setting = Setting::new([small(100)]).await;
    let ask = json!({"agent_id": "plain", "text": "hi", "session_id": "new"});
    let response = setting.request(Method::POST, "/v1/infer/stream", &ask.to_string()).await;
    let run = response.headers()["x-run-id"].to_str().unwrap().to_owned();
    response.text().await.unwrap();
    for (query, count) in [
        ("", 1),
        ("?since=2000-01-01T00:00:00Z", 1),
        ("?until=2000-01-01T00:00:00Z", 0),
        ("?since=2999-01-01T00:00:00Z", 0),
    ] {
        let (_, listed) = setting.get(&format!("/v1/runs{query}")).await;
        assert_eq!(listed["runs"].as_array().unwrap().len(), count, "{query}");
        assert!(count == 0 || listed["runs"][0]["id"] == json!(run));
    }
    assert_eq!(setting.get("/v1/runs?since=yesterday").await.0, 400);
}

#[tokio::test]
async fn a_conversation_that_an_agent_begins_is_that_agents() {
    let setting = Setting::new([small(100)]).await;
    let asked = json!({"agent_id": "plain", "session_id": "new", "model_id": "scribe", "tool_ids": ["fetch"],
        "messages": [{"role": "system", "content": "be rude"}, {"role": "user", "content": "hi"}]});
    let (status, body) = setting.post("/v1/infer", &asked).await;
    assert_eq!((status, &body["messages"][0]["name"]), (200, &json!("plain")), "{body}");
    let session = body["session_id"].as_str().unwrap();
    let (_, kept) = setting.get(&format!("/v1/sessions/{session}")).await;
    let meta = &kept["meta"];
    assert_eq!(
        (&meta["agent_id"], &meta["model_id"], &meta["tool_ids"]),
        (&json!("plain"), &json!("small"), &json!([]))
    );
    assert!(!kept["messages"].to_string().contains("be rude"), "{kept}");
    let again = json!({"model_id": "small", "session_id": session, "text": "again"});
    assert_eq!(setting.post("/v1/infer", &again).await.0, 200);
    assert_eq!(setting.asked("small")[1], ["user: hi", "assistant: re: hi", "user: again"]);
}

#[tokio::test]
async fn results_without_an_id_belong_to_the_calls_of_their_tools() {
    let setting = Setting::new([small(100)]).await;
    let messages = json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "tool_calls": [
            {"id": "a", "name": "one", "arguments": "{}"}, {"id": "b", "name": "two", "arguments": "{}"}]},
        {"role": "tool", "name": "two", "content": "second"},
        {"role": "tool", "content": "first"},
        {"role": "user", "content": "z"}]);
    let (status, body) = setting.post("/v1/infer", &json!({"model_id": "small", "messages": messages})).await;
    assert_eq!(status, 200, "{body}");
    let sent = setting.models.requests()[0].json();
    let results: Vec<_> =
        sent["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool").collect();
    let told = |index: usize| (results[index]["tool_call_id"].as_str(), results[index]["content"].as_str());
    assert_eq!((results.len(), told(0), told(1)), (2, (Some("b"), Some("second")), (Some("a"), Some("first"))));
}

#[tokio::test]
async fn a_template_that_is_not_there_is_named() {
    let setting = Setting::new([small(100)]).await;
    let messages = json!([{"role": "user", "content": "", "prompt_template": "unknown"}]);
    let (status, body) = setting.post("/v1/infer", &json!({"model_id": "small", "messages": messages})).await;
    assert_eq!((status, &body["field"]), (400, &json!("messages[0].prompt_template")), "{body}");
    assert!(body["error"].as_str().unwrap().contains("unknown"), "{body}");
}

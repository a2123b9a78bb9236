//! `/v1/agents`.

use std::os::unix::fs::MetadataExt as _;

use serde_json::{Value, json};

use crate::service::Service;

async fn service() -> Service {
    let service = Service::start().await;
    let model = json!({"model_id": "qwen3.5:9b", "api_base": "http://127.0.0.1:1", "model_name": "x"});
    assert_eq!(service.post("/v1/models", model).await.status, 201);
    let template = json!({"template_id": "t 1", "content": "You are {{who}}."});
    assert_eq!(service.post("/v1/prompt-templates", template).await.status, 201);
    service
}

fn agent() -> Value {
    json!({
        "model_id": "qwen3.5:9b",
        "nickname": "Weather bot",
        "tool_ids": ["bash", "fetch"],
        "template_id": "t 1",
        "template_arguments": {"who": "kind"},
        "system_prompt": "unused",
        "myself_view": "calm",
        "description": "Knows the weather",
        "avatar": "☀",
        "group": "daily",
    })
}

#[tokio::test]
async fn an_agent_is_shown_as_it_was_saved() {
    let service = service().await;
    let created = service.post("/v1/agents", agent()).await;
    assert_eq!((created.status, &created.body["status"]), (201, &json!("created")));
    let id = created.body["agent_id"].as_str().unwrap();
    let mut shown = service.get(&format!("/v1/agents/{id}")).await.body;
    assert!(shown["last_modified"].as_str().unwrap().starts_with("20"));
    shown.as_object_mut().unwrap().shift_remove("last_modified");
    let mut expected = agent();
    expected["agent_id"] = id.into();
    assert_eq!(shown, expected);
    let pinned = service.app.resolve_agent(id, None).await.unwrap();
    let pinned = pinned.snapshot.agent().unwrap();
    assert!(pinned.system.starts_with("You are kind."), "{}", pinned.system);
    assert_eq!(pinned.tools.iter().map(|tool| tool.spec.name.as_str()).collect::<Vec<_>>(), ["bash", "fetch"]);
    let models = service.get("/v1/models").await.body["data"].clone();
    assert!(
        models.as_array().unwrap().iter().any(|model| model["id"].as_str().unwrap().starts_with("agent/weather-bot"))
    );
}

#[tokio::test]
async fn agents_of_one_moment_and_one_name_have_ids_of_their_own() {
    let service = service().await;
    let created = futures::future::join_all((0..8).map(|_| service.post("/v1/agents", agent()))).await;
    let mut ids: Vec<String> =
        created.iter().map(|answer| answer.body["agent_id"].as_str().unwrap_or_default().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8, "{created:?}");
    assert_eq!(service.get("/v1/agents").await.body["agents"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn a_put_changes_only_what_it_says() {
    let service = service().await;
    let text = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: helper\nspec:\n  goal: help # much\n  \
                tools:\n  - builtin: Bash\n    approval: Always\n  - builtin: Fetch\n  limits:\n    maxToolRounds: 3\n";
    service.write("resources/helper.yaml", text).await;
    let answer = service.put("/v1/agents/helper", json!({"tool_ids": ["bash"], "nickname": "Helper"})).await;
    assert_eq!((answer.status, answer.body), (200, json!({"status": "updated", "agent_id": "helper"})));
    let file = service.file("resources/helper.yaml");
    for kept in ["goal: help # much", "approval: Always", "maxToolRounds: 3", "displayName: Helper"] {
        assert!(file.contains(kept), "{kept} in\n{file}");
    }
    assert!(!file.contains("Fetch"), "{file}");
    service.put("/v1/agents/helper", json!({"template_id": "t 1"})).await;
    assert_eq!(service.get("/v1/agents/helper").await.body["template_id"], "t 1");
    service.put("/v1/agents/helper", json!({"template_id": null})).await;
    assert_eq!(service.get("/v1/agents/helper").await.body["template_id"], Value::Null);
}

#[tokio::test]
async fn revisions_are_listed_and_one_of_them_is_published() {
    let service = service().await;
    let id = service.post("/v1/agents", agent()).await.body["agent_id"].as_str().unwrap().to_owned();
    service.put(&format!("/v1/agents/{id}"), json!({"nickname": "Second"})).await;
    let revisions = service.get(&format!("/v1/agents/{id}/revisions")).await.body["items"].clone();
    assert_eq!(revisions.as_array().unwrap().len(), 2);
    assert_eq!((&revisions[0]["current"], &revisions[1]["current"]), (&json!(true), &json!(false)));
    let first = revisions[1]["short"].clone();
    let published = service.post(&format!("/v1/agents/{id}/publish"), json!({"revision": first})).await;
    assert_eq!((published.status, &published.body["revision"]), (200, &revisions[1]["revision"]));
    let serving = service.app.resolve_agent(&id, None).await.unwrap();
    assert_eq!(serving.snapshot.agent().unwrap().display_name, "Weather bot");
    let unknown = service.post(&format!("/v1/agents/{id}/publish"), json!({"revision": "nope"})).await;
    assert!(unknown.status == 400 && unknown.error().contains("revision"), "{unknown:?}");
    let unpinned = service.post(&format!("/v1/agents/{id}/publish"), json!({"revision": null})).await;
    assert_eq!(unpinned.body["status"], "unpublished");
    // Where nothing is pinned, nothing is written: a copy would win over what it is of from then on.
    let written = || {
        let files = std::fs::read_dir(service.path("resources/agents")).unwrap().map(|file| file.unwrap());
        files.map(|file| (file.path(), file.metadata().unwrap().ino())).collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = written();
    let once_more = service.post(&format!("/v1/agents/{id}/publish"), json!({"revision": null})).await;
    assert_eq!((once_more.status, written()), (200, before));
    let serving = service.app.resolve_agent(&id, None).await.unwrap();
    assert_eq!(serving.snapshot.agent().unwrap().display_name, "Second");
}

#[tokio::test]
async fn a_broken_edit_is_shown_with_what_serves_in_its_place() {
    let service = service().await;
    let text = |model: &str, goal: &str| {
        format!(
            "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: helper}}\n\
             spec: {{description: {goal}, modelRef: {{name: {model}}}}}\n"
        )
    };
    let model = service.get("/v1/resources/models").await.body["items"][0]["metadata"]["name"].clone();
    let model = model.as_str().unwrap();
    service.write("resources/helper.yaml", &text(model, "one")).await;
    let whole = service.get("/v1/agents/helper").await.body;
    assert_eq!((&whole["description"], whole.get("serving")), (&json!("one"), None));
    let revision = service.get("/v1/agents/helper/revisions").await.body["items"][0]["revision"].clone();
    service.write("resources/helper.yaml", &text("missing", "two")).await;
    let broken = service.get("/v1/agents/helper").await.body;
    assert_eq!(broken["description"], "two", "{broken}");
    assert_eq!(broken["serving"]["revision"], revision, "{broken}");
    assert_eq!(broken["serving"]["reason"], "ReferenceNotFound");
    assert!(broken["serving"]["message"].as_str().unwrap().contains("missing"), "{broken}");
    let serving = service.app.resolve_agent("helper", None).await.unwrap();
    assert_eq!(serving.snapshot.agent().unwrap().description, "one");
    service.write("resources/helper.yaml", &text(model, "three")).await;
    assert_eq!(service.get("/v1/agents/helper").await.body.get("serving"), None);
}

#[tokio::test]
async fn a_deleted_agent_is_gone() {
    let service = service().await;
    let id = service.post("/v1/agents", agent()).await.body["agent_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/agents/{id}");
    assert_eq!(service.delete(&path).await.body, json!({"status": "deleted", "agent_id": id}));
    for answer in [service.get(&path).await, service.delete(&path).await, service.put(&path, json!({})).await] {
        assert_eq!(answer.status, 404);
    }
}

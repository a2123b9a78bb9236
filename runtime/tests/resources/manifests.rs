//! `/v1/resources`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::Service;

const TEMPLATE: &str = "apiVersion: troupe.dev/v1alpha1\nkind: PromptTemplate\nmetadata:\n  name: greet\nspec:\n  \
                        content: Hello\n";

#[tokio::test]
async fn a_manifest_is_applied_shown_and_deleted() {
    let service = Service::start().await;
    let path = "/v1/resources/prompttemplates/greet";
    let applied = service.send(Method::PUT, path, TEMPLATE, &[("content-type", "application/yaml")]).await;
    assert_eq!((applied.status, &applied.body["spec"]["content"]), (201, &json!("Hello")));
    let shown = service.get(path).await;
    let ready = &shown.body["status"]["conditions"][0];
    assert_eq!((&ready["type"], &ready["status"]), (&json!("Ready"), &json!("True")));
    let yaml = service.send(Method::GET, path, "", &[("accept", "application/yaml")]).await;
    assert!(yaml.body.as_str().unwrap().contains("content: Hello"), "{yaml:?}");
    assert_eq!(service.get(&format!("{path}?format=yaml")).await.body, yaml.body);
    let listed = service.get("/v1/resources/prompttemplates").await.body;
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["cursor"]), (1, &Value::Null));
    assert_eq!(service.delete(path).await.status, 200);
    assert_eq!(service.get(path).await.status, 404);
    assert_eq!(service.get("/v1/resources/nothings").await.status, 404);
}

#[tokio::test]
async fn a_change_of_an_older_version_is_refused() {
    let service = Service::start().await;
    let path = "/v1/resources/prompttemplates/greet";
    let first = service.send(Method::PUT, path, TEMPLATE, &[]).await.tag.unwrap();
    let changed = TEMPLATE.replace("Hello", "Hi");
    let second = service.send(Method::PUT, path, &changed, &[("if-match", &first)]).await;
    assert_eq!(second.status, 200);
    let late = service.send(Method::PUT, path, TEMPLATE, &[("if-match", &first)]).await;
    assert_eq!(late.status, 412);
    // What was read here brings its version along.
    let mut read = service.get(path).await.body;
    read["spec"]["content"] = "Hey".into();
    assert_eq!(service.put(path, read.clone()).await.status, 200);
    assert_eq!(service.put(path, read).await.status, 412);
    assert_eq!(service.send(Method::DELETE, path, "", &[("if-match", &first)]).await.status, 412);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_path() {
    let service = Service::start().await;
    let path = "/v1/resources/prompttemplates/greet";
    for (text, said) in [
        (TEMPLATE.replace("content", "contents"), "spec.content"),
        (format!("{TEMPLATE}  extra: 1\n"), "spec.extra"),
        (TEMPLATE.replace("Hello", "[1]"), "spec.content"),
        (TEMPLATE.replace("name: greet", "name: other"), "metadata.name"),
        (TEMPLATE.replace("PromptTemplate", "Agent").replace("  content: Hello\n", "  goal: x\n"), "kind"),
        (TEMPLATE.replace("PromptTemplate", "Nothing"), "kind"),
        (TEMPLATE.replace("troupe.dev/v1alpha1", "v2"), "apiVersion"),
        ("a: [".to_owned(), "manifest"),
        (String::new(), "body"),
    ] {
        let answer = service.send(Method::PUT, path, &text, &[]).await;
        assert!(answer.status == 400 && answer.error().contains(said), "{text}: {answer:?}");
    }
}

#[tokio::test]
async fn diagnostics_tell_what_the_folders_hold_wrong() {
    let service = Service::start().await;
    service.write("resources/bad.yaml", &format!("{TEMPLATE}  extra: 1\n")).await;
    let items = service.get("/v1/resources/diagnostics").await.body["items"].clone();
    assert!(items[0]["path"].as_str().unwrap().contains("spec.extra"), "{items}");
    let shown = service.get("/v1/resources/prompttemplates/greet").await;
    assert_eq!(shown.body["status"]["conditions"][0]["status"], "False");
}

#[tokio::test]
async fn lists_have_pages() {
    let service = Service::start().await;
    for name in ["a", "b", "c"] {
        service.post("/v1/prompt-templates", json!({"template_id": name, "content": "x"})).await;
    }
    let first = service.get("/v1/resources/prompttemplates?limit=2").await.body;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["cursor"]), (2, &json!("b")));
    let second = service.get("/v1/resources/prompttemplates?limit=2&cursor=b").await.body;
    assert_eq!(second["items"][0]["metadata"]["name"], "c");
    for query in ["limit=0", "limit=501", "limit=x"] {
        assert_eq!(service.get(&format!("/v1/resources/models?{query}")).await.status, 400);
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let service = Service::start().await;
    let path = "/v1/resources/prompttemplates/greet";
    let dry = service.send(Method::PUT, &format!("{path}?dry_run=true"), TEMPLATE, &[]).await;
    assert_eq!((dry.status, &dry.body["status"]["findings"]), (200, &json!([])));
    assert_eq!(dry.body["status"]["conditions"][0]["status"], "True");
    assert_eq!(service.get(path).await.status, 404);

    let agent = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec:\n  modelRef:\n    name: none\n  \
                 tools:\n    - tool: {name: hammer}\n";
    let dry = service.send(Method::PUT, "/v1/resources/agents/a?dry_run=true", agent, &[]).await;
    let findings = dry.body["status"]["findings"].as_array().unwrap();
    let told: Vec<_> = findings.iter().map(|found| (found["path"].as_str().unwrap(), found["line"].as_u64())).collect();
    assert_eq!(told, [("spec.modelRef", Some(5)), ("spec.tools[0].tool", Some(8))], "{findings:?}");
    assert_eq!(findings[0]["message"], "there is no Model \"none\": create it, or name another");
    let conditions = dry.body["status"]["conditions"].as_array().unwrap();
    let said: Vec<_> =
        conditions.iter().map(|said| (said["type"].as_str().unwrap(), said["status"].as_str().unwrap())).collect();
    assert_eq!(said, [("Ready", "False"), ("Resolved", "False")]);
}

#[tokio::test]
async fn a_dry_run_says_the_same_as_what_is_written() {
    let service = Service::start().await;
    let model = "apiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {name: m}\nspec: {protocol: OpenAI, baseUrl: \
                 'http://127.0.0.1:9/v1', model: m, apiKey: {secretKeyRef: {name: keys, key: m}}}\n";
    let agent = |more: &str| {
        format!(
            "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec: {{modelRef: {{name: m}}{more}}}\n"
        )
    };
    let template = format!("{TEMPLATE}  variables: [{{name: never-used}}]\n");
    for (path, text) in [
        ("prompttemplates/greet", template.as_str()),
        ("agents/a", &agent("")),
        ("models/m", model),
        ("agents/a", &agent(", suspend: true")),
        ("agents/a", &agent(", publishedRevision: '0123456789ab'")),
        ("agents/a", &agent(", tools: [{tool: {name: hammer}}]")),
        ("agents/a", &agent("")),
    ] {
        let path = format!("/v1/resources/{path}");
        let dry = service.send(Method::PUT, &format!("{path}?dry_run=true"), text, &[]).await;
        let done = service.send(Method::PUT, &path, text, &[]).await;
        assert_eq!((dry.status, done.status / 100), (200, 2), "{text}: {dry:?} {done:?}");
        let said = |body: &Value| {
            let conditions = body["status"]["conditions"].as_array().unwrap().clone();
            let shown = conditions.into_iter().filter(|said| said["type"] != "RevisionResolved");
            let mut shown: Vec<(Value, Value, Value)> =
                shown.map(|said| (said["type"].clone(), said["status"].clone(), said["reason"].clone())).collect();
            shown.sort_by_key(|said| said.0.to_string());
            shown
        };
        assert_eq!(said(&dry.body), said(&done.body), "{text}");
    }
}

#[tokio::test]
async fn a_broken_manifest_is_told_with_the_places_of_what_is_wrong() {
    let service = Service::start().await;
    let path = "/v1/resources/prompttemplates/greet?dry_run=true";
    let text = TEMPLATE.replace("  content", "  extra: 1\n  content");
    let answer = service.send(Method::PUT, path, &text, &[]).await;
    assert_eq!(answer.status, 400);
    let found = &answer.body["findings"][0];
    assert_eq!(
        (&found["path"], &found["line"], &found["severity"]),
        (&json!("spec.extra"), &json!(6), &json!("error"))
    );
    let answer = service.send(Method::PUT, path, "kind: [", &[]).await;
    assert!(answer.status == 400 && answer.body["findings"][0]["line"].is_number(), "{answer:?}");
    let other = TEMPLATE.replace("name: greet", "name: other");
    let answer = service.send(Method::PUT, path, &other, &[]).await;
    assert_eq!(answer.body["findings"][0]["path"], "metadata.name", "{answer:?}");
}

#[tokio::test]
async fn who_refers_to_an_object_is_listed() {
    let service = Service::start().await;
    let agent = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec: {modelRef: {name: m}, tools: \
                 [{agent: {name: b}}]}\n";
    service.write("resources/a.yaml", agent).await;
    service.write("resources/b.yaml", &agent.replace("name: a}", "name: b}").replace("name: b}}]", "name: a}}]")).await;
    let model = json!({"model_id": "m", "api_base": "http://127.0.0.1:9/v1", "model_name": "m"});
    assert_eq!(service.post("/v1/models", model).await.status, 201);
    let uses = service.get("/v1/resources/models/m/uses").await;
    let used_by = |name: &str| json!({"kind": "Agent", "name": name, "path": "spec.modelRef"});
    assert_eq!(uses.body, json!({"items": [used_by("a"), used_by("b")], "others": 0}));
    let uses = service.get("/v1/resources/agents/b/uses").await;
    assert_eq!(uses.body["items"], json!([{"kind": "Agent", "name": "a", "path": "spec.tools[0].agent"}]));
    assert_eq!(service.get("/v1/resources/agents/none/uses").await.status, 404);
}

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

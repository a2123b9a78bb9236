//! `/v1/prompt-templates`.

use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn templates_are_created_changed_renamed_and_deleted() {
    let service = Service::start().await;
    let created = service.post("/v1/prompt-templates", json!({"template_id": "問候", "content": "Hi {{name}}"})).await;
    assert_eq!((created.status, created.body), (201, json!({"status": "created", "template_id": "問候"})));
    let path = "/v1/prompt-templates/%E5%95%8F%E5%80%99";
    assert_eq!(service.get(path).await.body, json!({"template_id": "問候", "content": "Hi {{name}}"}));
    let updated = service.put(path, json!({"template_id": "greet", "content": "Hello {{name}}"})).await;
    assert_eq!((updated.status, updated.body), (200, json!({"status": "updated", "template_id": "greet"})));
    let listed = service.get("/v1/prompt-templates").await.body;
    assert_eq!(listed, json!({"templates": [{"template_id": "greet", "content": "Hello {{name}}"}]}));
    let deleted = service.delete("/v1/prompt-templates/greet").await;
    assert_eq!((deleted.status, deleted.body), (200, json!({"status": "deleted", "template_id": "greet"})));
    assert_eq!(service.delete("/v1/prompt-templates/greet").await.status, 404);
    assert_eq!(service.put("/v1/prompt-templates/greet", json!({"content": "x"})).await.status, 404);
}

#[tokio::test]
async fn a_name_is_a_template_id() {
    let service = Service::start().await;
    let created = service.post("/v1/prompt-templates", json!({"name": "greet", "content": "x"})).await;
    assert_eq!(created.body["template_id"], "greet");
}

#[tokio::test]
async fn a_preview_says_what_is_missing() {
    let service = Service::start().await;
    service.post("/v1/prompt-templates", json!({"template_id": "g", "content": "{{a}} and {{b}}"})).await;
    let preview = service.post("/v1/prompt-templates/g/preview", json!({"arguments": {"a": "one"}})).await;
    let expected = json!({"text": "one and {{b}}", "placeholders": ["a", "b"], "missing": ["b"]});
    assert_eq!((preview.status, preview.body), (200, expected));
    let wrong = service.post("/v1/prompt-templates/g/preview", json!({"argument": {}})).await;
    assert!(wrong.status == 400 && wrong.error().contains("argument"), "{wrong:?}");
}

//! `/v1/models`.

use serde_json::{Value, json};

use crate::service::Service;

fn model(id: &str) -> Value {
    json!({
        "model_id": id,
        "api_base": "http://127.0.0.1:11434",
        "model_name": "qwen3.5:9b",
        "api_key": "sk-very-secret",
        "model_type": "vlm",
        "api_protocol": "ollama",
        "generate_params": {"temperature": 0.5, "think": false},
    })
}

#[tokio::test]
async fn a_registered_model_is_listed_with_all_seven_fields_and_a_mask() {
    let service = Service::start().await;
    let answer = service.post("/v1/models", model("qwen3.5:9b")).await;
    assert_eq!((answer.status, answer.body), (201, json!({"status": "registered", "model_id": "qwen3.5:9b"})));
    let listed = service.get("/v1/models").await.body;
    let mut shown = model("qwen3.5:9b");
    shown["api_key"] = "********".into();
    assert_eq!(listed["models"], json!([shown]));
    assert_eq!(listed["object"], "list");
    let object = &listed["data"][0];
    assert_eq!((&object["id"], &object["object"]), (&json!("qwen3.5:9b"), &json!("model")));
    assert!(object["created"].as_i64().unwrap() > 1_700_000_000 && object["owned_by"].is_string());
}

#[tokio::test]
async fn the_key_is_kept_apart_from_the_manifest() {
    let service = Service::start().await;
    service.post("/v1/models", model("m")).await;
    assert!(!service.manifests().contains("sk-very-secret"));
    assert!(service.file("data/secrets.yaml").contains("sk-very-secret"));
}

#[tokio::test]
async fn a_masked_or_absent_key_is_kept_and_an_empty_one_removes_it() {
    let service = Service::start().await;
    service.post("/v1/models", model("m")).await;
    let mut body = model("m");
    for key in [json!("********"), Value::Null] {
        body["api_key"] = key;
        assert_eq!(service.put("/v1/models/m", body.clone()).await.status, 200);
        assert!(service.file("data/secrets.yaml").contains("sk-very-secret"));
        assert_eq!(service.get("/v1/models").await.body["models"][0]["api_key"], "********");
    }
    body["api_key"] = "".into();
    service.put("/v1/models/m", body).await;
    assert_eq!(service.get("/v1/models").await.body["models"][0]["api_key"], "");
}

#[tokio::test]
async fn a_put_may_change_the_id_and_the_key_moves_along() {
    let service = Service::start().await;
    service.post("/v1/models", model("org/model")).await;
    let mut body = model("模型 二");
    body["api_key"] = "********".into();
    let answer = service.put("/v1/models/org%2Fmodel", body).await;
    assert_eq!((answer.status, answer.body), (200, json!({"status": "updated", "model_id": "模型 二"})));
    let models = service.get("/v1/models").await.body["models"].clone();
    assert_eq!(models.as_array().unwrap().len(), 1);
    assert_eq!((&models[0]["model_id"], &models[0]["api_key"]), (&json!("模型 二"), &json!("********")));
    let pinned = service.app.catalog.view().resolve_model("模型 二").unwrap();
    let key = pinned[0].api_key.clone().unwrap();
    let value = troupe_core::port::SecretSource::secret(service.app.secrets.as_ref(), &key).await.unwrap();
    assert_eq!(value.as_ref(), "sk-very-secret");
    assert_eq!(service.delete("/v1/models/org%2Fmodel").await.status, 404);
    let path = "/v1/models/%E6%A8%A1%E5%9E%8B%20%E4%BA%8C";
    assert_eq!(service.delete(path).await.body, json!({"status": "deleted", "model_id": "模型 二"}));
    assert!(!service.file("data/secrets.yaml").contains("sk-very-secret"));
}

#[tokio::test]
async fn an_id_that_is_taken_is_a_conflict() {
    let service = Service::start().await;
    service.post("/v1/models", model("a")).await;
    service.post("/v1/models", model("b")).await;
    let answer = service.put("/v1/models/a", model("b")).await;
    assert_eq!(answer.status, 409);
    assert_eq!(service.get("/v1/models").await.body["models"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_s1_cannot_express_stays() {
    let service = Service::start().await;
    let text = "# mine\napiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata:\n  name: m\nspec:\n  protocol: OpenAI\n  \
                baseUrl: http://127.0.0.1:1/v1 # here\n  model: x\n  contextWindow: 4096\n  timeout: 30s\n";
    service.write("resources/m.yaml", text).await;
    let mut body = model("m");
    body["api_key"] = Value::Null;
    assert_eq!(service.put("/v1/models/m", body).await.status, 200);
    let file = service.file("resources/m.yaml");
    for kept in ["# mine", "# here", "contextWindow: 4096", "timeout: 30s", "protocol: Ollama"] {
        assert!(file.contains(kept), "{kept} in\n{file}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404() {
    let service = Service::start().await;
    assert_eq!(service.put("/v1/models/none", model("none")).await.status, 404);
    assert_eq!(service.delete("/v1/models/none").await.status, 404);
}

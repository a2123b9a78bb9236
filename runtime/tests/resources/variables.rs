//! `/v1/env`.

use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn variables_are_kept_and_only_masks_are_shown() {
    let service = Service::start().await;
    let set = service.post("/v1/env", json!({"key": "MAX_TOOL_ROUNDS", "value": 7})).await;
    assert_eq!((set.status, set.body), (200, json!({"env": {"MAX_TOOL_ROUNDS": "********"}})));
    assert_eq!(service.app.variable("MAX_TOOL_ROUNDS").as_deref(), Some("7"));
    assert_eq!(service.app.max_tool_rounds(), 7);
    service.post("/v1/env", json!({"key": "TOKEN", "value": "hidden-value"})).await;
    service.post("/v1/env", json!({"key": "TOKEN", "value": "********"})).await;
    assert_eq!(service.app.variable("TOKEN").as_deref(), Some("hidden-value"));
    let shown = service.get("/v1/env").await.body;
    assert_eq!(shown, json!({"env": {"MAX_TOOL_ROUNDS": "********", "TOKEN": "********"}}));
    let left = service.delete("/v1/env/MAX_TOOL_ROUNDS").await;
    assert_eq!((left.status, left.body), (200, json!({"env": {"TOKEN": "********"}})));
    assert_eq!(service.app.max_tool_rounds(), 20);
    assert_eq!(service.delete("/v1/env/NONE").await.status, 200);
}

#[tokio::test]
async fn the_known_variables_are_named() {
    let service = Service::start().await;
    let keys = service.post("/v1/env/detect", json!({})).await.body["keys"].clone();
    assert!(keys.as_array().unwrap().contains(&json!("SUMMARY_MODEL_ID")), "{keys}");
}

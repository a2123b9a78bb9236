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
async fn limits_of_tools_count_from_the_next_call_on() {
    let service = Service::start().await;
    let sleep = json!({"tool_id": "bash", "arguments": {"command": "sleep 50"}});
    service.post("/v1/env", json!({"key": "BASH_EXEC_TIMEOUT", "value": 1})).await;
    let ended = service.post("/v1/tools/call", sleep).await;
    assert!(ended.status == 400 && ended.error().contains("longer than 1 s"), "{ended:?}");
    let limits = troupe_tools::LiveLimits::fetch_max_size(&service.app.environment);
    assert_eq!(limits, None);
    service.post("/v1/env", json!({"key": "FETCH_MAX_SIZE", "value": "100"})).await;
    assert_eq!(troupe_tools::LiveLimits::fetch_max_size(&service.app.environment), Some(100));
}

#[tokio::test]
async fn the_known_variables_are_named() {
    let service = Service::start().await;
    let keys = service.post("/v1/env/detect", json!({})).await.body["keys"].clone();
    assert!(keys.as_array().unwrap().contains(&json!("SUMMARY_MODEL_ID")), "{keys}");
}

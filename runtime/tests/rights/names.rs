//! Rights are reviewed by the names that objects have in the cluster, whatever id a request uses.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{Cluster, VIEWER};

#[tokio::test]
async fn ids_become_names() {
    let cluster = Cluster::of(&[("eve", &[])]).await;
    let refused = [
        (Method::GET, "/v1/agents/260421_153012", Value::Null, "get agents:plain"),
        (Method::POST, "/v1/agents/260421_153012/runs", json!({"input": "hi"}), "create agents/invoke:plain"),
        (Method::POST, "/v1/infer", json!({"agent_id": "260421_153012", "text": "hi"}), "create agents/invoke:plain"),
        (Method::POST, "/v1/infer", json!({"model_id": "org/Small:1", "text": "hi"}), "create models/invoke:small"),
        (Method::GET, "/v1/models/org%2FSmall:1", Value::Null, "get models:small"),
        (Method::GET, "/v1/models/org/Small:1", Value::Null, "get models:small"),
        (Method::GET, "/v1/models/agent/260421_153012", Value::Null, "get agents:plain"),
        (Method::GET, "/v1/resources/tools/function-Greet", Value::Null, "get tools:greet"),
        (Method::POST, "/v1/tools/call", json!({"tool_id": "function-Greet"}), "create tools/invoke:greet"),
        (Method::DELETE, "/v1/tools/batch", json!({"tool_ids": ["function-Greet"]}), "delete tools:greet"),
        (Method::GET, "/v1/env", Value::Null, "get runtimes:default"),
        (Method::POST, "/v1/env", json!({"key": "A", "value": "b"}), "update runtimes:default"),
    ];
    for (method, path, body, right) in refused {
        let (status, answer) = cluster.send("eve", method, path, &body).await;
        assert_eq!(status, 403, "{path}: {answer}");
        let asked = cluster.asked();
        // What was asked a moment ago is remembered.
        assert!(asked.is_empty() || asked == [format!("eve {right}")], "{path}: {asked:?}");
        let (verb, object) = right.split_once(' ').unwrap();
        let (resource, name) = object.split_once(':').unwrap();
        let told = format!(r#""eve" may not {verb} {resource} "{name}" of troupe.dev"#);
        assert!(
            answer["detail"].as_str().or(answer["error"]["message"].as_str()).unwrap().starts_with(&told),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_right_by_name_is_for_that_name_alone() {
    let narrow: &[&'static str] = &[
        "create agents/invoke:plain",
        "create models/invoke:small",
        "create tools/invoke:greet,bash,delegate",
        "get agents:plain",
    ];
    let cluster = Cluster::of(&[("ned", narrow), ("vic", &[VIEWER])]).await;
    let infer = async |body: Value| cluster.post("ned", "/v1/infer", body).await.0;
    assert_eq!(infer(json!({"agent_id": "plain", "text": "hi"})).await, 200);
    assert_eq!(infer(json!({"agent_id": "careful", "text": "hi"})).await, 403);
    assert_eq!(infer(json!({"model_id": "small", "text": "hi", "tool_ids": ["none"]})).await, 200);
    assert_eq!(infer(json!({"model_id": "org/Small:1", "text": "greet me", "tool_ids": ["greet", "bash"]})).await, 200);
    assert_eq!(infer(json!({"model_id": "small", "text": "hi", "tool_ids": ["fetch"]})).await, 403);
    assert_eq!(infer(json!({"model_id": "small", "text": "hi", "tool_ids": ["greet-if-asked"]})).await, 403);
    // A sub-agent may have any model.
    assert_eq!(infer(json!({"model_id": "small", "text": "hi", "tool_ids": ["delegate"]})).await, 403);
    assert_eq!(cluster.get("ned", "/v1/agents/plain").await.0, 200);
    assert_eq!(cluster.get("ned", "/v1/agents/careful").await.0, 403);
    assert_eq!(cluster.get("ned", "/v1/agents").await.0, 403);
}

#[tokio::test]
async fn a_model_that_a_request_brings_is_none_by_name() {
    let cluster = Cluster::of(&[("ned", &["create models/invoke:small,own"])]).await;
    let endpoint = format!("{}/v1", cluster.model.base_url());
    let ask = async |model: Value| {
        let body = json!({"model_id": "small", "model": model, "text": "hi"});
        cluster.post("ned", "/v1/infer", body).await.0
    };
    assert_eq!(ask(json!({"generate_params": {"temperature": 0}})).await, 200);
    assert_eq!(ask(json!({"api_base": endpoint, "model_name": "tiny", "api_key": "********"})).await, 200, "as it is");
    assert_eq!(ask(json!({"model_name": "large"})).await, 403);
    assert_eq!(ask(json!({"api_key": "sk-mine"})).await, 403);
    assert_eq!(ask(json!({"api_base": "http://127.0.0.1:9/v1"})).await, 403);
    let own = json!({"model": {"model_id": "own", "api_base": "http://127.0.0.1:9/v1"}, "text": "hi"});
    assert_eq!(cluster.post("ned", "/v1/infer", own).await.0, 403);
}

//! Keys: variables of the service survive it, and a Secret that is named later is granted and used without a restart.

use serde_json::{Value, json};
use troupe_crds::Kind;
use troupe_model_server::{ModelServer, Rule, Scenario};
use troupe_operator::child::ChildKind;

use crate::place::{Place, agent, eventually, model};

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_is_kept_in_a_secret_and_read_back_by_the_next_pod() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(&agent("helper", "modelRef: {name: small}")).await;
    let service = place.runtime(&[]).await;
    let variable = json!({"key": "SUMMARY_MODEL_ID", "value": "small"});
    let (status, said) = service.send("editor", "POST", "/v1/env", &variable).await;
    assert_eq!(status, 200, "{said}");
    let (_, listed) = service.send("editor", "GET", "/v1/env", &Value::Null).await;
    assert!(listed.to_string().contains("SUMMARY_MODEL_ID"), "{listed}");
    assert_eq!(service.send("caller", "GET", "/v1/env", &Value::Null).await.0, 403);
    // Somebody changes it with kubectl: what the runtime wrote, it follows from then on.
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: troupe-key-env}, stringData: {MAX_TOOL_ROUNDS: '7'}}";
    place.apply(secret).await;
    let is_seen = async || {
        let (_, listed) = service.send("editor", "GET", "/v1/env", &Value::Null).await;
        listed.to_string().contains("MAX_TOOL_ROUNDS")
    };
    eventually("the runtime sees what kubectl wrote", is_seen).await;
    service.stop().await;

    let service = place.runtime(&[]).await;
    let is_back = async || {
        let (_, listed) = service.send("editor", "GET", "/v1/env", &Value::Null).await;
        listed.to_string().contains("SUMMARY_MODEL_ID") && !listed.to_string().contains("\"small\"")
    };
    eventually("the next one has it, and shows no value", is_back).await;
    // It writes what it did not write itself before, and takes it away.
    let (status, said) = service.send("editor", "DELETE", "/v1/env/SUMMARY_MODEL_ID", &Value::Null).await;
    assert_eq!(status, 200, "{said}");
    let (_, listed) = service.send("editor", "GET", "/v1/env", &Value::Null).await;
    assert!(!listed.to_string().contains("SUMMARY_MODEL_ID"), "{listed}");
    service.stop().await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_with_a_new_secret_works_without_a_restart_and_the_role_names_no_more() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    let server = ModelServer::start(Scenario::of([Rule::text("Certainly.")])).await.unwrap();
    let url = format!("{}/v1", server.base_url());
    place.apply(&(model("small", &url, "") + &agent("helper", "modelRef: {name: small}"))).await;
    let service = place.runtime(&[]).await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: late}, stringData: {key: sk-late}}").await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: other}, stringData: {key: sk-other}}").await;
    place.apply(&model("keyed", &url, ", apiKey: {secretKeyRef: {name: late, key: key}}")).await;
    place.says(Kind::Model, "keyed", "SecretsResolved", "SecretsFound").await;
    server.clear_requests();
    let (status, said) =
        service.send("caller", "POST", "/v1/infer", &json!({"model_id": "keyed", "text": "Ada"})).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(server.requests()[0].header("authorization"), "Bearer sk-late");
    let role = place.made(ChildKind::Role).get("troupe-runtime-secrets").await.unwrap();
    assert_eq!(role.data["rules"][0]["resourceNames"], json!(["late", "troupe-key-env"]));
    service.stop().await;
    operator.stop().await;
}

//! Objects that a GitOps tool or Helm manages: shown with its name, and refused over HTTP unless forced.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use troupe_crds::Kind;

use crate::place::{Place, agent, eventually, model};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_manages_is_shown_with_its_name_and_refuses_every_route_unless_forced() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(&agent("own", "modelRef: {name: shipped}")).await;
    // As Helm's server-side apply leaves it.
    let text = model("shipped", "http://127.0.0.1:9/v1", "");
    let mut object: Value = serde_yaml(&text);
    object["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "shop"});
    object["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
    let by = PatchParams::apply("helm");
    place.ours(Kind::Model).patch("shipped", &by, &Patch::Apply(&object)).await.unwrap();
    // As Flux does.
    let mut flux: Value = serde_yaml(&agent("synced", "modelRef: {name: shipped}, description: Theirs"));
    flux["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
    let by = PatchParams::apply("kustomize-controller");
    place.ours(Kind::Agent).patch("synced", &by, &Patch::Apply(&flux)).await.unwrap();

    let service = place.runtime(&[]).await;
    let get = async |path: &str| service.send("editor", "GET", path, &Value::Null).await.1;
    let shown = get("/v1/resources/models/shipped").await;
    assert_eq!(shown["status"]["managed"], true, "{shown}");
    assert_eq!(shown["status"]["managedBy"], "Helm release \"shop\"");
    let own = get("/v1/resources/agents/own").await;
    assert_eq!((own["status"].get("managed"), own["status"].get("managedBy")), (None, None));

    let posted =
        json!({"model_id": "shipped", "api_base": "http://127.0.0.1:9/v2", "model_name": "other", "api_key": "sk-new"});
    let mut changed = get("/v1/resources/agents/synced").await;
    changed["spec"]["description"] = "Mine".into();
    let nickname = json!({"description": "Mine"});
    for (method, path, body, manager) in [
        ("POST", "/v1/models", &posted, "Helm release \"shop\""),
        ("PUT", "/v1/models/shipped", &posted, "Helm release \"shop\""),
        ("DELETE", "/v1/models/shipped", &Value::Null, "Helm release \"shop\""),
        ("DELETE", "/v1/resources/models/shipped", &Value::Null, "Helm release \"shop\""),
        ("PUT", "/v1/resources/agents/synced", &changed, "Flux Kustomization \"apps\""),
        ("PUT", "/v1/agents/synced", &nickname, "Flux Kustomization \"apps\""),
        ("POST", "/v1/agents/synced/publish", &json!({}), "Flux Kustomization \"apps\""),
        ("DELETE", "/v1/agents/synced", &Value::Null, "Flux Kustomization \"apps\""),
    ] {
        let (status, said) = service.send("editor", method, path, body).await;
        assert_eq!((status, said["managed_by"].as_str()), (409, Some(manager)), "{method} {path}: {said}");
        let detail = said["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("is managed by {manager}")) && detail.contains("?force=true"), "{detail}");
    }
    let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> =
        kube::Api::namespaced(place.admin.clone(), &place.namespace);
    let key = secrets.get_opt("troupe-key-models-shipped").await.unwrap();
    assert!(key.is_none(), "nothing of a refused request is written");

    let (status, said) = service.send("editor", "PUT", "/v1/resources/agents/synced?force=true", &changed).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["spec"]["description"], "Mine");
    assert_eq!(said["status"]["managedBy"], "Flux Kustomization \"apps\"", "it is still theirs");
    let (status, said) = service.send("editor", "PUT", "/v1/agents/synced?force=maybe", &nickname).await;
    assert_eq!(status, 400, "{said}");
    let (status, said) = service.send("editor", "DELETE", "/v1/agents/synced?force=true", &Value::Null).await;
    assert_eq!(status, 200, "{said}");
    let gone = async || place.ours(Kind::Agent).get_opt("synced").await.unwrap().is_none();
    eventually("the forced deletion is done", gone).await;
    // To force is no right: who may not write may not force either.
    let (status, _) = service.send("caller", "DELETE", "/v1/models/shipped?force=true", &Value::Null).await;
    assert_eq!(status, 403);
    service.stop().await;
    operator.stop().await;
}

fn serde_yaml(text: &str) -> Value {
    let object = troupe_test_cluster::documents(text).unwrap().remove(0);
    let mut value = serde_json::to_value(object).unwrap();
    if let Some(metadata) = value.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| name == "name");
    }
    value
}

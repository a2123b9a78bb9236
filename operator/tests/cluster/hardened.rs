//! The golden resources in a real cluster: the API server takes every object of theirs, `restricted` Pod Security takes
//! the pods, and nothing of it is written twice.

use std::{fs, path::Path};

use kube::{
    Api,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::json;
use troupe_crds::Kind;
use troupe_operator::{child::ChildKind, names};

use crate::support::{Place, condition};

fn golden(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let name = |file: &Path| file.file_stem().unwrap().to_string_lossy().into_owned();
    files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect()
}

async fn restricted() -> Option<Place> {
    let place = Place::new().await?;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(place.client.clone());
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    namespaces.patch(&place.namespace, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    Some(place)
}

/// Another operator finds everything as it should be.
async fn settled(place: &Place, what: &str) {
    let operator = place.operator().await;
    operator.idle().await;
    assert_eq!(operator.metrics.all_writes(), 0, "{what}: {}", operator.metrics.text().unwrap());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_golden_runtime_is_taken_and_settles() {
    for (name, yaml) in golden("runtime") {
        let Some(place) = restricted().await else { return };
        place.apply("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1}").await;
        let operator = place.operator_with(&["--sandbox-image=registry.example/sandbox:1"]).await;
        place.apply(&yaml).await;
        let workload = if name == "postgres" { ChildKind::Deployment } else { ChildKind::StatefulSet };
        let replicas = if name == "postgres" { 3 } else { 1 };
        place.is_made(workload, "troupe-runtime").await;
        place.make_pods_ready("troupe-runtime", replicas).await;
        place.ready(Kind::Runtime, "default", "Valid", "").await;
        place.condition(Kind::Runtime, "default", "Progressing", "RolledOut", "").await;
        operator.idle().await;
        operator.stop().await;
        let again = place.operator_with(&["--sandbox-image=registry.example/sandbox:1"]).await;
        again.idle().await;
        assert_eq!(again.metrics.all_writes(), 0, "{name}: {}", again.metrics.text().unwrap());
        again.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_golden_mcp_server_is_taken_and_settles() {
    for (name, yaml) in golden("mcp-server") {
        let Some(place) = restricted().await else { return };
        let operator = place.operator().await;
        place.apply(&yaml).await;
        let object = troupe_test_cluster::documents(&yaml).unwrap().remove(0);
        let server = object.metadata.name.unwrap();
        match &*name {
            "suspended" => drop(place.ready(Kind::McpServer, &server, "Suspended", "").await),
            "remote" => drop(place.ready(Kind::McpServer, &server, "Valid", "").await),
            _ => {
                let replicas = object.data["spec"]["replicas"].as_u64().unwrap_or(1).try_into().unwrap();
                place.make_pods_ready("troupe-mcp-server", replicas).await;
                place.ready(Kind::McpServer, &server, "Valid", "").await;
            }
        }
        // The Deployment's controller has said its last word of it.
        if name != "remote" {
            let seen = |object: Option<&DynamicObject>| {
                object.is_some_and(|it| it.data["status"]["observedGeneration"].as_i64() == it.metadata.generation)
            };
            place.until(place.made(ChildKind::Deployment), &names::mcp(&server), "be seen", seen).await;
        }
        let all = |object: Option<&DynamicObject>| object.is_some_and(|it| condition(it, "Ready").is_some());
        place.until(place.ours(Kind::McpServer), &server, "have a status", all).await;
        operator.idle().await;
        operator.stop().await;
        settled(&place, &name).await;
    }
}

//! What is made: the namespace's Runtime and its objects, MCP servers, drift, deletion, garbage collection, orphans.

use kube::{api::DeleteParams, core::DynamicObject};
use serde_json::{Value, json};
use troupe_crds::{Kind, runtime::VARIABLES_SECRET};
use troupe_operator::{child::ChildKind, metrics::Verb};

use crate::support::Place;

const AGENT: &str =
    "{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: helper}, spec: {modelRef: {name: m}}}";

fn model(name: &str, secret: &str) -> String {
    format!(
        "{{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {{name: {name}}}, spec: {{protocol: OpenAI, model: m, \
         baseUrl: 'https://api.example.com/v1', apiKey: {{secretKeyRef: {{name: {secret}, key: key}}}}}}}}"
    )
}

const SERVER: &str = "
apiVersion: troupe.dev/v1alpha1
kind: McpServer
metadata: {name: time}
spec: {stdio: {command: uvx, args: [mcp-server-time]}}
";

/// Everything that a Runtime with an empty spec becomes, where a Secret is named.
const OF_RUNTIME: [(ChildKind, &str); 8] = [
    (ChildKind::ServiceAccount, "troupe-runtime"),
    (ChildKind::Role, "troupe-runtime-secrets"),
    (ChildKind::RoleBinding, "troupe-runtime-secrets"),
    (ChildKind::RoleBinding, "troupe-runtime"),
    (ChildKind::PersistentVolumeClaim, "troupe-runtime-data"),
    (ChildKind::Service, "troupe-runtime"),
    (ChildKind::NetworkPolicy, "troupe-runtime"),
    (ChildKind::StatefulSet, "troupe-runtime"),
];

fn names(role: Option<&DynamicObject>) -> Value {
    let mut names = role.map(|role| role.data["rules"][0]["resourceNames"].clone()).unwrap_or_default();
    // The variables of the runtime itself, which are in every Role.
    if let Some(names) = names.as_array_mut() {
        names.retain(|name| name != VARIABLES_SECRET);
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_agent_makes_the_runtime_and_everything_of_it() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(&model("m", "first-key")).await;
    operator.idle().await;
    assert!(place.ours(Kind::Runtime).get_opt("default").await.unwrap().is_none(), "a Model alone needs no runtime");

    place.apply(AGENT).await;
    for (kind, name) in OF_RUNTIME {
        place.is_made(kind, name).await;
    }
    let runtime = place.ours(Kind::Runtime).get("default").await.unwrap();
    assert_eq!(runtime.data["spec"], json!({"replicas": 1, "retain": true}), "defaults stay defaults");
    place.ready(Kind::Runtime, "default", "WorkloadUnavailable", "0 of 1 pods are ready: see kubectl describe").await;
    place.make_pods_ready("troupe-runtime", 1).await;
    place.condition(Kind::Runtime, "default", "Available", "WorkloadAvailable", "").await;
    let runtime = place.ready(Kind::Runtime, "default", "Valid", "").await;
    place.condition(Kind::Runtime, "default", "Progressing", "RolledOut", "").await;
    assert_eq!(runtime.data["status"]["readyReplicas"], 1);
    let url = format!("http://troupe-runtime.{}.svc:7988", place.namespace);
    assert_eq!(runtime.data["status"]["url"], url);

    let claim = place.is_made(ChildKind::PersistentVolumeClaim, "troupe-runtime-data").await;
    assert_eq!(claim.metadata.owner_references, None, "data outlives its owner");
    let service = place.is_made(ChildKind::Service, "troupe-runtime").await;
    assert_eq!(service.metadata.owner_references.unwrap()[0].uid, runtime.metadata.uid.unwrap());
    assert!(place.events(Kind::Runtime, "default").await.contains(&"Created".to_owned()));
    for (kind, name) in OF_RUNTIME {
        let object = place.made(kind).get(name).await.unwrap();
        // The API server protects volumes that are in use by one of its own.
        let finalizers = object.metadata.finalizers.clone().unwrap_or_default();
        assert!(finalizers.iter().all(|own| own.starts_with("kubernetes.io/")), "{name}: {finalizers:?}");
        let entries = object.metadata.managed_fields.clone().unwrap_or_default();
        let ours = entries.iter().filter(|entry| entry.manager.as_deref() == Some("troupe-operator"));
        let applied: Vec<_> = ours.filter_map(|entry| entry.operation.clone()).collect();
        assert_eq!(applied, ["Apply"], "{name}: one manager, by server-side apply");
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_or_a_workflow_makes_the_runtime_too() {
    let team =
        "kind: Team, metadata: {name: crew}, spec: {strategy: Sequential, members: [{name: one, agentRef: {name: a}}]}";
    let flow =
        "kind: Workflow, metadata: {name: flow}, spec: {nodes: [{id: say, type: answer, config: {template: Hello}}]}";
    for first in [team, flow] {
        let Some(place) = Place::new().await else { return };
        let operator = place.operator().await;
        place.apply(&format!("{{apiVersion: troupe.dev/v1alpha1, {first}}}")).await;
        place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
        operator.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_names_exactly_the_secrets_that_resources_name() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(AGENT).await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    operator.idle().await;
    let role = place.made(ChildKind::Role);
    let own = role.get("troupe-runtime-secrets").await.unwrap();
    assert_eq!(
        own.data["rules"],
        json!([{"apiGroups": [""], "resources": ["secrets"],
        "resourceNames": ["troupe-key-env"], "verbs": ["get", "list", "watch"]}])
    );

    let has = |wanted: Value| move |role: Option<&DynamicObject>| names(role) == wanted;
    place.apply(&model("m", "first-key")).await;
    place.until(role.clone(), "troupe-runtime-secrets", "name one", has(json!(["first-key"]))).await;
    place.apply(&model("n", "another-key")).await;
    let both = has(json!(["another-key", "first-key"]));
    place.until(role.clone(), "troupe-runtime-secrets", "name both", both).await;
    place.apply(&model("m", "second-key")).await;
    let changed = has(json!(["another-key", "second-key"]));
    place.until(role.clone(), "troupe-runtime-secrets", "name the new one", changed).await;
    place.delete(&place.ours(Kind::Model), "n").await;
    place.until(role.clone(), "troupe-runtime-secrets", "name one", has(json!(["second-key"]))).await;
    place.delete(&place.ours(Kind::Model), "m").await;
    place.until(role, "troupe-runtime-secrets", "name none", has(json!([]))).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_a_version_that_may_be_served_stays_granted() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(AGENT).await;
    place.apply(&model("m", "first-key")).await;
    let role = place.made(ChildKind::Role);
    let has = |wanted: Value| move |role: Option<&DynamicObject>| names(role) == wanted;
    place.until(role.clone(), "troupe-runtime-secrets", "name one", has(json!(["first-key"]))).await;
    // Two headers of one name: valid for the API server, not for the rules.
    let twice = json!([{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]);
    let secret = json!({"secretKeyRef": {"name": "second-key", "key": "key"}});
    let api = place.ours(Kind::Model);
    place.merge(&api, "m", json!({"spec": {"headers": twice, "apiKey": secret}})).await;
    place.ready(Kind::Model, "m", "Invalid", "headers").await;
    let both = has(json!(["first-key", "second-key"]));
    place.until(role.clone(), "troupe-runtime-secrets", "name both", both).await;
    place.merge(&api, "m", json!({"spec": {"headers": null}})).await;
    place.until(role, "troupe-runtime-secrets", "name the new one", has(json!(["second-key"]))).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_and_replicas_choose_the_workload_and_what_is_no_longer_wanted_goes() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply("{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {}}").await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    let postgres =
        json!({"spec": {"replicas": 2, "storage": {"postgres": {"urlSecretKeyRef": {"name": "db", "key": "url"}}}}});
    let runtime = place.ours(Kind::Runtime);
    place.merge(&runtime, "default", postgres).await;
    let deployment = place.is_made(ChildKind::Deployment, "troupe-runtime").await;
    assert_eq!(deployment.data["spec"]["replicas"], 2);
    place.is_gone(place.made(ChildKind::StatefulSet), "troupe-runtime").await;
    place.is_made(ChildKind::PodDisruptionBudget, "troupe-runtime").await;
    let claim = place.made(ChildKind::PersistentVolumeClaim).get_opt("troupe-runtime-data").await.unwrap();
    assert!(claim.is_some(), "data is never deleted by the operator");

    // As `kubectl scale` and autoscalers do.
    let scale = json!({"spec": {"replicas": 1}});
    runtime
        .patch_scale("default", &kube::api::PatchParams::default(), &kube::api::Patch::Merge(scale))
        .await
        .expect("it scales");
    place.is_gone(place.made(ChildKind::PodDisruptionBudget), "troupe-runtime").await;
    place.make_pods_ready("troupe-runtime", 1).await;
    place.ready(Kind::Runtime, "default", "Valid", "").await;
    let scale = runtime.get_scale("default").await.unwrap();
    assert_eq!(
        scale.status.unwrap().selector.unwrap(),
        "app.kubernetes.io/name=troupe-runtime,app.kubernetes.io/instance=default"
    );
    place.merge(&runtime, "default", json!({"spec": {"replicas": 0}})).await;
    place.ready(Kind::Runtime, "default", "Suspended", "spec.replicas").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_becomes_a_workload_that_follows_its_server() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(SERVER).await;
    let made = [ChildKind::ServiceAccount, ChildKind::Service, ChildKind::NetworkPolicy, ChildKind::Deployment];
    for kind in made {
        place.is_made(kind, "mcp-time").await;
    }
    place.ready(Kind::McpServer, "time", "WorkloadUnavailable", "0 of 1 pods are ready").await;
    place.make_pods_ready("troupe-mcp-server", 1).await;
    place.condition(Kind::McpServer, "time", "Available", "WorkloadAvailable", "").await;
    let server = place.ready(Kind::McpServer, "time", "Valid", "").await;
    assert_eq!(server.data["status"]["url"], format!("http://mcp-time.{}.svc:8080/mcp", place.namespace));
    place.runtime_says(Kind::McpServer, "time", "Discovered", "False", "DiscoveryFailed", json!({})).await;
    place.ready(Kind::McpServer, "time", "DiscoveryFailed", "the runtime says").await;
    place.runtime_says(Kind::McpServer, "time", "Discovered", "True", "ToolsListed", json!({})).await;

    let api = place.ours(Kind::McpServer);
    place.merge(&api, "time", json!({"spec": {"suspend": true}})).await;
    let asleep = |object: Option<&DynamicObject>| object.is_some_and(|object| object.data["spec"]["replicas"] == 0);
    place.until(place.made(ChildKind::Deployment), "mcp-time", "sleep", asleep).await;
    place.ready(Kind::McpServer, "time", "Suspended", "spec.suspend").await;

    let remote = json!({"spec": {"suspend": null, "stdio": null, "http": {"url": "https://mcp.example.com/mcp"}}});
    place.merge(&api, "time", remote).await;
    for kind in made {
        place.is_gone(place.made(kind), "mcp-time").await;
    }
    let server = place.ready(Kind::McpServer, "time", "Valid", "").await;
    assert_eq!(server.data["status"]["url"], "https://mcp.example.com/mcp");
    operator.idle().await;
    let server = api.get("time").await.unwrap();
    assert!(crate::support::condition(&server, "Available").is_none(), "an address has no workload");
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_corrected_and_what_others_add_stays() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(AGENT).await;
    place.apply(&model("m", "key")).await;
    place.is_made(ChildKind::Role, "troupe-runtime-secrets").await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    let role = place.made(ChildKind::Role);
    let everything = json!({"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]});
    place.merge(&role, "troupe-runtime-secrets", everything).await;
    let named = |role: Option<&DynamicObject>| names(role) == json!(["key"]);
    place.until(role, "troupe-runtime-secrets", "name its Secret again", named).await;

    let sets = place.made(ChildKind::StatefulSet);
    let change = json!({"metadata": {"annotations": {"added": "by-somebody"}}, "spec": {"template": {"spec": {"serviceAccountName": "default"}}}});
    place.merge(&sets, "troupe-runtime", change).await;
    let back = |set: Option<&DynamicObject>| {
        set.is_some_and(|set| {
            set.data.pointer("/spec/template/spec/serviceAccountName") == Some(&json!("troupe-runtime"))
        })
    };
    let set = place.until(sets, "troupe-runtime", "have its account again", back).await;
    assert_eq!(set.metadata.annotations.unwrap()["added"], "by-somebody");

    place.delete(&place.made(ChildKind::Service), "troupe-runtime").await;
    place.is_made(ChildKind::Service, "troupe-runtime").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_runtime_takes_all_but_data_with_it_and_the_next_one_finds_that() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply("{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {}}").await;
    let set = place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    let claim = place.is_made(ChildKind::PersistentVolumeClaim, "troupe-runtime-data").await;
    let runtime = place.ours(Kind::Runtime);
    place.delete(&runtime, "default").await;
    for kind in [ChildKind::StatefulSet, ChildKind::Service, ChildKind::NetworkPolicy, ChildKind::ServiceAccount] {
        place.is_gone(place.made(kind), "troupe-runtime").await;
    }
    operator.idle().await;
    assert!(runtime.get_opt("default").await.unwrap().is_none(), "nothing in the namespace needs a runtime");
    place.apply(AGENT).await;
    let again = place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    assert_ne!(again.metadata.uid, set.metadata.uid);
    let kept = place.made(ChildKind::PersistentVolumeClaim).get("troupe-runtime-data").await.unwrap();
    assert_eq!(kept.metadata.uid, claim.metadata.uid);

    // While something needs it, it comes back.
    place.delete(&runtime, "default").await;
    let new = move |runtime: Option<&DynamicObject>| runtime.is_some_and(|it| it.metadata.deletion_timestamp.is_none());
    place.until(runtime, "default", "come back", new).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_taken_away_and_unretained_data_goes_with_its_owner() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place
        .apply("{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {retain: false}}")
        .await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    let claim = place.is_made(ChildKind::PersistentVolumeClaim, "troupe-runtime-data").await;
    assert!(claim.metadata.owner_references.is_some());
    let runtime = place.ours(Kind::Runtime);
    runtime.delete("default", &DeleteParams::orphan()).await.unwrap();
    place.is_gone(place.made(ChildKind::StatefulSet), "troupe-runtime").await;
    place.is_gone(place.made(ChildKind::Service), "troupe-runtime").await;
    place.apply(SERVER).await;
    place.is_made(ChildKind::Deployment, "mcp-time").await;
    // While the operator is away.
    operator.stop().await;
    place.ours(Kind::McpServer).delete("time", &DeleteParams::orphan()).await.unwrap();
    place.is_gone(place.ours(Kind::McpServer), "time").await;
    let operator = place.operator().await;
    place.is_gone(place.made(ChildKind::Deployment), "mcp-time").await;
    place.is_gone(place.made(ChildKind::ServiceAccount), "mcp-time").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_is_not_taken_over() {
    let Some(place) = Place::new().await else { return };
    let foreign = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "mcp-time"},
        "spec": {"selector": {"app.kubernetes.io/name": "theirs"}, "ports": [{"port": 8080, "name": "mcp", "targetPort": 1}]}});
    place.create(&place.made(ChildKind::Service), foreign).await;
    let operator = place.operator().await;
    place.apply(SERVER).await;
    place.ready(Kind::McpServer, "time", "Pending", "somebody else made it: rename or delete it").await;
    place.delete(&place.made(ChildKind::Service), "mcp-time").await;
    place.is_made(ChildKind::Deployment, "mcp-time").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_server_refuses_names_the_field_to_change() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(SERVER).await;
    place.is_made(ChildKind::Deployment, "mcp-time").await;
    let wrong = json!({"spec": {"podTemplate": {"labels": {"not a label!": "x"}}}});
    let api = place.ours(Kind::McpServer);
    place.merge(&api, "time", wrong).await;
    place.ready(Kind::McpServer, "time", "Invalid", "not a label!").await;
    place.merge(&api, "time", json!({"spec": {"podTemplate": null}})).await;
    place.ready(Kind::McpServer, "time", "WorkloadUnavailable", "").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_where_nothing_changed() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(AGENT).await;
    place.apply(&model("m", "key")).await;
    place.apply(SERVER).await;
    place.make_pods_ready("troupe-runtime", 1).await;
    place.make_pods_ready("troupe-mcp-server", 1).await;
    for (kind, name) in [(Kind::Agent, "helper"), (Kind::Runtime, "default"), (Kind::McpServer, "time")] {
        place.ready(kind, name, "Valid", "").await;
    }
    place.condition(Kind::Runtime, "default", "Progressing", "RolledOut", "").await;
    operator.idle().await;
    assert!(operator.metrics.writes("StatefulSet", Verb::Apply) >= 1);
    operator.stop().await;

    // Another one lists everything, looks at everything, and finds it in order.
    let operator = place.operator().await;
    operator.idle().await;
    assert_eq!(operator.metrics.all_writes(), 0, "{}", operator.metrics.text().unwrap());
    // Changes that mean nothing to it are not answered either.
    for number in 0..5 {
        let note = json!({"metadata": {"annotations": {"note": number.to_string()}}});
        place.merge(&place.ours(Kind::Agent), "helper", note.clone()).await;
        place.merge(&place.made(ChildKind::StatefulSet), "troupe-runtime", note).await;
    }
    let seen = |object: Option<&DynamicObject>| {
        object.is_some_and(|it| {
            it.metadata.annotations.as_ref().is_some_and(|it| it.get("note").is_some_and(|it| it == "4"))
        })
    };
    place.until(place.ours(Kind::Agent), "helper", "have its note", seen).await;
    operator.idle().await;
    assert_eq!(operator.metrics.all_writes(), 0, "{}", operator.metrics.text().unwrap());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_yet_is_said_and_the_rest_goes_on() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    let runtime = "{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {sandbox: {network: Allowed}}}";
    place.apply(runtime).await;
    place.ready(Kind::Runtime, "default", "NotSupported", "spec.sandbox.network").await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    operator.stop().await;
}

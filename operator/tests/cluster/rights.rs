//! Hostile objects, missing rights, two operators, one that dies, a namespace that is being deleted.

use kube::{
    Api,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::json;
use troupe_crds::Kind;
use troupe_operator::{child::ChildKind, metrics::Outcome, operator::Ended};

use crate::{
    support::{Place, Running, settings},
    whole_cluster::own_cluster,
};

const MODEL: &str = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: m}, spec: {protocol: OpenAI, model: m, \
                     baseUrl: 'https://api.example.com/v1'}}";
const AGENT: &str =
    "{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: helper}, spec: {modelRef: {name: m}}}";

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_read_says_so_and_stops_no_other() {
    // A schema that is older or newer than the operator's lets such objects in; here one that knows nothing. Other
    // tests need the real one, so this has a cluster of its own.
    let Some(place) = own_cluster().await else { return };
    place.cluster.install_resource_definitions().await.unwrap();
    place.grant(&[&place.namespace]).await;
    let cluster = place.cluster;
    let client = cluster.client().await.unwrap();
    let definitions: Api<DynamicObject> = Api::all_with(
        client,
        &kube::core::ApiResource {
            group: "apiextensions.k8s.io".into(),
            version: "v1".into(),
            api_version: "apiextensions.k8s.io/v1".into(),
            kind: "CustomResourceDefinition".into(),
            plural: "customresourcedefinitions".into(),
        },
    );
    let mut loose = definitions.get("prompttemplates.troupe.dev").await.unwrap();
    let spec = loose.data.pointer_mut("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    *spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    loose.metadata.managed_fields = None;
    loose.metadata.resource_version = None;
    definitions.patch("prompttemplates.troupe.dev", &PatchParams::default(), &Patch::Merge(&loose.data)).await.unwrap();
    let operator = place.operator().await;
    let hostile = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "PromptTemplate", "metadata": {"name": "broken"},
        "spec": {"content": {"not": "a text"}}});
    let api = place.ours(Kind::PromptTemplate);
    loop {
        // The API server serves a changed definition a moment later.
        let object: DynamicObject = serde_json::from_value(hostile.clone()).unwrap();
        if api.create(&kube::api::PostParams::default(), &object).await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    place.ready(Kind::PromptTemplate, "broken", "Invalid", "spec.content").await;
    place
        .apply(
            "{apiVersion: troupe.dev/v1alpha1, kind: PromptTemplate, metadata: {name: good}, spec: {content: Hello}}",
        )
        .await;
    place.ready(Kind::PromptTemplate, "good", "Valid", "").await;
    place.apply(MODEL).await;
    place.ready(Kind::Model, "m", "Valid", "").await;
    place.merge(&api, "broken", json!({"spec": {"content": "mended"}})).await;
    place.ready(Kind::PromptTemplate, "broken", "Valid", "").await;
    assert_eq!(operator.metrics.reconciles(Kind::PromptTemplate, Outcome::Panic), 0);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_one_works_and_the_other_follows_at_once_when_it_stops() {
    let Some(place) = Place::new().await else { return };
    let first = place.operator().await;
    place.apply(MODEL).await;
    place.ready(Kind::Model, "m", "Valid", "").await;
    let second = place.operator_with(&["--lease-seconds=30"]).await;
    place.apply(AGENT).await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    assert_eq!(second.metrics.all_writes(), 0);
    assert_eq!(first.stop().await, Ended::Stopped);
    let leases: Api<k8s_openapi::api::coordination::v1::Lease> =
        Api::namespaced(place.client.clone(), &place.namespace);
    place.delete(&place.made(ChildKind::Service), "troupe-runtime").await;
    place.is_made(ChildKind::Service, "troupe-runtime").await;
    let metrics = second.metrics.clone();
    assert_eq!(second.stop().await, Ended::Stopped);
    // A write counts when the API server's answer is here, which may be after the object.
    assert!(metrics.all_writes() > 0);
    let spec = leases.get("troupe-operator").await.unwrap().spec.unwrap();
    assert_eq!(spec.holder_identity, None, "the lease is released");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_dies_is_replaced_when_its_lease_is_over() {
    let Some(place) = Place::new().await else { return };
    let first = place.operator().await;
    place.apply(MODEL).await;
    place.ready(Kind::Model, "m", "Valid", "").await;
    first.kill();
    let second = place.operator().await;
    place.apply(AGENT).await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_whose_lease_is_taken_stops_working() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(MODEL).await;
    place.ready(Kind::Model, "m", "Valid", "").await;
    let leases = place.api(&kube::core::ApiResource {
        group: "coordination.k8s.io".into(),
        version: "v1".into(),
        api_version: "coordination.k8s.io/v1".into(),
        kind: "Lease".into(),
        plural: "leases".into(),
    });
    let taken = json!({"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 300}});
    place.merge(&leases, "troupe-operator", taken).await;
    let ended = tokio::time::timeout(crate::support::LIMIT, operator.ended()).await.unwrap();
    assert_eq!(ended, Ended::LeaseLost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_being_deleted_is_left_alone_and_goes() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(MODEL).await;
    place.apply(AGENT).await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(place.client.clone());
    namespaces.delete(&place.namespace, &kube::api::DeleteParams::background()).await.unwrap();
    let gone = kube::runtime::wait::await_condition(
        namespaces,
        &place.namespace,
        |namespace: Option<&k8s_openapi::api::core::v1::Namespace>| namespace.is_none(),
    );
    tokio::time::timeout(crate::support::LIMIT, gone).await.expect("the namespace goes").unwrap();
    operator.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_said_on_the_runtime_and_nothing_else_stops() {
    let Some(place) = Place::new().await else { return };
    // No right but these: whatever it makes is refused.
    place
        .apply(&format!(
            "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: weak}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: weak}}
rules:
  - {{apiGroups: [troupe.dev], resources: ['*'], verbs: ['*']}}
  - {{apiGroups: ['', apps, networking.k8s.io, policy, rbac.authorization.k8s.io], resources: ['*'], verbs: [list, watch]}}
  - {{apiGroups: [coordination.k8s.io], resources: [leases], verbs: ['*']}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: weak}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: weak}}
subjects: [{{kind: ServiceAccount, name: weak, namespace: {}}}]
",
            place.namespace
        ))
        .await;
    let client = place.cluster.client_of(&place.namespace, "weak").await.unwrap();
    let operator = Running::start(client, settings(&place.namespace, &[]));
    place.apply(AGENT).await;
    place.ready(Kind::Runtime, "default", "Pending", "cannot apply ServiceAccount troupe-runtime: ").await;
    place.apply(MODEL).await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;
    operator.stop().await;
}

//! An operator of a whole cluster: namespaces, token reviews, an API server that goes away and comes back.

use kube::{Api, core::DynamicObject};
use serde_json::json;
use troupe_crds::Kind;
use troupe_operator::child::ChildKind;
use troupe_test_cluster::ControlPlane;

use crate::support::{Place, Running, settings};

const MODEL: &str = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: m}, spec: {protocol: OpenAI, model: m, \
                     baseUrl: 'https://api.example.com/v1'}}";
const AGENT: &str =
    "{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: helper}, spec: {modelRef: {name: m}}}";

/// A cluster of its own: an operator of all namespaces would touch those of other tests.
pub(crate) async fn own_cluster() -> Option<Place> {
    let programs = troupe_test_cluster::programs().expect("the programs are there or not")?;
    let cluster: &'static ControlPlane =
        Box::leak(Box::new(ControlPlane::start(&programs).await.expect("the cluster starts")));
    let namespace = cluster.namespace("release").await.expect("a namespace is made");
    Some(Place { cluster, client: cluster.client().await.expect("it connects"), namespace })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_cluster_is_kept_through_restarts_and_deletions() {
    let Some(release) = own_cluster().await else { return };
    release.grant(&[]).await;
    let cluster = release.cluster;
    let client = cluster.client_of(&release.namespace, "troupe-operator").await.unwrap();
    let mut all = settings(&release.namespace, &["--reviewer-binding=troupe-runtime-reviewer", "--lease-seconds=15"]);
    all.watch_namespaces.clear();
    let operator = Running::start(client, all);
    // Without the definitions it waits, says so, and begins when they come.
    let waits = async {
        while (operator.missing)().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::support::LIMIT, waits).await.expect("it says what is missing");
    cluster.install_resource_definitions().await.expect("the definitions are taken");

    let mut places = Vec::new();
    for name in ["first", "second"] {
        let namespace = cluster.namespace(name).await.unwrap();
        let place = Place { cluster, client: release.client.clone(), namespace };
        place.apply(AGENT).await;
        place.apply(MODEL).await;
        place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
        place.ready(Kind::Agent, "helper", "Valid", "").await;
        places.push(place);
    }
    assert_eq!((operator.missing)(), None);
    reviewers(&release, &places.iter().collect::<Vec<_>>()).await;
    // As an upgrade of the chart may leave it.
    place_nobody(&release).await;
    reviewers(&release, &places.iter().collect::<Vec<_>>()).await;
    operator.idle().await;
    let before = operator.metrics.all_writes();

    // Watches break and begin again, without a write and without a restart of ours.
    cluster.stop_api_server().unwrap();
    cluster.start_api_server().await.unwrap();
    places[0].apply(&MODEL.replace("name: m}", "name: after}")).await;
    places[0].ready(Kind::Model, "after", "Valid", "").await;
    operator.idle().await;
    assert_eq!(operator.metrics.all_writes(), before + 1, "{}", operator.metrics.text().unwrap());

    // A namespace that is being deleted gets nothing new, and goes.
    let gone = &places[1];
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(release.client.clone());
    namespaces.delete(&gone.namespace, &kube::api::DeleteParams::background()).await.unwrap();
    let is_gone = |namespace: Option<&k8s_openapi::api::core::v1::Namespace>| namespace.is_none();
    let wait = kube::runtime::wait::await_condition(namespaces, &gone.namespace, is_gone);
    tokio::time::timeout(crate::support::LIMIT, wait).await.expect("the namespace goes").unwrap();
    reviewers(&release, &[&places[0]]).await;
    operator.stop().await;
}

/// Waits until the runtimes of these namespaces, and no others, may have tokens reviewed.
async fn reviewers(release: &Place, places: &[&Place]) {
    let mut namespaces: Vec<&str> = places.iter().map(|place| place.namespace.as_str()).collect();
    namespaces.sort_unstable();
    let subject =
        |namespace: &&str| json!({"kind": "ServiceAccount", "name": "troupe-runtime", "namespace": namespace});
    let wanted = json!(namespaces.iter().map(subject).collect::<Vec<_>>());
    let holds =
        move |binding: Option<&DynamicObject>| binding.is_some_and(|binding| binding.data["subjects"] == wanted);
    release.until(bindings(release), "troupe-runtime-reviewer", "name the runtimes", holds).await;
}

async fn place_nobody(release: &Place) {
    release.merge(&bindings(release), "troupe-runtime-reviewer", json!({"subjects": null})).await;
}

fn bindings(release: &Place) -> Api<DynamicObject> {
    let resource = kube::core::ApiResource {
        group: "rbac.authorization.k8s.io".into(),
        version: "v1".into(),
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: "ClusterRoleBinding".into(),
        plural: "clusterrolebindings".into(),
    };
    Api::all_with(release.client.clone(), &resource)
}

//! Watches that are too old, and connections that break, on their way to a real API server: nothing is missed, nothing is
//! written twice.

use serde_json::json;
use troupe_crds::Kind;
use troupe_operator::child::ChildKind;
use troupe_test_cluster::Proxy;

use crate::support::{LIMIT, Place, Running, settings};

const MODEL: &str = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: m}, spec: {protocol: OpenAI, model: m, \
                     baseUrl: 'https://api.example.com/v1'}}";
const AGENT: &str =
    "{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: helper}, spec: {modelRef: {name: m}}}";
const TEMPLATE: &str =
    "{apiVersion: troupe.dev/v1alpha1, kind: PromptTemplate, metadata: {name: late}, spec: {content: Hello}}";

/// An operator behind a proxy, at rest with an Agent that is well.
async fn at_rest() -> Option<(Place, Proxy, Running)> {
    let place = Place::new().await?;
    let client = place.cluster.client_of(&place.namespace, "troupe-operator").await.unwrap();
    let proxy = Proxy::start(client).await.unwrap();
    let operator = Running::start(proxy.client(&place.namespace).unwrap(), settings(&place.namespace, &[]));
    place.apply(MODEL).await;
    place.apply(AGENT).await;
    place.is_made(ChildKind::StatefulSet, "troupe-runtime").await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;
    operator.idle().await;
    Some((place, proxy, operator))
}

/// A Model goes, a template comes, and a Service of the operator's goes, while watches tell nothing.
async fn unseen_changes(place: &Place, proxy: &Proxy, operator: &Running) {
    proxy.lose_news();
    let before = operator.metrics.all_writes();
    place.delete(&place.ours(Kind::Model), "m").await;
    place.is_gone(place.ours(Kind::Model), "m").await;
    place.delete(&place.made(ChildKind::Service), "troupe-runtime").await;
    place.is_gone(place.made(ChildKind::Service), "troupe-runtime").await;
    place.apply(TEMPLATE).await;
    operator.idle().await;
    assert_eq!(operator.metrics.all_writes(), before, "what nobody tells of is not acted upon");
}

async fn healed(place: &Place) {
    place.ready(Kind::Agent, "helper", "ReferenceNotFound", "there is no Model \"m\"").await;
    place.ready(Kind::PromptTemplate, "late", "Valid", "").await;
    place.is_made(ChildKind::Service, "troupe-runtime").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_gone_begins_again_with_a_list_and_misses_nothing() {
    let Some((place, proxy, operator)) = at_rest().await else { return };
    unseen_changes(&place, &proxy, &operator).await;
    let (lists, gone) = (proxy.lists(), proxy.gone());
    proxy.expire_watches();
    healed(&place).await;
    // Each kind of ours and each that is made was told twice: in the middle of its watch, and at the next one's beginning.
    let kinds = u64::try_from(Kind::ALL.len()).unwrap();
    let all = async {
        while proxy.gone() < gone + 2 * kinds || proxy.lists() < lists + 2 * kinds {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let told = tokio::time::timeout(LIMIT, all).await;
    assert!(told.is_ok(), "{} told, {} listed", proxy.gone() - gone, proxy.lists() - lists);
    // Still the same operator, which goes on.
    place.apply(MODEL).await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_lose_no_news() {
    let Some((place, proxy, operator)) = at_rest().await else { return };
    for _ in 0..3 {
        proxy.break_watches();
    }
    unseen_changes(&place, &proxy, &operator).await;
    let broken = proxy.broken();
    proxy.break_watches();
    healed(&place).await;
    assert!(proxy.broken() > broken);
    operator.idle().await;
    let before = operator.metrics.all_writes();
    proxy.break_watches();
    place.merge(&place.ours(Kind::PromptTemplate), "late", json!({"metadata": {"annotations": {"seen": "yes"}}})).await;
    place.apply(MODEL).await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;
    operator.idle().await;
    // Two statuses: the Model's and the Agent's. What came again was no news.
    assert_eq!(operator.metrics.all_writes(), before + 2, "{}", operator.metrics.text().unwrap());
    operator.stop().await;
}

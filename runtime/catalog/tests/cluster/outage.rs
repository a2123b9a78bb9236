//! API servers that go away, and definitions that let anything in.

use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject};
use serde_json::json;
use troupe_crds::Kind;
use troupe_test_cluster::Proxy;

use crate::place::{MODEL, Place, agent, entry, eventually, is, ready, template, until};

fn description(catalog: &troupe_catalog::Catalog, name: &str) -> Option<String> {
    catalog.view().agent(name)?.description.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_serves_while_the_api_server_is_away_and_edits_count_when_it_is_back() {
    let Some(place) = Place::alone().await else { return };
    place.apply(&format!("{MODEL}---{}---{}", agent("helper", "First"), agent("other", "Other"))).await;
    let running = place.open().await;
    place.cluster.stop_api_server().unwrap();
    assert_eq!(description(&running.catalog, "helper").as_deref(), Some("First"));
    place.cluster.start_api_server().await.unwrap();
    // Right after the start an API server may refuse everybody.
    eventually("an edit", async || {
        let change = Patch::Merge(json!({"spec": {"description": "Edited"}}));
        place.ours(Kind::Agent).patch("helper", &PatchParams::default(), &change).await.is_ok()
    })
    .await;
    place.delete(Kind::Agent, "other").await;
    let caught_up = |catalog: &troupe_catalog::Catalog| {
        description(catalog, "helper").as_deref() == Some("Edited")
            && catalog.view().get(Kind::Agent, "other").is_none()
    };
    until(&running.catalog, "what happened meanwhile", caught_up).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_read_says_so_and_stops_no_other() {
    let Some(place) = Place::alone().await else { return };
    loosen(&place).await;
    let hostile = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "PromptTemplate", "metadata": {"name": "broken"},
        "spec": {"content": {"not": "a text"}}});
    eventually("the loosened definition", async || {
        let object: DynamicObject = serde_json::from_value(hostile.clone()).unwrap();
        place.ours(Kind::PromptTemplate).create(&PostParams::default(), &object).await.is_ok()
    })
    .await;
    place.apply(&template("good", "Hello")).await;
    let running = place.open().await;
    let (reason, message) = ready(&running.catalog, Kind::PromptTemplate, "broken");
    assert_eq!((reason.as_str(), message.starts_with("spec.content: ")), ("Invalid", true), "{message}");
    assert!(entry(&running.catalog, Kind::PromptTemplate, "good").is_ready());
    // It breaks while it is watched, too, and what was good before goes on.
    place.merge(Kind::PromptTemplate, "good", json!({"spec": {"content": ["x"]}})).await;
    until(&running.catalog, "the breakage", |catalog| is(catalog, Kind::PromptTemplate, "good", "Invalid")).await;
    assert_eq!(running.catalog.view().prompt_template("good").unwrap().content, "Hello");
    place.merge(Kind::PromptTemplate, "broken", json!({"spec": {"content": "mended", "new": {"field": 1}}})).await;
    until(&running.catalog, "the correction", |catalog| is(catalog, Kind::PromptTemplate, "broken", "Valid")).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_are_gone_or_break_miss_nothing() {
    let Some(place) = Place::new().await else { return };
    place.apply(&format!("{MODEL}---{}---{}", agent("helper", "First"), agent("other", "Other"))).await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: troupe-key-env}, stringData: {A: one}}").await;
    place.grant(&["troupe-key-env"], &[]).await;
    let client = place.cluster.client_of(&place.namespace, "troupe-runtime").await.unwrap();
    let proxy = Proxy::start(client).await.unwrap();
    let running = place.open_through(proxy.client(&place.namespace).unwrap()).await;
    let catalog = &running.catalog;
    let variable = |key: &str| catalog.secret_keys().contains(&("env".to_owned(), key.to_owned()));
    eventually("the first variable", async || variable("A")).await;
    for (round, is_gone) in [(1, true), (2, false), (3, true)] {
        proxy.lose_news();
        let edited = format!("Edited {round}");
        place.merge(Kind::Agent, "helper", json!({"spec": {"description": edited}})).await;
        let other = if round == 1 { "other".to_owned() } else { format!("new-{}", round - 1) };
        place.delete(Kind::Agent, &other).await;
        place.apply(&agent(&format!("new-{round}"), "New")).await;
        let key = format!("B{round}");
        let data =
            format!("{{apiVersion: v1, kind: Secret, metadata: {{name: troupe-key-env}}, stringData: {{{key}: x}}}}");
        place.apply(&data).await;
        assert_ne!(description(catalog, "helper").as_deref(), Some(&*edited), "nobody told of it");
        let before = (proxy.gone(), proxy.broken(), proxy.lists());
        if is_gone {
            proxy.expire_watches();
        } else {
            proxy.break_watches();
        }
        let caught_up = |catalog: &troupe_catalog::Catalog| {
            let view = catalog.view();
            description(catalog, "helper").as_deref() == Some(&*edited)
                && view.get(Kind::Agent, &other).is_none()
                && view.get(Kind::Agent, &format!("new-{round}")).is_some()
        };
        until(catalog, "what happened meanwhile", caught_up).await;
        eventually("the variable that was written meanwhile", async || variable(&key)).await;
        let after = (proxy.gone(), proxy.broken(), proxy.lists());
        let told = if is_gone { after.0 > before.0 && after.2 > before.2 } else { after.1 > before.1 };
        assert!(told, "round {round}: {before:?} {after:?}");
    }
    running.stop().await;
}

/// Makes the definition of prompt templates let everything in, as an older or newer one may.
async fn loosen(place: &Place) {
    let resource = ApiResource {
        group: "apiextensions.k8s.io".into(),
        version: "v1".into(),
        api_version: "apiextensions.k8s.io/v1".into(),
        kind: "CustomResourceDefinition".into(),
        plural: "customresourcedefinitions".into(),
    };
    let definitions: Api<DynamicObject> = Api::all_with(place.admin.clone(), &resource);
    let mut loose = definitions.get("prompttemplates.troupe.dev").await.unwrap();
    let spec = loose.data.pointer_mut("/spec/versions/0/schema/openAPIV3Schema/properties/spec").unwrap();
    *spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let change = Patch::Merge(&loose.data);
    definitions.patch("prompttemplates.troupe.dev", &PatchParams::default(), &change).await.unwrap();
}

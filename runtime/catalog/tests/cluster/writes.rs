//! Writes of the HTTP API to a cluster.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use troupe_catalog::{SecretFileError, WriteError, WriteOptions};
use troupe_core::model::SecretRef;
use troupe_core::port::SecretSource;
use troupe_crds::{Kind, Resource};

use crate::place::{MODEL, Place, agent, entry};

fn resource(yaml: &str) -> Resource {
    Resource::from_value(serde_yaml::from_str(yaml).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_in_the_view_on_return_and_in_the_cluster() {
    let Some(place) = Place::new().await else { return };
    let running = place.open().await;
    let catalog = &running.catalog;
    let create = WriteOptions { create: true, ..WriteOptions::default() };
    let made = catalog.apply(resource(MODEL), create.clone()).await.unwrap();
    assert!(made.is_ready());
    assert!(matches!(catalog.apply(resource(MODEL), create).await, Err(WriteError::Exists { .. })));
    let changed = MODEL.replace("model: tiny", "model: large");
    let edited = catalog.apply(resource(&changed), WriteOptions::default()).await.unwrap();
    assert_eq!(catalog.view().model("small").unwrap().model, "large");
    let object = place.ours(Kind::Model).get("small").await.unwrap();
    assert_eq!(object.data["spec"]["model"], "large");
    let managers: Vec<_> =
        object.metadata.managed_fields.unwrap().into_iter().filter_map(|entry| entry.manager).collect();
    assert_eq!(managers, ["troupe-api"]);
    // Nothing to do is no write.
    let same = catalog.apply(resource(&changed), WriteOptions::default()).await.unwrap();
    assert_eq!(same.resource_version, edited.resource_version);
    assert_eq!(
        place.ours(Kind::Model).get("small").await.unwrap().metadata.resource_version,
        object.metadata.resource_version
    );
    catalog.delete(Kind::Model, "small", WriteOptions::default()).await.unwrap();
    assert!(catalog.view().get(Kind::Model, "small").is_none());
    let again = catalog.delete(Kind::Model, "small", WriteOptions::default()).await;
    assert!(matches!(again, Err(WriteError::NotFound { .. })), "{again:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_keeps_what_others_wrote_and_what_it_does_not_speak_of() {
    let Some(place) = Place::new().await else { return };
    place.apply(MODEL).await;
    place
        .merge(
            Kind::Model,
            "small",
            json!({"metadata": {"finalizers": ["example.com/mine"], "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "keep"}}}),
        )
        .await;
    let running = place.open().await;
    let shown = entry(&running.catalog, Kind::Model, "small").newest.clone().unwrap();
    let mut manifest = shown.to_manifest().unwrap().unwrap();
    assert!(!manifest.to_string().contains("last-applied"));
    manifest["spec"]["model"] = "large".into();
    running.catalog.apply(Resource::from_value(manifest).unwrap(), WriteOptions::default()).await.unwrap();
    let object = place.ours(Kind::Model).get("small").await.unwrap();
    let annotations = object.metadata.annotations.unwrap();
    assert_eq!(annotations["kubectl.kubernetes.io/last-applied-configuration"], "{}");
    assert_eq!(annotations["note"], "keep");
    assert_eq!(object.metadata.finalizers.unwrap(), ["example.com/mine"]);
    place.merge(Kind::Model, "small", json!({"metadata": {"finalizers": null}})).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_read_must_still_hold_and_a_status_does_not_change_it() {
    let Some(place) = Place::new().await else { return };
    place.apply(MODEL).await;
    let running = place.open().await;
    let read = entry(&running.catalog, Kind::Model, "small").resource_version.clone();
    let status = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Model", "status": {"observedGeneration": 1}});
    let api = place.ours(Kind::Model);
    let by = PatchParams::apply("troupe-operator").force();
    api.patch_status("small", &by, &Patch::Apply(status)).await.unwrap();
    let options = |version: &str| WriteOptions { if_match: Some(version.to_owned()), ..WriteOptions::default() };
    let changed = resource(&MODEL.replace("model: tiny", "model: large"));
    running.catalog.apply(changed.clone(), options(&read)).await.unwrap();
    let stale = running.catalog.apply(resource(MODEL), options(&read)).await;
    assert!(matches!(stale, Err(WriteError::Changed { .. })), "{stale:?}");
    let stale = running.catalog.delete(Kind::Model, "small", options(&read)).await;
    assert!(matches!(stale, Err(WriteError::Changed { .. })), "{stale:?}");
    // The API server's own number is as good.
    let number = api.get("small").await.unwrap().metadata.resource_version.unwrap();
    running.catalog.apply(resource(MODEL), options(&number)).await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gitops_tool_manages_is_refused_by_its_name_unless_forced() {
    let Some(place) = Place::new().await else { return };
    place.apply(MODEL).await;
    let body: serde_json::Value = serde_yaml::from_str(&agent("managed", "Theirs")).unwrap();
    let by = PatchParams::apply("argocd-controller");
    place.ours(Kind::Agent).patch("managed", &by, &Patch::Apply(body)).await.unwrap();
    let running = place.open().await;
    assert_eq!(entry(&running.catalog, Kind::Agent, "managed").managed_by.as_deref(), Some("Argo CD"));
    let mine = || resource(&agent("managed", "Mine"));
    let forced = || WriteOptions { force: true, ..WriteOptions::default() };
    let refused = running.catalog.apply(mine(), WriteOptions::default()).await.unwrap_err();
    assert!(matches!(&refused, WriteError::Managed { manager, .. } if **manager == *"Argo CD"), "{refused:?}");
    assert!(refused.to_string().contains("managed by Argo CD"), "{refused}");
    let refused = running.catalog.delete(Kind::Agent, "managed", WriteOptions::default()).await.unwrap_err();
    assert!(matches!(refused, WriteError::Managed { .. }), "{refused:?}");
    let written = running.catalog.apply(mine(), forced()).await.unwrap();
    assert_eq!(running.catalog.view().agent("managed").unwrap().description.as_deref(), Some("Mine"));
    // It is still theirs.
    assert_eq!(written.managed_by.as_deref(), Some("Argo CD"));
    running.catalog.delete(Kind::Agent, "managed", forced()).await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_servers_refusal_is_told_in_its_words() {
    let Some(place) = Place::new().await else { return };
    let running = place.open().await;
    let mut long = resource(MODEL).to_manifest().unwrap().unwrap();
    long["metadata"]["labels"] = json!({"bad label!": "x"});
    let refused =
        running.catalog.apply(Resource::from_value(long).unwrap(), WriteOptions::default()).await.unwrap_err();
    let WriteError::Cluster(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), 422);
    assert!(refused.to_string().contains("bad label!"), "{refused}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_become_opaque_secrets_which_are_known_before_they_may_be_read() {
    let Some(place) = Place::new().await else { return };
    let running = place.open().await;
    let catalog = &running.catalog;
    let name = "troupe-key-models-small";
    catalog.set_secret(name, "api_key", "one").await.unwrap();
    catalog.set_secret(name, "other", "two").await.unwrap();
    let value = async |name: &str, key: &str| {
        let reference = SecretRef::Key { name: name.to_owned(), key: key.to_owned() };
        catalog.secret(&reference).await.map(|value| value.to_string()).ok()
    };
    assert_eq!(value(name, "api_key").await.as_deref(), Some("one"));
    let secrets: Api<Secret> = Api::namespaced(place.admin.clone(), &place.namespace);
    let written = secrets.get(name).await.unwrap();
    assert_eq!(written.type_.as_deref(), Some("Opaque"));
    let data = written.data.unwrap();
    assert_eq!((data["api_key"].0.as_slice(), data["other"].0.as_slice()), (&b"one"[..], &b"two"[..]));
    // The variables of the service have a name that may be written, too.
    catalog.set_secret("env", "TZ", "UTC").await.unwrap();
    assert_eq!(value("env", "TZ").await.as_deref(), Some("UTC"));
    assert!(catalog.secret_keys().contains(&("env".to_owned(), "TZ".to_owned())));
    assert!(secrets.get_opt("troupe-key-env").await.unwrap().is_some());
    let refused = catalog.set_secret("provider", "token", "x").await.unwrap_err();
    let SecretFileError::Cluster(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), 403);
    assert!(catalog.delete_secret_key(name, "other").await.unwrap());
    assert!(catalog.delete_secret_key(name, "api_key").await.unwrap());
    assert!(secrets.get_opt(name).await.unwrap().is_none());
    assert!(!catalog.delete_secret(name).await.unwrap());
    running.stop().await;
}

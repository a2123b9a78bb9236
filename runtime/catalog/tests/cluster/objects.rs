//! Objects as they come, change and go.

use serde_json::json;
use troupe_crds::Kind;

use crate::place::{MODEL, Place, agent, entry, is, ready, template, until};

fn description(catalog: &troupe_catalog::Catalog, name: &str) -> Option<String> {
    catalog.view().agent(name)?.description.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_in_any_order_serve_and_are_edited_and_deleted_live() {
    let Some(place) = Place::new().await else { return };
    place.apply(&agent("helper", "First")).await;
    let running = place.open().await;
    let catalog = &running.catalog;
    assert_eq!(ready(catalog, Kind::Agent, "helper").0, "ReferenceNotFound");
    place.apply(MODEL).await;
    until(catalog, "an agent whose model came", |catalog| is(catalog, Kind::Agent, "helper", "Valid")).await;
    place.merge(Kind::Agent, "helper", json!({"spec": {"description": "Edited"}})).await;
    until(catalog, "the edit", |catalog| description(catalog, "helper").as_deref() == Some("Edited")).await;
    let found = entry(catalog, Kind::Agent, "helper");
    assert_eq!((found.line, found.managed_by.as_deref()), (0, None));
    assert!(found.changed_at.is_some());
    assert!(found.resource.as_ref().unwrap().metadata().managed_fields.is_none());
    place.delete(Kind::Agent, "helper").await;
    until(catalog, "the deletion", |catalog| catalog.view().get(Kind::Agent, "helper").is_none()).await;
    place.delete(Kind::Model, "small").await;
    until(catalog, "the other deletion", |catalog| catalog.view().get(Kind::Model, "small").is_none()).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_leaves_the_last_good_version_serving_over_a_restart_too() {
    let Some(place) = Place::new().await else { return };
    place.apply(&template("greeting", "Hello")).await;
    let running = place.open().await;
    let content =
        |catalog: &troupe_catalog::Catalog| catalog.view().prompt_template("greeting").unwrap().content.clone();
    place.merge(Kind::PromptTemplate, "greeting", json!({"spec": {"content": "{% if %}"}})).await;
    until(&running.catalog, "the bad edit", |catalog| is(catalog, Kind::PromptTemplate, "greeting", "Invalid")).await;
    assert_eq!(content(&running.catalog), "Hello");
    let (_, message) = ready(&running.catalog, Kind::PromptTemplate, "greeting");
    assert!(message.contains("spec.content") && message.contains("keeps serving"), "{message}");
    let shown = running.catalog.view().diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(
        shown.starts_with(&format!("namespace/{}: error: PromptTemplate \"greeting\"", place.namespace)),
        "{shown}"
    );
    running.stop().await;
    let again = place.open().await;
    assert_eq!(content(&again.catalog), "Hello");
    assert!(is(&again.catalog, Kind::PromptTemplate, "greeting", "Invalid"));
    place.merge(Kind::PromptTemplate, "greeting", json!({"spec": {"content": "Hi"}})).await;
    until(&again.catalog, "the correction", |catalog| content(catalog) == "Hi").await;
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_objects_with_one_id_the_older_serves() {
    let Some(place) = Place::new().await else { return };
    let model = |name: &str| {
        MODEL.replace("{name: small}", &format!("{{name: {name}, annotations: {{troupe.dev/id: 'qwen3.5:9b'}}}}"))
    };
    place.apply(&model("zebra")).await;
    // Times of creation have whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    place.apply(&model("ant")).await;
    let running = place.open().await;
    let view = running.catalog.view();
    assert_eq!(&*view.find(Kind::Model, "qwen3.5:9b").unwrap().name, "zebra");
    assert_eq!(ready(&running.catalog, Kind::Model, "ant").0, "DuplicateId");
    place.delete(Kind::Model, "zebra").await;
    until(&running.catalog, "the heir", |catalog| is(catalog, Kind::Model, "ant", "Valid")).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_revision_serves_over_newer_drafts() {
    let Some(place) = Place::new().await else { return };
    place.apply(&format!("{MODEL}---{}", agent("helper", "First"))).await;
    let running = place.open().await;
    let first = entry(&running.catalog, Kind::Agent, "helper").serving_revision.clone().unwrap();
    place
        .merge(Kind::Agent, "helper", json!({"spec": {"description": "Draft", "publishedRevision": first.as_ref()}}))
        .await;
    let drafted = |catalog: &troupe_catalog::Catalog| {
        entry(catalog, Kind::Agent, "helper").newest_revision.as_ref() != Some(&first)
    };
    until(&running.catalog, "the draft", drafted).await;
    assert_eq!(description(&running.catalog, "helper").as_deref(), Some("First"));
    place.until_said(Kind::Agent, "helper", "RevisionResolved", "RevisionFound").await;
    place.merge(Kind::Agent, "helper", json!({"spec": {"publishedRevision": "0".repeat(64)}})).await;
    place.until_said(Kind::Agent, "helper", "RevisionResolved", "RevisionNotFound").await;
    assert_eq!(description(&running.catalog, "helper").as_deref(), Some("First"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_server_is_reached_at_its_service() {
    let Some(place) = Place::new().await else { return };
    place
        .apply(
            "
apiVersion: troupe.dev/v1alpha1
kind: McpServer
metadata: {name: files.local}
spec: {stdio: {command: npx, args: [server], sharing: PerSession, env: [{name: KEY, secretKeyRef: {name: s, key: k}}]}}
",
        )
        .await;
    let running = place.open().await;
    let server = running.catalog.view().server("files.local").unwrap();
    let troupe_core::tool::McpTransport::Http { url, per_session, headers, .. } = server.transport else { panic!() };
    let name = troupe_crds::id::slug("files.local");
    assert_eq!(url, format!("http://mcp-{name}.{}.svc:8080/mcp", place.namespace));
    assert_eq!((per_session, headers), (true, Vec::new()));
    // Its variables are its pod's matter.
    let conditions = running.catalog.conditions(&entry(&running.catalog, Kind::McpServer, "files.local"));
    assert_eq!(conditions.len(), 1, "{conditions:?}");
    running.stop().await;
}

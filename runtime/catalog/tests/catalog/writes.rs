//! Writes: where they go, what they refuse, and that nobody's work is lost.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use troupe_catalog::{WriteError, WriteOptions};
use troupe_crds::{Kind, Resource};

use crate::folder::{MODEL, Setting, agent, description, entry, leftovers};

fn resource(name: &str, spec: &serde_json::Value) -> Resource {
    let document =
        json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Agent", "metadata": {"name": name}, "spec": spec});
    Resource::from_value(document).unwrap()
}

fn described(name: &str, description: &str) -> Resource {
    resource(name, &json!({"description": description, "modelRef": {"name": "small"}}))
}

#[tokio::test]
async fn a_new_object_gets_a_file_of_its_own_and_serves_on_return() {
    let setting = Setting::with(MODEL);
    let catalog = setting.open_first().await;
    let entry = catalog.apply(described("one", "First"), WriteOptions::default()).await.unwrap();
    assert!(entry.is_ready());
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
    assert_eq!(
        setting.read("first/agents/one.yaml"),
        "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: one\nspec:\n  description: First\n  \
         modelRef:\n    name: small\n"
    );
    assert_eq!(leftovers(&setting.path("first/agents")), 0);
}

#[tokio::test]
async fn an_edit_keeps_comments_and_other_documents() {
    let text = format!(
        "# All of it.\n{MODEL}{}{}",
        "---\n# The first.\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: one} # short\nspec:\n  \
         description: First # edit me\n  # The model.\n  modelRef: {name: small}\n",
        agent("two", "Second")
    );
    let setting = Setting::with(&text);
    let catalog = setting.open_first().await;
    catalog.apply(described("one", "Edited"), WriteOptions::default()).await.unwrap();
    assert_eq!(setting.read("first/all.yaml"), text.replace("First # edit me", "Edited # edit me"));
    assert_eq!(description(&catalog, "one").as_deref(), Some("Edited"));
}

#[tokio::test]
async fn an_object_of_an_earlier_folder_is_overridden_in_the_last() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.open(&["first", "second"]).await;
    let before = setting.read("first/all.yaml");
    catalog.apply(described("one", "Second"), WriteOptions::default()).await.unwrap();
    assert_eq!(setting.read("first/all.yaml"), before);
    assert_eq!(description(&catalog, "one").as_deref(), Some("Second"));
    let error = catalog.delete(Kind::Agent, "one", WriteOptions::default()).await.unwrap_err();
    assert!(
        matches!(&error, WriteError::DefinedEarlier { file, .. } if *file == setting.path("first/all.yaml")),
        "{error}"
    );
}

#[tokio::test]
async fn a_deleted_document_leaves_the_others_and_the_last_one_takes_its_file() {
    let setting = Setting::with(&format!("{MODEL}{}{}", agent("one", "First"), agent("two", "Second")));
    let catalog = setting.open_first().await;
    catalog.delete(Kind::Agent, "one", WriteOptions::default()).await.unwrap();
    assert_eq!(setting.read("first/all.yaml"), format!("{MODEL}{}", agent("two", "Second")));
    assert!(catalog.view().get(Kind::Agent, "one").is_none());
    catalog.delete(Kind::Model, "small", WriteOptions::default()).await.unwrap();
    catalog.delete(Kind::Agent, "two", WriteOptions::default()).await.unwrap();
    assert!(!setting.path("first/all.yaml").exists());
    let error = catalog.delete(Kind::Agent, "two", WriteOptions::default()).await.unwrap_err();
    assert!(matches!(error, WriteError::NotFound { .. }));
}

#[tokio::test]
async fn conditions_of_a_write_are_kept() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.open_first().await;
    let create = WriteOptions { create: true, ..WriteOptions::default() };
    let error = catalog.apply(described("one", "x"), create).await.unwrap_err();
    assert!(matches!(error, WriteError::Exists { .. }));
    let version = entry(&catalog, Kind::Agent, "one").resource_version.clone();
    let matching = |version: &str| WriteOptions { if_match: Some(version.to_owned()), ..WriteOptions::default() };
    let entry = catalog.apply(described("one", "Second"), matching(&version)).await.unwrap();
    assert_ne!(entry.resource_version, version);
    let error = catalog.apply(described("one", "Third"), matching(&version)).await.unwrap_err();
    assert!(matches!(error, WriteError::Changed { .. }));
    let error = catalog.delete(Kind::Agent, "one", matching(&version)).await.unwrap_err();
    assert!(matches!(error, WriteError::Changed { .. }));
    assert_eq!(description(&catalog, "one").as_deref(), Some("Second"));
}

#[tokio::test]
async fn an_invalid_resource_is_not_written() {
    let setting = Setting::with(MODEL);
    let catalog = setting.open_first().await;
    let error = catalog.apply(resource("one", &json!({"tools": [{}]})), WriteOptions::default()).await.unwrap_err();
    let WriteError::Invalid(violations) = error else { panic!("{error}") };
    assert_eq!(violations[0].path, "spec.tools[0]");
    assert!(!setting.path("first/agents").exists());
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused() {
    let taken = agent("one", "First").replace("spec:", "  annotations: {troupe.dev/id: org/x}\nspec:");
    let setting = Setting::with(&format!("{MODEL}{taken}"));
    let catalog = setting.open_first().await;
    let mut other = described("two", "Second");
    if let Resource::Agent(agent) = &mut other {
        agent.metadata.annotations = Some([("troupe.dev/id".to_owned(), "org/x".to_owned())].into());
    }
    let error = catalog.apply(other, WriteOptions::default()).await.unwrap_err();
    assert!(matches!(&error, WriteError::DuplicateId { owner, .. } if owner == "one"), "{error}");
}

#[tokio::test]
async fn a_broken_document_is_replaced_by_what_is_written() {
    let setting = Setting::with(&format!("{MODEL}{}{}", agent("one", "[Bad"), agent("two", "Second")));
    let catalog = setting.open_first().await;
    catalog.apply(described("one", "Good"), WriteOptions::default()).await.unwrap();
    assert_eq!(description(&catalog, "one").as_deref(), Some("Good"));
    assert!(setting.read("first/all.yaml").ends_with(&agent("two", "Second")));
}

#[tokio::test]
async fn a_json_file_stays_json() {
    let setting = Setting::with(MODEL);
    setting.write(
        "first/one.json",
        r#"{"apiVersion": "troupe.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "one"}, "spec": {"modelRef": {"name": "small"}}}"#,
    );
    let catalog = setting.open_first().await;
    catalog.apply(described("one", "Edited"), WriteOptions::default()).await.unwrap();
    let text = setting.read("first/one.json");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["spec"]["description"], "Edited");
    assert_eq!(description(&catalog, "one").as_deref(), Some("Edited"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_lose_nothing() {
    let documents: String = (0..8).map(|number| agent(&format!("agent-{number}"), "Old")).collect();
    let setting = Setting::with(&format!("{MODEL}{documents}"));
    let catalog = setting.open_first().await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let catalog = catalog.clone();
        let resource = described(&format!("agent-{number}"), &format!("New {number}"));
        writers.spawn(async move { catalog.apply(resource, WriteOptions::default()).await.map(drop) });
    }
    for written in writers.join_all().await {
        written.unwrap();
    }
    for number in 0..8 {
        let name = format!("agent-{number}");
        assert_eq!(description(&catalog, &name), Some(format!("New {number}")));
    }
    assert_eq!(leftovers(&setting.path("first")), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_editor_at_the_same_file_loses_nothing() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "Old")));
    let catalog = setting.open_first().await;
    let stop = Arc::new(AtomicBool::new(false));
    let (path, until) = (setting.path("first/all.yaml"), Arc::clone(&stop));
    // Another program appends comments: each must still be there at the end, whatever was written in between.
    let editor = std::thread::spawn(move || {
        let mut written = 0;
        while !until.load(Ordering::SeqCst) && written < 50 {
            let before = fs::read_to_string(&path).unwrap();
            let beside = path.with_extension("beside");
            fs::write(&beside, format!("{before}# comment {written}\n")).unwrap();
            if fs::read_to_string(&path).unwrap() == before {
                fs::rename(&beside, &path).unwrap();
                written += 1;
            }
            std::thread::yield_now();
        }
    });
    let mut made = 0;
    for number in 0..20 {
        match catalog.apply(described("one", &format!("New {number}")), WriteOptions::default()).await {
            Ok(_) => made += 1,
            Err(WriteError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    stop.store(true, Ordering::SeqCst);
    editor.join().unwrap();
    assert!(made > 0);
    catalog.reload().await;
    assert!(entry(&catalog, Kind::Agent, "one").is_ready(), "{:?}", setting.diagnostics(&catalog));
}

//! Edits of real files under a watching catalog. Every test waits for what must come, and for nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use troupe_catalog::{Catalog, Change};
use troupe_crds::Kind;
use troupe_crds::condition::ConditionType;

use crate::folder::{MODEL, Setting, agent, description, entry, ready, until};

#[tokio::test]
async fn an_edit_is_live() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.watch().await;
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "Edited")));
    until(&catalog, |catalog| description(catalog, "one").as_deref() == Some("Edited")).await;
}

#[tokio::test]
async fn new_files_in_new_folders_are_live_and_removed_ones_are_gone() {
    let setting = Setting::with(MODEL);
    let catalog = setting.watch().await;
    setting.write("first/a/b/one.yaml", &agent("one", "First"));
    until(&catalog, |catalog| description(catalog, "one").is_some()).await;
    fs::remove_dir_all(setting.path("first/a")).unwrap();
    until(&catalog, |catalog| catalog.view().get(Kind::Agent, "one").is_none()).await;
}

#[tokio::test]
async fn an_editor_that_renames_is_followed() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.watch().await;
    setting.write("elsewhere.yaml", &format!("{MODEL}{}", agent("one", "Renamed")));
    fs::rename(setting.path("elsewhere.yaml"), setting.path("first/all.yaml")).unwrap();
    until(&catalog, |catalog| description(catalog, "one").as_deref() == Some("Renamed")).await;
}

#[tokio::test]
async fn a_swapped_link_of_a_mounted_config_map_is_followed() {
    let setting = Setting::with("");
    setting.write("first/..v1/all.yaml", &format!("{MODEL}{}", agent("one", "First")));
    symlink("..v1", setting.path("first/..data")).unwrap();
    symlink("..data/all.yaml", setting.path("first/all.yaml")).unwrap();
    let catalog = setting.watch().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
    setting.write("first/..v2/all.yaml", &format!("{MODEL}{}", agent("one", "Second")));
    symlink("..v2", setting.path("first/..data_tmp")).unwrap();
    fs::rename(setting.path("first/..data_tmp"), setting.path("first/..data")).unwrap();
    until(&catalog, |catalog| description(catalog, "one").as_deref() == Some("Second")).await;
}

#[tokio::test]
async fn a_folder_that_is_itself_a_swapped_link_is_followed() {
    let setting = Setting::with("");
    fs::remove_dir(setting.path("first")).unwrap();
    setting.write("v1/all.yaml", &format!("{MODEL}{}", agent("one", "First")));
    setting.write("v2/all.yaml", &format!("{MODEL}{}", agent("one", "Second")));
    symlink("v1", setting.path("first")).unwrap();
    let catalog = setting.watch().await;
    symlink("v2", setting.path("first_tmp")).unwrap();
    fs::rename(setting.path("first_tmp"), setting.path("first")).unwrap();
    until(&catalog, |catalog| description(catalog, "one").as_deref() == Some("Second")).await;
    setting.write("v2/all.yaml", &format!("{MODEL}{}", agent("one", "Third")));
    until(&catalog, |catalog| description(catalog, "one").as_deref() == Some("Third")).await;
}

#[tokio::test]
async fn a_missing_reference_heals_when_its_target_comes() {
    let setting = Setting::with(&agent("one", "First"));
    let catalog = setting.watch().await;
    let (reason, message) = ready(&catalog, Kind::Agent, "one");
    assert_eq!(
        (reason.as_str(), message.as_str()),
        ("ReferenceNotFound", "spec.modelRef: there is no Model \"small\": create it, or name another")
    );
    setting.write("first/model.yaml", MODEL);
    until(&catalog, |catalog| entry(catalog, Kind::Agent, "one").is_ready()).await;
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
}

#[tokio::test]
async fn a_reference_breaks_when_its_target_goes() {
    let setting = Setting::with(&agent("one", "First"));
    setting.write("first/model.yaml", MODEL);
    let catalog = setting.open_first().await;
    assert!(entry(&catalog, Kind::Agent, "one").is_ready());
    fs::remove_file(setting.path("first/model.yaml")).unwrap();
    catalog.reload().await;
    assert_eq!(ready(&catalog, Kind::Agent, "one").0, "ReferenceNotFound");
}

#[tokio::test]
async fn a_bad_edit_keeps_the_last_good_version() {
    let good = format!("{MODEL}{}", agent("one", "Good"));
    let setting = Setting::with(&good);
    let catalog = setting.open_first().await;
    for bad in [
        good.replace("description: Good", "descripton: Good"),
        good.replace("description: Good", "description: [Good"),
        good.replace("modelRef: {name: small}", "modelRef: {name: large}"),
        good.replace("kind: Agent\nmetadata:\n  name: one", "kind: Agent\nmetadata:\n  nam e: [one"),
    ] {
        setting.write("first/all.yaml", &bad);
        catalog.reload().await;
        assert_eq!(description(&catalog, "one").as_deref(), Some("Good"), "{bad}");
        let (_, message) = ready(&catalog, Kind::Agent, "one");
        assert!(message.contains("the last valid version"), "{message}");
        assert!(!setting.diagnostics(&catalog).is_empty());
    }
    setting.write("first/all.yaml", &good.replace("Good", "Better"));
    catalog.reload().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("Better"));
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
}

#[tokio::test]
async fn a_bad_document_takes_nothing_from_its_neighbours() {
    let setting = Setting::with(&format!("{MODEL}{}{}", agent("one", "First"), agent("two", "Second")));
    let catalog = setting.open_first().await;
    setting.write("first/all.yaml", &format!("{MODEL}{}{}", agent("one", "[First"), agent("two", "Edited")));
    catalog.reload().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
    assert_eq!(description(&catalog, "two").as_deref(), Some("Edited"));
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    setting.write("first/two.yaml", &agent("two", "Second"));
    let catalog = setting.open_first().await;
    let before = (entry(&catalog, Kind::Agent, "one"), entry(&catalog, Kind::Agent, "two"));
    setting.write("first/two.yaml", &agent("two", "Edited"));
    catalog.reload().await;
    let after = (entry(&catalog, Kind::Agent, "one"), entry(&catalog, Kind::Agent, "two"));
    assert!(std::sync::Arc::ptr_eq(&before.0, &after.0));
    assert!(!std::sync::Arc::ptr_eq(&before.1, &after.1));
    let generation = catalog.view().generation();
    setting.write("first/two.yaml", &agent("two", "Edited"));
    catalog.reload().await;
    assert_eq!(catalog.view().generation(), generation, "the same text is no change");
}

#[tokio::test]
async fn of_many_files_only_the_edited_one_is_looked_at_and_read() {
    let setting = Setting::with(MODEL);
    for n in 0..500 {
        setting.write(&format!("first/a{n}.yaml"), &agent(&format!("a{n}"), "First"));
    }
    let catalog = setting.watch().await;
    let before = catalog.looks().await;
    assert_eq!((before.whole, before.read), (1, 501));
    setting.write("first/a7.yaml", &agent("a7", "Edited"));
    until(&catalog, |catalog| description(catalog, "a7").as_deref() == Some("Edited")).await;
    // As an editor does it: beside it, and renamed.
    setting.write("first/.a8.yaml", &agent("a8", "Edited"));
    fs::rename(setting.path("first/.a8.yaml"), setting.path("first/a8.yaml")).unwrap();
    until(&catalog, |catalog| description(catalog, "a8").as_deref() == Some("Edited")).await;
    fs::remove_file(setting.path("first/a9.yaml")).unwrap();
    until(&catalog, |catalog| catalog.view().get(Kind::Agent, "a9").is_none()).await;
    let after = catalog.looks().await;
    assert_eq!((after.whole, after.read), (1, 503));
    assert!(after.files - before.files < 10, "{after:?}");
}

/// An Agent that calls another one.
fn calling(name: &str, other: &str) -> String {
    format!("{}  tools: [{{agent: {{name: {other}}}}}]\n", agent(name, "Calls"))
}

/// Status, reason and message of a condition of an Agent.
fn condition(catalog: &Catalog, name: &str, type_: ConditionType) -> (bool, String, String) {
    let entry = entry(catalog, Kind::Agent, name);
    let condition = entry.conditions.iter().find(|condition| condition.type_ == type_).unwrap();
    (condition.status, condition.reason.to_string(), condition.message.clone())
}

#[tokio::test]
async fn an_agent_is_not_ready_while_one_that_it_calls_does_not_serve() {
    let setting = Setting::with(MODEL);
    setting.write("first/top.yaml", &calling("top", "middle"));
    setting.write("first/middle.yaml", &calling("middle", "bottom"));
    setting.write("first/bottom.yaml", &agent("bottom", "[Bad"));
    setting.write("first/loop.yaml", &format!("{}{}", calling("left", "right"), calling("right", "left")));
    let catalog = setting.open_first().await;
    for (name, other) in [("top", "middle"), ("middle", "bottom")] {
        let said = format!("spec.tools[0].agent: Agent {other:?} is not ready: see its own condition");
        for type_ in [ConditionType::Ready, ConditionType::Resolved] {
            let expected = (false, "ReferenceNotReady".to_owned(), said.clone());
            assert_eq!(condition(&catalog, name, type_), expected);
        }
        assert!(entry(&catalog, Kind::Agent, name).resource.is_none());
    }
    assert!(entry(&catalog, Kind::Agent, "left").is_ready() && entry(&catalog, Kind::Agent, "right").is_ready());

    setting.write("first/bottom.yaml", &agent("bottom", "Good"));
    catalog.reload().await;
    for name in ["top", "middle", "bottom"] {
        assert!(entry(&catalog, Kind::Agent, name).is_ready(), "{name}");
        assert_eq!(condition(&catalog, name, ConditionType::Resolved), (true, "Valid".to_owned(), String::new()));
    }
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);

    // A bad edit takes nobody out of service, a removed one those that call it.
    setting.write("first/bottom.yaml", &agent("bottom", "[Bad"));
    catalog.reload().await;
    assert!(entry(&catalog, Kind::Agent, "top").is_ready());
    fs::remove_file(setting.path("first/bottom.yaml")).unwrap();
    catalog.reload().await;
    assert_eq!(condition(&catalog, "middle", ConditionType::Ready).1, "ReferenceNotFound");
    assert_eq!(condition(&catalog, "top", ConditionType::Ready).1, "ReferenceNotReady");
    assert!(entry(&catalog, Kind::Agent, "left").is_ready());
}

#[tokio::test]
async fn the_changes_between_two_views_are_told_by_kind() {
    let setting = Setting::with(MODEL);
    for name in ["a", "b", "c"] {
        setting.write(&format!("first/{name}.yaml"), &agent(name, "First"));
    }
    let catalog = setting.open_first().await;
    let before = catalog.view();
    fs::remove_file(setting.path("first/a.yaml")).unwrap();
    setting.write("first/b.yaml", &agent("b", "Second"));
    setting.write("first/d.yaml", &agent("d", "First"));
    catalog.reload().await;
    let after = catalog.view();
    let told = |kind| -> Vec<String> {
        let word = |change: &Change| match change {
            Change::Added(entry) => format!("added {}", entry.name),
            Change::Modified(entry) => format!("modified {}", entry.name),
            Change::Deleted(entry) => format!("deleted {}", entry.name),
        };
        after.changes_since(&before, kind).iter().map(word).collect()
    };
    assert_eq!(told(Kind::Agent), ["deleted a", "modified b", "added d"]);
    assert!(told(Kind::Model).is_empty());
    assert!(after.changes_since(&after, Kind::Agent).is_empty());
}

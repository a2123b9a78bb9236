//! Edits of real files under a watching catalog. Every test waits for what must come, and for nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use troupe_crds::Kind;

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

//! Versions: kept when first valid, served after a restart, published and rolled back.

use troupe_crds::Kind;

use crate::folder::{MODEL, Setting, agent, description, entry, ready};

#[tokio::test]
async fn a_valid_version_is_kept_and_an_invalid_one_is_not() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.open_first().await;
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "[Bad")));
    catalog.reload().await;
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "Second")));
    catalog.reload().await;
    catalog.flush().await;
    assert_eq!(setting.revisions.hashes("Agent", "one").len(), 2);
    assert_eq!(setting.revisions.hashes("Model", "small").len(), 1);
}

#[tokio::test]
async fn the_last_good_version_serves_after_a_restart_with_a_bad_edit() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "Good")));
    setting.open_first().await.flush().await;
    for bad in [
        agent("one", "[Bad"),
        agent("one", "Bad").replace("description", "descripton"),
        agent("one", "Bad").replace("{name: small}", "{name: large}"),
    ] {
        setting.write("first/all.yaml", &format!("{MODEL}{bad}"));
        let catalog = setting.open_first().await;
        assert_eq!(description(&catalog, "one").as_deref(), Some("Good"), "{bad}");
        let (_, message) = ready(&catalog, Kind::Agent, "one");
        assert!(message.contains("the last valid version"), "{message}");
    }
}

#[tokio::test]
async fn the_version_that_was_good_last_is_the_one_that_serves_not_the_one_that_is_newest() {
    let setting = Setting::with("");
    for text in ["First", "Second", "First"] {
        setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", text)));
        setting.open_first().await.flush().await;
    }
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "[Bad")));
    let catalog = setting.open_first().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
}

#[tokio::test]
async fn what_never_was_good_does_not_serve() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "[Bad")));
    let catalog = setting.open_first().await;
    let entry = entry(&catalog, Kind::Agent, "one");
    assert!(entry.resource.is_none() && !entry.is_ready());
    setting.write("second/all.yaml", &format!("{MODEL}{}", agent("one", "Earlier folder")));
    let catalog = setting.open(&["second", "first"]).await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("Earlier folder"));
}

#[tokio::test]
async fn a_published_revision_serves_while_the_draft_goes_on() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.open_first().await;
    let first = entry(&catalog, Kind::Agent, "one").newest_revision.clone().unwrap();
    let short = troupe_rules::revision::short(&first).to_owned();
    for pinned in [&*first, &*short] {
        let draft = agent("one", "Draft").replace("spec:", &format!("spec:\n  publishedRevision: {pinned:?}"));
        setting.write("first/all.yaml", &format!("{MODEL}{draft}"));
        catalog.reload().await;
        assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
        let entry = entry(&catalog, Kind::Agent, "one");
        assert!(entry.is_ready());
        assert_eq!(entry.serving_revision.as_deref(), Some(&*first));
        assert_ne!(entry.newest_revision, entry.serving_revision);
        // A restart finds it in the store.
        let restarted = setting.open_first().await;
        assert_eq!(description(&restarted, "one").as_deref(), Some("First"));
    }
    catalog.flush().await;
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "[Bad")));
    let restarted = setting.open_first().await;
    assert_eq!(description(&restarted, "one").as_deref(), Some("First"), "not the draft, which never served");
}

#[tokio::test]
async fn an_unknown_published_revision_is_a_condition_that_heals() {
    let pinned = agent("one", "Draft").replace("spec:", "spec:\n  publishedRevision: abcabcabcabc");
    let setting = Setting::with(&format!("{MODEL}{pinned}"));
    let catalog = setting.open_first().await;
    let (reason, message) = ready(&catalog, Kind::Agent, "one");
    assert_eq!(reason, "RevisionNotFound");
    assert!(message.starts_with("spec.publishedRevision: revision \"abcabcabcabc\" is not known"), "{message}");
    assert_eq!(description(&catalog, "one"), None);
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "Draft")));
    catalog.reload().await;
    assert!(entry(&catalog, Kind::Agent, "one").is_ready());
}

#[tokio::test]
async fn old_revisions_go_and_the_published_one_stays() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "Text 0")));
    let catalog = setting.open_first().await;
    let first = entry(&catalog, Kind::Agent, "one").newest_revision.clone().unwrap();
    for number in 1..5 {
        let head = format!("spec:\n  publishedRevision: {first:?}\n  revisionHistoryLimit: 2");
        let text = agent("one", &format!("Text {number}")).replace("spec:", &head);
        setting.write("first/all.yaml", &format!("{MODEL}{text}"));
        catalog.reload().await;
    }
    catalog.flush().await;
    let kept = setting.revisions.hashes("Agent", "one");
    assert_eq!(kept.len(), 3, "the published one and the newest two");
    assert!(kept.contains(&first.to_string()));
}

/// Texts of a file from which no name can be read.
const UNTOLD: [&[u8]; 3] = [b"kind: [Agent\nmeta", b"{{{{", b"\xff\xfe\x00"];

#[tokio::test]
async fn a_file_that_tells_no_name_keeps_its_objects_serving_after_a_restart() {
    let setting = Setting::with("");
    setting.write("first/shared.yaml", MODEL);
    let named = agent("two", "Second").replace("name: two\n", "name: two\n  annotations: {troupe.dev/id: second}\n");
    for untold in UNTOLD {
        setting.write("first/a.yaml", &format!("{}{named}", agent("one", "First")));
        setting.write("first/b.yaml", &agent("other", "Other"));
        setting.open_first().await.flush().await;
        std::fs::write(setting.path("first/a.yaml"), untold).unwrap();
        // Twice, since the first start must not forget what it found.
        for _ in 0..2 {
            let catalog = setting.open_first().await;
            assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
            assert_eq!(description(&catalog, "two").as_deref(), Some("Second"));
            assert_eq!(catalog.view().find(Kind::Agent, "second").unwrap().name.as_ref(), "two");
            let (reason, message) = ready(&catalog, Kind::Agent, "one");
            assert!(reason == "Invalid" && message.contains("the last valid version keeps serving"), "{message}");
            assert!(!setting.diagnostics(&catalog).is_empty());
            catalog.flush().await;
        }
    }
    setting.write("first/a.yaml", &agent("one", "Mended"));
    let catalog = setting.open_first().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("Mended"));
    assert!(
        catalog.view().get(Kind::Agent, "two").is_none(),
        "a file that tells its objects tells those that are gone"
    );
}

#[tokio::test]
async fn what_refers_to_the_objects_of_an_untold_file_serves_too() {
    let setting = Setting::with("");
    setting.write("first/model.yaml", MODEL);
    setting.write("first/one.yaml", &agent("one", "First"));
    let catalog = setting.open_first().await;
    catalog.flush().await;
    setting.write("first/model.yaml", "{{{{");
    catalog.reload().await;
    for catalog in [catalog, setting.open_first().await] {
        assert!(entry(&catalog, Kind::Agent, "one").is_ready());
        assert!(catalog.view().model("small").is_some());
    }
}

#[tokio::test]
async fn a_file_that_was_emptied_and_then_spoilt_brings_nothing_back() {
    let setting = Setting::with(MODEL);
    setting.write("first/one.yaml", &agent("one", "First"));
    let catalog = setting.open_first().await;
    setting.write("first/one.yaml", "# nothing\n");
    catalog.reload().await;
    catalog.flush().await;
    setting.write("first/one.yaml", "{{{{");
    let catalog = setting.open_first().await;
    assert!(catalog.view().get(Kind::Agent, "one").is_none());
}

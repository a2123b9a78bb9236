//! Versions of resources.

use troupe_core::port::{Revision, RevisionStore};

use crate::fixture::*;

fn revision(name: &str, hash: &str, current_at: i64) -> Revision {
    Revision {
        kind: "Agent".to_owned(),
        name: name.to_owned(),
        hash: hash.to_owned(),
        spec: format!("{{\"hash\":\"{hash}\"}}"),
        created_at: START,
        current_at,
    }
}

fn hashes(revisions: &[Revision]) -> Vec<&str> {
    revisions.iter().map(|revision| revision.hash.as_str()).collect()
}

#[tokio::test]
async fn the_last_good_version_survives_a_restart() {
    let fixture = Fixture::new().await;
    let saved = [revision("a", "1", START), revision("a", "2", START + 1), revision("b", "1", START)];
    fixture.store.save(&saved).await.unwrap();
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.store.last_good("Agent").await.unwrap(), [saved[1].clone(), saved[2].clone()]);
    assert!(fixture.store.last_good("Tool").await.unwrap().is_empty());
    assert_eq!(fixture.store.revision("Agent", "a", "1").await.unwrap(), Some(saved[0].clone()));
    assert_eq!(fixture.store.revision("Agent", "a", "3").await.unwrap(), None);
}

#[tokio::test]
async fn a_version_that_comes_back_is_the_newest_again() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store.save(&[revision("a", "1", START), revision("a", "2", START + 1)]).await.unwrap();
    let again = Revision { created_at: START + 9, spec: "{}".to_owned(), ..revision("a", "1", START + 2) };
    store.save(&[again]).await.unwrap();
    let kept = store.revisions("Agent", "a").await.unwrap();
    assert_eq!(kept, [revision("a", "1", START + 2), revision("a", "2", START + 1)], "only its time is raised");
    store.save(&[revision("a", "1", START)]).await.unwrap();
    assert_eq!(store.revisions("Agent", "a").await.unwrap(), kept, "it is never lowered");
}

#[tokio::test]
async fn pruning_keeps_the_newest_and_the_pinned() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let saved: Vec<Revision> = (0..6).map(|n| revision("a", &n.to_string(), START + n)).collect();
    store.save(&saved).await.unwrap();
    store.prune("Agent", "a", 2, &["1".to_owned()]).await.unwrap();
    assert_eq!(hashes(&store.revisions("Agent", "a").await.unwrap()), ["5", "4", "1"]);
}

#[tokio::test]
async fn thousands_are_saved_at_once() {
    let fixture = Fixture::new().await;
    let saved: Vec<Revision> = (0..2_345).map(|n| revision(&format!("agent-{n:05}"), "1", START)).collect();
    fixture.store.save(&saved).await.unwrap();
    assert_eq!(fixture.store.last_good("Agent").await.unwrap(), saved);
}

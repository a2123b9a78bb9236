//! What is old goes, what is needed stays.

use bytes::Bytes;
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{CallId, ContentHash, RunId};
use troupe_core::port::{Append, NewRun, RunStore};
use troupe_core::tool::{Artifact, ToolResult};
use troupe_store::{RetentionPolicy, Store, Swept};

use crate::fixture::*;

const HOUR: i64 = 3_600_000_000;

/// A run that is over at `at`, with a snapshot of its own and one more of an ad-hoc child, and a blob.
async fn finished(store: &Store, name: &str, at: i64) -> (RunId, ContentHash, ContentHash) {
    let hash = store.put_blob(Bytes::from(name.to_owned())).await.unwrap();
    let new = NewRun { snapshot: snapshot(name), idempotency: Some(key(name, name)), ..run(at) };
    let (root, pinned) = (new.root, new.snapshot.hash.clone());
    store.create(new).await.unwrap();
    let artifact = Some(Artifact { hash: hash.clone(), bytes: 1 });
    let result = ToolResult { artifact, ..ToolResult::text("cut") };
    let event = Event::ToolCallFinished { call: CallId::derive(root, 1, 0), result, duration_us: 1 };
    let child = snapshot(&format!("child of {name}"));
    let events = vec![Recorded { seq: 2, run: root, at, event }];
    store.append(Append { events, snapshots: vec![child], ..append(root, 2, 2) }).await.unwrap();
    store.append(finish(root, 3, None, at)).await.unwrap();
    (root, pinned, hash)
}

#[tokio::test]
async fn old_journals_go_with_what_only_they_name() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (old, old_snapshot, old_blob) = finished(store, "old", START).await;
    let (new, new_snapshot, new_blob) = finished(store, "new", START + 50 * HOUR).await;
    let running = run(START);
    let running_root = running.root;
    store.create(running).await.unwrap();
    let loose = store.put_blob(Bytes::from_static(b"named by nobody")).await.unwrap();

    let policy = RetentionPolicy { runs: Some(100 * HOUR), events: Some(10 * HOUR), blobs: Some(HOUR) };
    let swept = store.sweep(policy, START + 51 * HOUR).await.unwrap();
    assert_eq!(swept, Swept { runs: 0, journals: 1, snapshots: 2, blobs: 2, keys: 1 });
    assert!(store.journal(old).await.unwrap().unwrap().events.is_empty());
    assert!(store.run(old).await.unwrap().is_some(), "its row is kept for longer");
    assert!(store.snapshot(&old_snapshot).await.unwrap().is_none());
    assert!(store.blob(&old_blob).await.unwrap().is_none());
    assert!(store.blob(&loose).await.unwrap().is_none());
    assert_eq!(store.journal(new).await.unwrap().unwrap().events.len(), 3);
    assert!(store.snapshot(&new_snapshot).await.unwrap().is_some());
    assert!(store.blob(&new_blob).await.unwrap().is_some());
    assert_eq!(store.journal(running_root).await.unwrap().unwrap().events.len(), 1, "what runs is never old");

    let swept = store.sweep(policy, START + 101 * HOUR).await.unwrap();
    assert_eq!((swept.runs, swept.journals), (1, 1));
    assert!(store.run(old).await.unwrap().is_none());
    assert!(store.run(running_root).await.unwrap().is_some());
}

#[tokio::test]
async fn a_swept_snapshot_is_stored_again_when_it_is_pinned_again() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (_, pinned, _) = finished(store, "one", START).await;
    let policy = RetentionPolicy { events: Some(HOUR), ..RetentionPolicy::default() };
    assert_eq!(store.sweep(policy, START + 9 * HOUR).await.unwrap().snapshots, 2);
    let (_, again, _) = finished(store, "two", START + 9 * HOUR).await;
    assert!(store.snapshot(&again).await.unwrap().is_some());
    assert!(store.snapshot(&pinned).await.unwrap().is_none());
    store.create(NewRun { snapshot: snapshot("one"), ..run(START + 9 * HOUR) }).await.unwrap();
    assert!(store.snapshot(&pinned).await.unwrap().is_some());
}

#[tokio::test]
async fn more_than_a_batch_is_swept_at_once() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for n in 0..120 {
        let new = run(START + n);
        let root = new.root;
        store.create(new).await.unwrap();
        store.append(finish(root, 2, None, START + n)).await.unwrap();
    }
    let policy = RetentionPolicy { runs: Some(HOUR), ..RetentionPolicy::default() };
    let swept = store.sweep(policy, START + 2 * HOUR).await.unwrap();
    assert_eq!((swept.runs, swept.journals), (120, 120));
}

#[tokio::test]
async fn without_a_policy_everything_stays_but_expired_keys() {
    let fixture = Fixture::new().await;
    let (root, ..) = finished(&fixture.store, "one", START).await;
    let swept = fixture.store.sweep(RetentionPolicy::default(), START + 1_000 * HOUR).await.unwrap();
    assert_eq!(swept, Swept { keys: 1, ..Swept::default() });
    assert_eq!(fixture.store.journal(root).await.unwrap().unwrap().events.len(), 3);
}

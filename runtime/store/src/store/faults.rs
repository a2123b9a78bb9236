//! Faults of the disk and the database, provoked in earnest: each ends in an error that says what is wrong, nothing
//! that was acknowledged is lost, and what can be mended goes on afterwards.

#[expect(dead_code, reason = "the contract's tests use the rest of it")]
#[path = "../../tests/contract/fixture.rs"]
mod fixture;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;

use fixture::*;
use futures::future::join_all;
use sqlx::Connection as _;
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{CallId, RunId};
use troupe_core::message::Role;
use troupe_core::port::{Append, RunState, RunStore as _, StoreError};
use troupe_core::tool::ToolResult;

use crate::{Fault, FaultKind, OpenError, Store, StoreOptions};

/// SQLite's page, in bytes.
const PAGE: usize = 4_096;

/// Runs a pragma on the connection that writes.
async fn pragma(store: &Store, statement: &'static str) {
    store.inner.writer.bare(statement).await.unwrap();
}

/// A run with one event.
async fn begun(store: &Store) -> RunId {
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    root
}

/// An append of one event with a result of so many bytes.
fn large(root: RunId, seq: u64, bytes: usize) -> Append {
    let result = ToolResult::text("x".repeat(bytes));
    let event = Event::ToolCallFinished { call: CallId::derive(root, 1, 0), result, duration_us: 1 };
    Append { events: vec![Recorded { seq, run: root, at: START, event }], ..append(root, seq, seq) }
}

fn kind(result: Result<(), StoreError>) -> Option<FaultKind> {
    Fault::of(&result.unwrap_err())
}

async fn count(store: &Store, root: RunId) -> usize {
    store.journal(root).await.unwrap().unwrap().events.len()
}

#[tokio::test]
async fn a_full_disk_refuses_appends_and_keeps_what_was_acknowledged() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let roots = [begun(store).await, begun(store).await, begun(store).await];
    // As many pages as there are now: SQLite answers as it does where the disk has no more.
    pragma(store, "PRAGMA max_page_count = 1").await;
    let mut written = [1; 3];
    let mut refused = 0;
    while refused < 9 {
        let appends = roots.iter().zip(written).map(|(root, last)| store.append(large(*root, last + 1, 60_000)));
        for (result, last) in join_all(appends).await.into_iter().zip(&mut written) {
            match result {
                Ok(()) => *last += 1,
                Err(error) => {
                    assert_eq!(Fault::of(&error), Some(FaultKind::Full), "{error:?}");
                    assert_eq!(error.to_string(), "cannot append to a journal");
                    refused += 1;
                }
            }
        }
    }
    let mut new = run(START);
    new.events.extend(large(new.root, 2, 60_000).events);
    assert_eq!(kind(store.create(new).await.map(drop)), Some(FaultKind::Full));
    for (root, last) in roots.iter().zip(written) {
        assert_eq!(count(store, *root).await as u64, last, "what was acknowledged is read while the disk is full");
    }
    pragma(store, "PRAGMA max_page_count = 1000000").await;
    for (root, last) in roots.iter().zip(written) {
        store.append(large(*root, last + 1, 60_000)).await.unwrap();
    }
    let fixture = fixture.reopened().await;
    for (root, last) in roots.iter().zip(written) {
        assert_eq!(count(&fixture.store, *root).await as u64, last + 1);
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_written_to_is_still_read() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let root = begun(store).await;
    pragma(store, "PRAGMA query_only = ON").await;
    assert_eq!(kind(store.append(append(root, 2, 2)).await), Some(FaultKind::ReadOnly));
    assert_eq!(kind(store.renew(OWNER, START).await), Some(FaultKind::ReadOnly));
    assert_eq!(count(store, root).await, 1);
    pragma(store, "PRAGMA query_only = OFF").await;
    store.append(append(root, 2, 2)).await.unwrap();
}

#[tokio::test]
async fn a_program_that_locks_the_database_is_told_and_waited_out() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let root = begun(store).await;
    pragma(store, "PRAGMA busy_timeout = 1").await;
    let url = format!("sqlite://{}", fixture.folder.path().join("troupe.db").display());
    let mut other = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    assert_eq!(kind(store.append(append(root, 2, 2)).await), Some(FaultKind::Busy));
    assert_eq!(count(store, root).await, 1);
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    store.append(append(root, 2, 2)).await.unwrap();
    assert_eq!(count(store, root).await, 2);
}

/// Overwrites a page of a closed database.
fn damage(fixture: &Fixture, page: u64) {
    let file = OpenOptions::new().write(true).open(fixture.folder.path().join("troupe.db")).unwrap();
    file.write_all_at(&[0xA5; PAGE], (page - 1) * PAGE as u64).unwrap();
}

async fn root_page(store: &Store, table: &'static str) -> u64 {
    let mut reader = store.reader("find a page").await.unwrap();
    let page: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_master WHERE name = $1")
        .bind(table)
        .fetch_one(&mut *reader)
        .await
        .unwrap();
    page.cast_unsigned()
}

async fn open(fixture: &Fixture) -> Result<Store, OpenError> {
    Store::open(StoreOptions::new(fixture.folder.path(), fixture.clock.clone())).await
}

#[tokio::test]
async fn damaged_pages_are_told_by_whoever_needs_them_and_by_no_one_else() {
    let fixture = Fixture::new().await;
    let root = begun(&fixture.store).await;
    let page = root_page(&fixture.store, "journal").await;
    fixture.store.close().await;
    damage(&fixture, page);
    let store = open(&fixture).await.unwrap();
    assert_eq!(kind(store.journal(root).await.map(drop)), Some(FaultKind::Damaged));
    assert_eq!(kind(store.append(append(root, 2, 2)).await), Some(FaultKind::Damaged));
    assert_eq!(store.run(root).await.unwrap().unwrap().state, RunState::Running, "its row is not damaged");
    assert_eq!(kind(store.claim(OWNER, START + 9, START, 9).await.map(drop)), Some(FaultKind::Damaged));
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_none_is_told_at_the_start() {
    let fixture = Fixture::new().await;
    begun(&fixture.store).await;
    fixture.store.close().await;
    damage(&fixture, 1);
    let error = open(&fixture).await.err().unwrap();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("damaged"), "{error:?}");
}

#[tokio::test]
async fn a_payload_that_cannot_be_stored_keeps_its_event_out_of_the_journal() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let root = begun(store).await;
    let unfinished = fixture.folder.path().join("blobs/unfinished");
    // A file where the folder was: nothing can be made in it, by whichever user.
    fs::remove_dir(&unfinished).unwrap();
    fs::write(&unfinished, "").unwrap();
    let error = store.append(large(root, 2, 100_000)).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot store a blob");
    assert_eq!(count(store, root).await, 1);
    store.append(append(root, 2, 2)).await.unwrap();
    fs::remove_file(&unfinished).unwrap();
    fs::create_dir(&unfinished).unwrap();
    store.append(large(root, 3, 100_000)).await.unwrap();
    assert_eq!(count(store, root).await, 3);
}

#[tokio::test]
async fn a_run_whose_append_failed_is_claimed_again_when_the_disk_is_well() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run_in("one", START);
    let root = new.root;
    store.create(new).await.unwrap();
    let healthy = begun(store).await;
    pragma(store, "PRAGMA query_only = ON").await;
    store.append(append(root, 2, 2)).await.unwrap_err();
    store.renew(OWNER, START + 99).await.unwrap_err();
    pragma(store, "PRAGMA query_only = OFF").await;
    assert!(store.claim(OWNER, START + 99, START, 9).await.unwrap().is_empty(), "its lease holds");
    store.renew(OWNER, START + 99).await.unwrap();
    let claims = store.claim(OWNER, START + 99, START, 9).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.journal.root).collect::<Vec<_>>(), [root]);
    assert_eq!(claims[0].journal.events.len(), 1);
    store.append(append(healthy, 2, 2)).await.unwrap();
    store.append(Append { epoch: 2, ..finish(root, 2, Some("one"), START + 5) }).await.unwrap();
    let turns = store.turns("one", 0, 9).await.unwrap();
    assert_eq!(turns.iter().map(|turn| turn.role).collect::<Vec<_>>(), [Role::User, Role::Assistant]);
}

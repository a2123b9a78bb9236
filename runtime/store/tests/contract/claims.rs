//! Who gets which run next.

use futures::future::join_all;
use troupe_core::event::{Recorded, VERSION};
use troupe_core::id::RunId;
use troupe_core::port::StoreError;
use troupe_core::port::{Append, Claim, NewRun, RunState, RunStore, StateChange};

use crate::fixture::*;

fn roots(claims: &[Claim]) -> Vec<RunId> {
    claims.iter().map(|claim| claim.journal.root).collect()
}

#[tokio::test]
async fn queued_runs_are_claimed_oldest_first() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let runs: Vec<NewRun> = (0..4).map(|n| queued(run(START + n))).collect();
    let ids: Vec<RunId> = runs.iter().map(|run| run.root).collect();
    for run in runs.into_iter().rev() {
        store.create(run).await.unwrap();
    }
    let claims = store.claim(OWNER, START + 99, START + 9, 3).await.unwrap();
    assert_eq!(roots(&claims), ids[..3]);
    assert!(claims.iter().all(|claim| claim.lease.epoch == 1 && claim.journal.state == RunState::Queued));
    assert_eq!(store.run(ids[0]).await.unwrap().unwrap().state, RunState::Running);
    assert_eq!(roots(&store.claim(OWNER, START + 99, START + 9, 3).await.unwrap()), ids[3..]);
    store.append(append(ids[0], 2, 2)).await.unwrap();
}

#[tokio::test]
async fn sessions_take_turns() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let long: Vec<NewRun> = (0..3).map(|n| queued_in("long", START + n)).collect();
    let short = queued_in("short", START + 10);
    let ids: Vec<RunId> = long.iter().chain([&short]).map(|run| run.root).collect();
    for run in long.into_iter().chain([short]) {
        store.create(run).await.unwrap();
    }
    let claim = async |now| roots(&store.claim(OWNER, START + 999, now, 1).await.unwrap());
    assert_eq!(claim(START + 20).await, [ids[0]]);
    store.append(finish(ids[0], 2, Some("long"), START + 30)).await.unwrap();
    assert_eq!(claim(START + 40).await, [ids[3]], "the other session waited longer");
    assert_eq!(claim(START + 40).await, [ids[1]]);
    assert_eq!(claim(START + 40).await, [], "one run of a session at a time");
}

#[tokio::test]
async fn a_session_has_one_active_run() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let first = run_in("one", START);
    let root = first.root;
    store.create(first).await.unwrap();
    let refused = store.create(run_in("one", START + 1)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::SessionBusy(id) if id == "one"), "{refused:?}");

    let next = queued_in("one", START + 2);
    let next_root = next.root;
    store.create(next).await.unwrap();
    assert!(store.claim(OWNER, START + 99, START + 3, 9).await.unwrap().is_empty());
    store.append(Append { state: Some(change(RunState::Waiting, START + 4)), ..append(root, 2, 2) }).await.unwrap();
    assert!(store.claim(OWNER, START + 99, START + 5, 9).await.unwrap().is_empty(), "a waiting run holds its session");

    let census = store.census().await.unwrap();
    assert_eq!(census.waiting, [(root, Some("one".to_owned()))]);
    assert_eq!(census.queued, [(next_root, Some("one".to_owned()))]);

    // A command to the queued run is recorded under a lease, but does not begin it.
    let claim = store.claim_one(next_root, OWNER, START + 99, START + 6).await.unwrap().unwrap();
    assert_eq!((claim.journal.state, claim.lease.epoch), (RunState::Queued, 1));
    assert_eq!(store.run(next_root).await.unwrap().unwrap().state, RunState::Queued);
    assert!(store.claim_one(next_root, OWNER, START + 99, START + 6).await.unwrap().is_none(), "it is leased");
    let cancelled = Append { state: Some(change(RunState::Cancelled, START + 7)), ..append(next_root, 2, 2) };
    store.append(cancelled).await.unwrap();
    assert_eq!(store.run(next_root).await.unwrap().unwrap().state, RunState::Cancelled);

    let claim = store.claim_one(root, OWNER, START + 99, START + 8).await.unwrap().unwrap();
    assert_eq!((claim.journal.state, claim.lease.epoch), (RunState::Waiting, 2));
    assert!(store.claim_one(root, OWNER, START + 99, START + 8).await.unwrap().is_none(), "it runs");
}

#[tokio::test]
async fn a_waiting_run_is_claimed_when_its_time_has_come() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    let state = Some(StateChange { wake_at: Some(START + 50), ..change(RunState::Waiting, START) });
    store.append(Append { state, ..append(root, 2, 2) }).await.unwrap();
    assert!(store.claim(OWNER, START + 99, START + 49, 9).await.unwrap().is_empty());
    assert_eq!(roots(&store.claim(OWNER, START + 99, START + 50, 9).await.unwrap()), [root]);
}

#[tokio::test]
async fn a_released_run_is_resumed_at_once_and_a_renewed_one_is_not() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    store.renew(OWNER, START + 900_000_000).await.unwrap();
    let after_the_first_lease = START + 61_000_000;
    assert!(store.claim("other", START, after_the_first_lease, 9).await.unwrap().is_empty());
    store.release(OWNER).await.unwrap();
    let claims = store.claim("other", START + 999_000_000, START + 1, 9).await.unwrap();
    assert_eq!((roots(&claims), claims[0].lease.epoch), (vec![root], 2));
    assert!(store.append(append(root, 2, 2)).await.is_err(), "the old epoch is fenced");
    store.append(Append { epoch: 2, ..append(root, 2, 2) }).await.unwrap();
}

#[tokio::test]
async fn an_expired_lease_is_taken_over() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    assert!(store.claim("other", START, START + 59_999_999, 9).await.unwrap().is_empty());
    assert_eq!(roots(&store.claim("other", START, START + 60_000_000, 9).await.unwrap()), [root]);
}

#[tokio::test]
async fn runs_of_a_newer_version_are_left_alone() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut new = queued(run(START));
    new.events = vec![Recorded { event: accepted(&new.snapshot, VERSION + 1), ..new.events[0].clone() }];
    let root = new.root;
    store.create(new).await.unwrap();
    assert!(store.claim(OWNER, START + 99, START + 9, 9).await.unwrap().is_empty());
    assert!(store.claim_one(root, OWNER, START + 99, START + 9).await.unwrap().is_none());
}

#[tokio::test]
async fn drafts_wait_for_a_command() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = NewRun { state: RunState::Draft, ..queued(run(START)) };
    let root = new.root;
    store.create(new).await.unwrap();
    assert!(store.claim(OWNER, START + 99, START + 9, 9).await.unwrap().is_empty());
    let claim = store.claim_one(root, OWNER, START + 99, START + 9).await.unwrap().unwrap();
    assert_eq!(claim.journal.state, RunState::Draft);
    assert_eq!(store.run(root).await.unwrap().unwrap().state, RunState::Running);
}

#[tokio::test]
async fn a_write_that_breaks_a_rule_of_the_tables_fails_alone() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let (active, next) = (run_in("one", START), queued_in("one", START + 1));
    let next_root = next.root;
    store.create(active).await.unwrap();
    store.create(next).await.unwrap();
    store.claim_one(next_root, OWNER, START + 99, START + 2).await.unwrap().unwrap();
    // No question asks for this before the batch is written: only the index of active runs stops it.
    let second = Append { state: Some(change(RunState::Running, START + 3)), ..append(next_root, 2, 2) };
    let good: Vec<NewRun> = (0..9).map(|n| run(START + 10 + n)).collect();
    let (refused, created) =
        tokio::join!(store.append(second), join_all(good.into_iter().map(|run| store.create(run))));
    assert!(refused.is_err());
    assert!(created.iter().all(Result::is_ok), "{created:?}");
    assert_eq!(store.journal(next_root).await.unwrap().unwrap().events.len(), 1, "it wrote nothing");
}

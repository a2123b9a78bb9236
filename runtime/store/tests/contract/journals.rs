//! Creating, appending, fencing, idempotency, reopening.

use futures::future::join_all;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::message::Role;
use troupe_core::port::{Append, Created, NewRun, RunState, RunStore, SessionSeed, SessionWrite, StoreError};
use troupe_store::{Refusal, RunFilter, Store, StoreOptions, UsageFilter};

use crate::fixture::*;

#[tokio::test]
async fn what_was_created_and_appended_is_read_back_in_order() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run_in("one", START);
    let (root, first) = (new.root, new.events.clone());
    assert_eq!(store.create(new).await.unwrap(), Created::New);
    store.append(append(root, 2, 3)).await.unwrap();
    store.append(append(root, 4, 4)).await.unwrap();

    let journal = store.journal(root).await.unwrap().unwrap();
    assert_eq!((journal.state, journal.epoch), (RunState::Running, 1));
    assert_eq!(journal.events, [first, events(root, 2, 4)].concat());
    assert_eq!(store.events(root, 2, 1).await.unwrap(), events(root, 3, 3));
    assert_eq!(store.events(root, 2, 9).await.unwrap(), events(root, 3, 4));
    assert!(store.journal(RunId::new(START)).await.unwrap().is_none());
    let snapshot = snapshot("");
    assert_eq!(store.snapshot(&snapshot.hash).await.unwrap().unwrap().snapshot, snapshot.snapshot);
}

#[tokio::test]
async fn a_fenced_append_among_good_ones_fails_alone() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let runs: Vec<NewRun> = (0..20).map(|n| run(START + n)).collect();
    let roots: Vec<RunId> = runs.iter().map(|run| run.root).collect();
    for created in join_all(runs.into_iter().map(|run| store.create(run))).await {
        assert_eq!(created.unwrap(), Created::New);
    }
    let appends = roots.iter().enumerate().map(|(n, root)| {
        let epoch = if n == 7 { 2 } else { 1 };
        store.append(Append { epoch, ..append(*root, 2, 2) })
    });
    for (n, result) in join_all(appends).await.into_iter().enumerate() {
        match result {
            Err(StoreError::Fenced(root)) => assert_eq!((n, root), (7, roots[7])),
            result => assert!(result.is_ok() && n != 7, "{n}: {result:?}"),
        }
    }
    assert_eq!(store.journal(roots[7]).await.unwrap().unwrap().events.len(), 1);
    assert_eq!(store.journal(roots[8]).await.unwrap().unwrap().events.len(), 2);
}

#[tokio::test]
async fn an_append_to_a_run_that_is_not_there_is_fenced() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let refused = store.append(append(RunId::new(START), 2, 2)).await;
    assert!(matches!(refused, Err(StoreError::Fenced(_))), "{refused:?}");
}

#[tokio::test]
async fn events_that_leave_a_gap_or_come_twice_are_refused() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    for (from, to) in [(3, 3), (1, 2)] {
        let refused = store.append(append(root, from, to)).await.unwrap_err();
        assert_eq!(Refusal::of(&refused), Some(&Refusal::JournalGap(root)));
    }
    let torn = [events(root, 2, 2), events(root, 4, 4)].concat();
    let refused = store.append(Append { events: torn, ..append(root, 2, 2) }).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&Refusal::JournalGap(root)));
    store.append(append(root, 2, 2)).await.unwrap();
}

#[tokio::test]
async fn a_run_that_gave_up_its_lease_takes_no_more_appends() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    store.append(Append { state: Some(change(RunState::Waiting, START)), ..append(root, 2, 2) }).await.unwrap();
    let refused = store.append(append(root, 3, 3)).await;
    assert!(matches!(refused, Err(StoreError::Fenced(_))), "{refused:?}");
}

#[tokio::test]
async fn the_row_says_how_a_run_went() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run_in("one", START);
    let root = new.root;
    store.create(new).await.unwrap();
    store.append(finish(root, 2, Some("one"), START + 5)).await.unwrap();
    let row = store.run(root).await.unwrap().unwrap();
    assert_eq!((row.state, row.last_seq, row.cost), (RunState::Completed, 2, 7));
    assert_eq!((row.usage.input_tokens, row.usage.output_tokens), (10, 5));
    assert_eq!((row.created_at, row.started_at, row.finished_at), (START, Some(START), Some(START + 5)));
    assert_eq!((row.lease_owner, row.session.as_deref()), (None, Some("one")));
    assert!(row.outcome.is_some());

    let usage = store.usage(&UsageFilter::default()).await.unwrap();
    assert_eq!(usage.len(), 1);
    assert_eq!((usage[0].runs, usage[0].cost, usage[0].usage.input_tokens), (1, 7, 10));
    assert_eq!(usage[0].day, START / 86_400_000_000);
}

#[tokio::test]
async fn a_run_may_be_over_when_it_is_created() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut new = run(START);
    let outcome = troupe_core::event::Outcome::Cancelled { by: "someone".to_owned() };
    new.state = RunState::Cancelled;
    new.events.push(troupe_core::event::Recorded {
        seq: 2,
        run: new.root,
        at: START,
        event: Event::RunFinished { outcome: outcome.clone() },
    });
    let root = new.root;
    store.create(new).await.unwrap();
    let row = store.run(root).await.unwrap().unwrap();
    assert_eq!((row.outcome, row.finished_at, row.lease_owner), (Some(outcome), Some(START), None));
}

#[tokio::test]
async fn the_same_call_finds_its_run_and_another_body_is_refused() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = NewRun { idempotency: Some(key("k", "body")), ..run(START) };
    let root = new.root;
    assert_eq!(store.create(new).await.unwrap(), Created::New);
    let again = NewRun { idempotency: Some(key("k", "body")), ..run_in("never", START + 1) };
    assert_eq!(store.create(again).await.unwrap(), Created::Existing(root));
    assert!(store.session_row("never").await.unwrap().is_none(), "a repeated call writes nothing");
    let other = NewRun { idempotency: Some(key("k", "another body")), ..run(START + 2) };
    let refused = store.create(other).await;
    assert!(matches!(&refused, Err(StoreError::IdempotencyMismatch(key)) if key == "k"), "{refused:?}");
    assert_eq!(store.idempotent(&key("k", "body")).await.unwrap(), Some(root));
    assert!(matches!(store.idempotent(&key("k", "x")).await, Err(StoreError::IdempotencyMismatch(_))));

    let day = 24 * 3_600 * 1_000_000;
    fixture.clock.set(START + day);
    assert_eq!(store.idempotent(&key("k", "x")).await.unwrap(), None, "a key is kept for 24 hours");
    let later = NewRun { idempotency: Some(key("k", "x")), ..run(START + day) };
    assert_eq!(store.create(later).await.unwrap(), Created::New);
}

#[tokio::test]
async fn of_many_equal_calls_at_one_time_one_makes_the_run() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let runs = (0..16).map(|n| NewRun { idempotency: Some(key("k", "body")), ..run(START + n) });
    let created = join_all(runs.map(|run| store.create(run))).await;
    let made = created.iter().filter(|created| matches!(created, Ok(Created::New))).count();
    assert_eq!(made, 1);
    assert!(created.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_run_id_is_taken_once() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    store.create(new.clone()).await.unwrap();
    let refused = store.create(new.clone()).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&Refusal::RunExists(new.root)));
}

#[tokio::test]
async fn a_sub_agents_session_is_made_by_an_append() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = NewRun { owner: "ann".to_owned(), ..run_in("one", START) };
    let root = new.root;
    store.create(new).await.unwrap();
    let seed = SessionSeed { title: "sub".to_owned(), parent: "one".to_owned() };
    let write = |create, at| SessionWrite {
        session: "child".to_owned(),
        create,
        turns: vec![turn(Role::User, "do it", at)],
        last_total_tokens: None,
        status: None,
        at,
    };
    store.append(Append { sessions: vec![write(Some(seed), START + 1)], ..append(root, 2, 2) }).await.unwrap();
    let row = store.session_row("child").await.unwrap().unwrap();
    assert_eq!((row.parent.as_deref(), row.owner.as_str(), row.title.as_str()), (Some("one"), "ann", "sub"));
    assert_eq!(store.last_child_session("one").await.unwrap().as_deref(), Some("child"));
    assert_eq!(store.last_child_session("child").await.unwrap(), None);

    // Several writes to one session in one append are one.
    let both = vec![write(None, START + 2), write(None, START + 3)];
    store.append(Append { sessions: both, ..append(root, 3, 3) }).await.unwrap();
    assert_eq!(store.session_row("child").await.unwrap().unwrap().turn_count, 3);

    let nowhere = SessionWrite { session: "nowhere".to_owned(), ..write(None, START + 4) };
    let refused = store.append(Append { sessions: vec![nowhere], ..append(root, 4, 4) }).await;
    assert!(matches!(&refused, Err(StoreError::NoSession(id)) if id == "nowhere"), "{refused:?}");
    assert_eq!(store.journal(root).await.unwrap().unwrap().events.len(), 3, "a refused append writes nothing");
}

#[tokio::test]
async fn runs_are_listed_newest_first_in_pages() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut roots = Vec::new();
    for n in 0..5 {
        let new = if n == 2 { run_in("one", START + n * 1_000) } else { run(START + n * 1_000) };
        roots.push(new.root);
        store.create(new).await.unwrap();
    }
    let page = |after| RunFilter { after, limit: 2, ..RunFilter::default() };
    let first: Vec<RunId> = store.runs(&page(None)).await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(first, [roots[4], roots[3]]);
    let second: Vec<RunId> = store.runs(&page(Some(roots[3]))).await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(second, [roots[2], roots[1]]);
    let of_session = RunFilter { session: Some("one".to_owned()), limit: 9, ..RunFilter::default() };
    assert_eq!(store.runs(&of_session).await.unwrap()[0].id, roots[2]);
    let none = RunFilter { state: Some(RunState::Failed), limit: 9, ..RunFilter::default() };
    assert!(store.runs(&none).await.unwrap().is_empty());
    assert_eq!(store.count_runs(None, RunState::Running).await.unwrap(), 5);
    assert_eq!(store.count_runs(Some("one"), RunState::Running).await.unwrap(), 1);
}

#[tokio::test]
async fn a_reopened_store_has_everything_and_frees_every_lease() {
    let fixture = Fixture::new().await;
    let new = run_in("one", START);
    let root = new.root;
    fixture.store.create(new).await.unwrap();
    assert!(fixture.store.claim(OWNER, START + 2, START + 1, 9).await.unwrap().is_empty(), "the lease still holds");

    let fixture = fixture.reopened().await;
    assert_eq!(fixture.store.statuses(None).await.unwrap(), [("one".to_owned(), "streaming".to_owned())]);
    let claims = fixture.store.claim("replica-2", START + 2, START + 1, 9).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!((claims[0].journal.root, claims[0].lease.epoch), (root, 2));
    let refused = fixture.store.append(append(root, 2, 2)).await;
    assert!(matches!(refused, Err(StoreError::Fenced(_))), "the old owner is fenced");
}

#[tokio::test]
async fn a_data_directory_is_for_one_store() {
    let fixture = Fixture::new().await;
    let options = || StoreOptions::new(fixture.folder.path(), fixture.clock.clone());
    let refused = Store::open(options()).await.err().unwrap().to_string();
    assert!(refused.contains(&std::process::id().to_string()), "{refused}");
    assert!(refused.contains(fixture.folder.path().to_str().unwrap()), "{refused}");
    fixture.store.close().await;
    assert!(fixture.store.create(run(START)).await.is_err(), "a closed store takes nothing");
    Store::open(options()).await.unwrap();
}

#[tokio::test]
async fn any_folder_name_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a b?c#d%41 é");
    let store = Store::open(StoreOptions::new(&odd, Standing::new(START))).await.unwrap();
    store.create(run(START)).await.unwrap();
    assert!(odd.join("troupe.db").is_file());
}

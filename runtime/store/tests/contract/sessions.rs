//! Sessions: the list, turns, status, titles, revoking, summaries, search, the feed.

use futures::future::join_all;
use troupe_core::id::{RunId, Timestamp};
use troupe_core::message::Role;
use troupe_core::port::{Append, NewRun, NewRunSession, RunState, RunStore, SessionWrite, StoreError};
use troupe_core::session::{MemoryEntry, TokenStat, Turn};
use troupe_store::{
    CompactionWrite, NewSession, Refusal, Revoked, SearchHit, SessionChange, SessionChanged, SessionEdit,
    SessionFilter, Store,
};

use crate::fixture::*;

/// A session with `rounds` finished runs: a user's turn at each even microsecond and an answer at each odd one.
async fn talk(store: &Store, session: &str, rounds: i64) -> Vec<RunId> {
    let mut roots = Vec::new();
    for round in 0..rounds {
        let at = START + 2 * round;
        let new = run_in(session, at);
        roots.push(new.root);
        let mut last = finish(new.root, 2, Some(session), at + 1);
        let total = u64::try_from(100 + round).unwrap();
        last.sessions[0].turns[0].stat = Some(TokenStat { total_tokens: total, ..TokenStat::default() });
        last.sessions[0].last_total_tokens = Some(total);
        store.create(new).await.unwrap();
        store.append(last).await.unwrap();
    }
    roots
}

fn memory(content: &str, source_turn_index: i64) -> MemoryEntry {
    let entry_type = "fact".to_owned();
    MemoryEntry { entry_type, content: content.to_owned(), source_turn_index, confidence: 0.75, created_at: START }
}

fn compaction(session: &str, version: i64, until: Timestamp, keep_turns: usize) -> CompactionWrite {
    CompactionWrite {
        session: session.to_owned(),
        version,
        summary: "they greeted".to_owned(),
        summarized_until: until,
        keep_turns,
        memories: Some(vec![memory("one", 0), memory("two", 3)]),
        at: START + 50,
    }
}

fn times(turns: &[Turn]) -> Vec<Timestamp> {
    turns.iter().map(|turn| turn.at - START).collect()
}

#[tokio::test]
async fn a_session_keeps_its_turns_and_what_is_said_of_it() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 2).await;
    let (row, turns) = store.session_turns("one").await.unwrap().unwrap();
    assert_eq!(times(&turns), [0, 1, 2, 3]);
    assert_eq!((turns[0].role, turns[0].content.as_str()), (Role::User, "hello"));
    assert_eq!((row.turn_count, row.last_total_tokens, row.title.as_str()), (4, Some(101), "a title"));
    assert_eq!((row.created_at, row.last_inference_at, row.last_turn_at), (START, START + 3, START + 3));
    assert_eq!(row.meta["agent_id"], "assistant");
    assert_eq!(row.status, "done_success_unread");
    assert!(store.session_turns("two").await.unwrap().is_none());
}

#[tokio::test]
async fn turns_come_strictly_one_after_the_other() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 1).await;
    let late = |at| NewRun { turns: vec![turn(Role::User, "again", at)], ..run_in("one", START + 9) };
    let order = Refusal::TurnOrder { session: "one".to_owned() };
    let refused = store.create(late(START + 1)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&order));
    let new = late(START + 2);
    let root = new.root;
    store.create(new).await.unwrap();
    let refused = store.append(finish(root, 2, Some("one"), START + 2)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&order));
    store.append(finish(root, 2, Some("one"), START + 3)).await.unwrap();
}

#[tokio::test]
async fn a_run_of_a_session_that_is_not_there_is_refused() {
    let fixture = Fixture::new().await;
    let session = Some(NewRunSession { create: false, ..in_session("nowhere") });
    let refused = fixture.store.create(NewRun { session, ..run_in("nowhere", START) }).await;
    assert!(matches!(&refused, Err(StoreError::NoSession(id)) if id == "nowhere"), "{refused:?}");
}

#[tokio::test]
async fn the_list_is_sorted_by_the_last_inference_and_read_in_pages() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for (n, (session, owner)) in (0_i64..).zip([("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "ann")]) {
        store.create(NewRun { owner: owner.to_owned(), ..run_in(session, START + n * 10) }).await.unwrap();
    }
    let child = NewRunSession { parent: Some("a".to_owned()), ..in_session("child") };
    store.create(NewRun { session: Some(child), ..run_in("child", START + 90) }).await.unwrap();
    let list = async |owner: Option<&str>, after, limit| {
        let filter = SessionFilter { owner: owner.map(str::to_owned), archived: None, after, limit };
        store.sessions(&filter).await.unwrap()
    };
    let ids = |rows: &[troupe_store::SessionRow]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&list(None, None, None).await), ["d", "c", "b", "a"]);
    let first = list(Some("ann"), None, Some(2)).await;
    assert_eq!(ids(&first), ["d", "c"]);
    assert_eq!(ids(&list(Some("ann"), Some(first[1].cursor()), Some(2)).await), ["a"]);
}

#[tokio::test]
async fn a_session_is_made_named_pinned_and_put_away() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut feed = store.subscribe();
    let new = NewSession {
        id: "one".to_owned(),
        owner: "ann".to_owned(),
        title: "Trip".to_owned(),
        meta: serde_json::Map::new(),
        workspace: Some("/w".to_owned()),
        at: START,
    };
    store.create_session(new.clone()).await.unwrap();
    assert!(store.create_session(new).await.is_err(), "an id is one session's");
    let made = store.session_row("one").await.unwrap().unwrap();
    assert_eq!((made.title.as_str(), made.status.as_str(), made.turn_count), ("Trip", "idle", 0));
    assert_eq!((made.pinned, made.archived, made.workspace.as_deref()), (false, false, Some("/w")));
    let edit = SessionEdit {
        title: Some("Oslo".to_owned()),
        archived: Some(true),
        workspace: Some(None),
        ..SessionEdit::default()
    };
    let edited = store.edit_session("one", edit.clone()).await.unwrap();
    assert_eq!(
        (edited.title.as_str(), edited.pinned, edited.archived, edited.workspace.as_deref()),
        ("Oslo", false, true, None)
    );
    store.edit_session("one", edit).await.unwrap();
    assert!(matches!(store.edit_session("none", SessionEdit::default()).await, Err(StoreError::NoSession(_))));
    let told: Vec<SessionChanged> = std::iter::from_fn(|| feed.try_recv().ok()).map(|told| told.change).collect();
    let kept = |archived| SessionChanged::Kept { pinned: false, archived };
    assert_eq!(
        told,
        [kept(false), SessionChanged::Title("Oslo".to_owned()), kept(true)],
        "what stays is not told again"
    );
    let count = async |archived| {
        let filter = SessionFilter { archived, ..SessionFilter::default() };
        store.sessions(&filter).await.unwrap().len()
    };
    assert_eq!((count(None).await, count(Some(true)).await, count(Some(false)).await), (1, 1, 0));
    let found = store.search(Some("ann"), "oslo", 9).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn the_status_is_kept_and_reading_makes_unread_sessions_idle() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut feed = store.subscribe();
    talk(store, "one", 1).await;
    assert!(store.mark_read("one").await.unwrap());
    assert!(!store.mark_read("one").await.unwrap(), "it was idle");
    assert!(store.statuses(None).await.unwrap().is_empty());
    assert!(store.set_status("one", "streaming").await.unwrap());
    assert!(!store.mark_read("one").await.unwrap(), "what streams is not unread");
    assert_eq!(store.statuses(None).await.unwrap(), [("one".to_owned(), "streaming".to_owned())]);
    store.set_title("one", "greetings", None).await.unwrap();
    store.delete_session("one").await.unwrap();
    let mut told = Vec::new();
    while let Ok(SessionChange { session, change }) = feed.try_recv() {
        assert_eq!(session, "one");
        told.push(change);
    }
    let status = |word: &str| SessionChanged::Status(word.to_owned());
    let title = SessionChanged::Title("greetings".to_owned());
    let expected = [status("streaming"), status("done_success_unread"), status("idle"), status("streaming"), title];
    assert_eq!(told, [&expected[..], &[SessionChanged::Deleted { owner: String::new() }]].concat());
}

#[tokio::test]
async fn a_generated_title_never_replaces_a_persons() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 1).await;
    let version = store.session_row("one").await.unwrap().unwrap().title_version;
    assert!(store.set_title("one", "mine", None).await.unwrap());
    assert!(!store.set_title("one", "generated", Some(version)).await.unwrap());
    assert_eq!(store.session_row("one").await.unwrap().unwrap().title, "mine");
    let races = join_all((0..8).map(|n| {
        let store = store.clone();
        async move { store.set_title("one", &n.to_string(), Some(version + 1)).await.unwrap() }
    }));
    assert_eq!(races.await.into_iter().filter(|won| *won).count(), 1);
    assert!(matches!(store.set_title("two", "x", None).await, Err(StoreError::NoSession(_))));
}

#[tokio::test]
async fn revoking_deletes_the_users_turn_and_everything_after_it() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 3).await;
    let before = store.session_row("one").await.unwrap().unwrap();
    let revoked = store.revoke("one", START + 2, false).await.unwrap();
    assert_eq!(revoked, Revoked { turns: 4, summary_dropped: false });
    let (row, turns) = store.session_turns("one").await.unwrap().unwrap();
    assert_eq!(times(&turns), [0, 1]);
    assert_eq!((row.turn_count, row.last_total_tokens, row.last_turn_at), (2, Some(100), START + 1));
    assert_eq!(row.version, before.version + 1);

    // The next turn may take a time that was revoked.
    let new = run_in("one", START + 2);
    store.create(new).await.unwrap();
}

#[tokio::test]
async fn a_revoke_says_what_is_wrong() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 1).await;
    let session = || "one".to_owned();
    let refused = store.revoke("one", START + 7, false).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&Refusal::NoTurn { session: session(), at: START + 7 }));
    let refused = store.revoke("one", START + 1, false).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(&Refusal::NotUserTurn { session: session(), at: START + 1 }));
    assert!(matches!(store.revoke("two", START, false).await, Err(StoreError::NoSession(_))));

    store.create(run_in("one", START + 10)).await.unwrap();
    let refused = store.revoke("one", START, false).await.unwrap_err();
    assert!(matches!(&refused, StoreError::SessionBusy(id) if *id == session()), "{refused:?}");
    assert_eq!(store.revoke("one", START, true).await.unwrap().turns, 3);
    assert_eq!(store.session_row("one").await.unwrap().unwrap().last_turn_at, 0);
}

#[tokio::test]
async fn revoking_into_the_summary_drops_it_and_revoking_after_it_drops_later_memories() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 3).await;
    assert!(store.save_compaction(compaction("one", 0, START + 1, 10)).await.unwrap());
    let revoked = store.revoke("one", START + 2, false).await.unwrap();
    assert!(!revoked.summary_dropped);
    let left = store.introspect("one").await.unwrap().unwrap();
    assert_eq!((left.summary_version, left.memories.as_slice()), (1, &[memory("one", 0)][..]));

    let revoked = store.revoke("one", START, false).await.unwrap();
    assert!(revoked.summary_dropped);
    let left = store.introspect("one").await.unwrap().unwrap();
    assert_eq!((left.summary, left.summary_version, left.memories.len()), (None, 0, 0));
}

#[tokio::test]
async fn a_run_reads_the_summary_the_memories_and_the_turns_that_stay() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 4).await;
    let all = store.session("one", None).await.unwrap().unwrap();
    assert_eq!((times(&all.turns), all.high_water), ((0..8).collect(), START + 7));
    let early = store.session("one", Some(START + 2)).await.unwrap().unwrap();
    assert_eq!(times(&early.turns), [0, 1, 2]);

    assert!(store.save_compaction(compaction("one", 0, START + 5, 2)).await.unwrap());
    let context = store.session("one", None).await.unwrap().unwrap();
    assert_eq!(times(&context.turns), [4, 5, 6, 7], "two that are summarised stay verbatim");
    assert_eq!(context.summary.as_deref(), Some("they greeted"));
    assert_eq!(context.memories, [memory("one", 0), memory("two", 3)]);
    let introspection = store.introspect("one").await.unwrap().unwrap();
    assert_eq!((introspection.total_turns, introspection.summarized_turns), (8, 6));

    let malformed = CompactionWrite { memories: None, ..compaction("one", 1, START + 7, 0) };
    assert!(store.save_compaction(malformed).await.unwrap());
    let context = store.session("one", None).await.unwrap().unwrap();
    assert_eq!((context.turns.len(), context.memories.len()), (0, 2), "old memories stay where there are no new ones");
    assert_eq!(context.high_water, START + 7);
    assert!(store.session("two", None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_compaction_that_was_overtaken_changes_nothing() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 2).await;
    store.revoke("one", START + 2, false).await.unwrap();
    assert!(!store.save_compaction(compaction("one", 0, START + 3, 0)).await.unwrap());
    assert_eq!(store.introspect("one").await.unwrap().unwrap().summary, None);
    let races = join_all((0..8).map(|_| store.save_compaction(compaction("one", 1, START + 1, 0))));
    assert_eq!(races.await.into_iter().filter(|saved| *saved.as_ref().unwrap()).count(), 1);
    let nowhere = store.save_compaction(compaction("two", 0, START, 0)).await;
    assert!(matches!(nowhere, Err(StoreError::NoSession(_))));
}

#[tokio::test]
async fn a_turn_does_not_make_a_compaction_worthless() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 2).await;
    let version = store.session_row("one").await.unwrap().unwrap().version;
    store.create(run_in("one", START + 10)).await.unwrap();
    assert!(store.save_compaction(compaction("one", version, START + 1, 0)).await.unwrap());
}

#[tokio::test]
async fn deleting_takes_sub_agents_sessions_along_and_waits_for_runs() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run_in("one", START);
    let root = new.root;
    store.create(new).await.unwrap();
    let seed = troupe_core::port::SessionSeed { title: "sub".to_owned(), parent: "one".to_owned() };
    let child = SessionWrite {
        session: "child".to_owned(),
        create: Some(seed),
        turns: vec![turn(Role::User, "do it", START + 1)],
        last_total_tokens: None,
        status: None,
        at: START + 1,
    };
    store.append(Append { sessions: vec![child], ..append(root, 2, 2) }).await.unwrap();
    let refused = store.delete_session("one").await.unwrap_err();
    assert!(matches!(&refused, StoreError::SessionBusy(id) if id == "one"), "{refused:?}");
    store.append(Append { state: Some(change(RunState::Completed, START + 2)), ..append(root, 3, 3) }).await.unwrap();
    store.delete_session("one").await.unwrap();
    assert!(store.session_row("one").await.unwrap().is_none());
    assert!(store.session_row("child").await.unwrap().is_none());
    assert_eq!(store.journal(root).await.unwrap().unwrap().events.len(), 3, "journals are left to retention");
    assert!(matches!(store.delete_session("one").await, Err(StoreError::NoSession(_))));
}

#[tokio::test]
async fn words_are_found_in_titles_and_turns_that_are_still_there() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for (n, (session, text)) in (0_i64..).zip([("a", "Where does the Danube rise?"), ("b", "Say \"NEAR\" - twice")]) {
        let words = vec![turn(Role::User, text, START + n)];
        let owner = format!("owner-{session}");
        store.create(NewRun { turns: words, owner, ..run_in(session, START + n) }).await.unwrap();
    }
    store.set_title("b", "Of rivers and danubes", None).await.unwrap();
    let find = async |owner, words: &str| {
        let hits = store.search(owner, words, 9).await.unwrap();
        hits.into_iter().map(|SearchHit { session, at, .. }| (session, at.map(|at| at - START))).collect::<Vec<_>>()
    };
    let hit = |session: &str, at: Option<Timestamp>| (session.to_owned(), at);
    assert_eq!(find(None, "danub").await, [hit("b", None), hit("a", Some(0))]);
    assert_eq!(find(Some("owner-a"), "danub").await, [hit("a", Some(0))]);
    assert_eq!(find(None, "does rise").await, [hit("a", Some(0))]);
    assert_eq!(find(None, "NEAR\" OR").await, [], "operators are words");
    assert_eq!(find(None, " ").await, []);

    store.revoke("b", START + 1, true).await.unwrap();
    assert_eq!(find(None, "twice").await, []);
    let again = vec![turn(Role::User, "thrice", START + 5)];
    store.create(NewRun { turns: again, ..run_in("c", START + 5) }).await.unwrap();
    assert_eq!(find(None, "thrice").await, [hit("c", Some(5))], "a number that is given again is indexed again");
}

#[tokio::test]
async fn turns_are_read_in_pages() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    talk(store, "one", 2).await;
    assert_eq!(times(&store.turns("one", 0, 3).await.unwrap()), [0, 1, 2]);
    assert_eq!(times(&store.turns("one", START + 2, 3).await.unwrap()), [3]);
    assert!(store.turns("two", 0, 3).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_summary_is_announced_and_stands_for_no_instructions() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let turns = vec![turn(Role::System, "be kind", START), turn(Role::User, "hello", START + 1)];
    let new = NewRun { turns, ..run_in("one", START) };
    let root = new.root;
    store.create(new).await.unwrap();
    store.append(finish(root, 2, Some("one"), START + 2)).await.unwrap();
    let mut feed = store.subscribe();
    assert!(store.save_compaction(compaction("one", 0, START + 1, 0)).await.unwrap());
    assert_eq!(feed.try_recv().unwrap().change, SessionChanged::Compacted);
    assert!(!store.save_compaction(compaction("one", 0, START + 1, 0)).await.unwrap());
    assert!(feed.try_recv().is_err(), "what was refused is not told");
    let context = store.session("one", None).await.unwrap().unwrap();
    assert_eq!(times(&context.turns), [0, 2]);
}

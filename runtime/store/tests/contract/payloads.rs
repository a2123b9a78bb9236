//! What is large lies in blobs, and nobody notices (engine.md, "Payloads").

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures::FutureExt as _;
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{CallId, ContentHash, RunId};
use troupe_core::message::Role;
use troupe_core::port::{Append, NewRun, RunStore, SessionWrite};
use troupe_core::session::Turn;
use troupe_core::tool::ToolResult;
use troupe_store::{RetentionPolicy, Store, StoreOptions};

use crate::fixture::*;

const HOUR: i64 = 3_600_000_000;

/// Names the data directory in the child; its absence makes [`the_child_that_writes_payloads`] do nothing.
const FOLDER: &str = "TROUPE_STORE_PAYLOAD_TEST";

/// Everything older than an hour goes.
const POLICY: RetentionPolicy = RetentionPolicy { runs: None, events: Some(HOUR), blobs: Some(HOUR) };

/// A text of 100,000 bytes that begins with a sign of its own.
fn text(sign: &str) -> String {
    format!("{sign} {}", "x".repeat(100_000))
}

fn result(root: RunId, seq: u64, text: String) -> Vec<Recorded> {
    let call = CallId::derive(root, 1, 0);
    let event = Event::ToolCallFinished { call, result: ToolResult::text(text), duration_us: 1 };
    vec![Recorded { seq, run: root, at: START, event }]
}

/// A run of a session whose user's turn is `asked`, whose tool said `said`, and that is over.
async fn finished(store: &Store, session: &str, asked: &str, said: &str, at: i64) -> RunId {
    let new = NewRun { turns: vec![turn(Role::User, asked, at)], ..run_in(session, at) };
    let root = new.root;
    store.create(new).await.unwrap();
    store.append(Append { events: result(root, 2, said.to_owned()), ..append(root, 2, 2) }).await.unwrap();
    let mut last = finish(root, 3, Some(session), at + 1);
    last.sessions[0].turns = vec![turn(Role::Tool, said, at + 1), turn(Role::Assistant, "done", at + 2)];
    store.append(last).await.unwrap();
    root
}

/// The addresses of all files of blobs.
fn blobs(data: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for shard in std::fs::read_dir(data.join("blobs")).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            found.push(file.unwrap().file_name().into_string().unwrap());
        }
    }
    found.sort();
    found
}

fn addresses<const N: usize>(texts: [&str; N]) -> Vec<String> {
    let mut found = texts.map(|text| ContentHash::of(text.as_bytes()).0).to_vec();
    found.sort();
    found
}

#[tokio::test]
async fn large_events_and_turns_are_read_back_whole_after_a_restart_too() {
    let fixture = Fixture::new().await;
    let (asked, said) = (text("needle asked"), text("said"));
    let root = finished(&fixture.store, "one", &asked, &said, START).await;
    let fixture = fixture.reopened().await;
    let store = &fixture.store;
    let expected = result(root, 2, said.clone());
    assert_eq!(store.journal(root).await.unwrap().unwrap().events[1..2], expected);
    assert_eq!(store.events(root, 1, 1).await.unwrap(), expected);
    let turns = [turn(Role::User, &asked, START), turn(Role::Tool, &said, START + 1)];
    assert_eq!(store.turns("one", 0, 2).await.unwrap(), turns);
    assert_eq!(store.session_turns("one").await.unwrap().unwrap().1[..2], turns);
    assert_eq!(store.session("one", None).await.unwrap().unwrap().turns[..2], turns);
    let hits = store.search(None, "needle", 9).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.content.as_str()).collect::<Vec<_>>(), [asked.as_str()]);
    let database = std::fs::metadata(fixture.folder.path().join("troupe.db")).unwrap().len();
    assert!(database < 3 * 100_000 + 300_000, "three payloads and a full-text index are not all in {database} bytes");
}

#[tokio::test]
async fn equal_payloads_of_events_turns_runs_and_blobs_are_one_file() {
    let fixture = Fixture::new().await;
    let (asked, said) = (text("asked"), text("said"));
    finished(&fixture.store, "one", &asked, &said, START).await;
    finished(&fixture.store, "two", &asked, &said, START + 10).await;
    fixture.store.put_blob(Bytes::from(said.clone())).await.unwrap();
    assert_eq!(blobs(fixture.folder.path()), addresses([&asked, &said]));
}

#[tokio::test]
async fn what_is_small_makes_no_blob() {
    let fixture = Fixture::new().await;
    finished(&fixture.store, "one", &"a".repeat(60_000), &"b".repeat(60_000), START).await;
    assert!(blobs(fixture.folder.path()).is_empty());
}

#[tokio::test]
async fn a_payload_goes_with_the_last_that_names_it() {
    let fixture = Fixture::new().await;
    let (store, data) = (&fixture.store, fixture.folder.path());
    let (asked, said, shared) = (text("asked"), text("said"), text("shared"));
    finished(store, "one", &asked, &said, START).await;
    finished(store, "two", "small", &shared, START + 10).await;
    let recent = run(START + 10 * HOUR);
    let root = recent.root;
    store.create(recent).await.unwrap();
    store.append(Append { events: result(root, 2, shared.clone()), ..append(root, 2, 2) }).await.unwrap();

    let swept = store.sweep(POLICY, START + 11 * HOUR).await.unwrap();
    assert_eq!((swept.journals, swept.blobs), (2, 0), "turns name them still");
    store.revoke("one", START, false).await.unwrap();
    store.delete_session("two").await.unwrap();
    assert_eq!(blobs(data).len(), 3, "they go with a sweep");
    let swept = store.sweep(POLICY, START + 11 * HOUR).await.unwrap();
    assert_eq!(swept.blobs, 2);
    assert_eq!(blobs(data), addresses([&shared]));
    assert_eq!(store.journal(root).await.unwrap().unwrap().events[1..], result(root, 2, shared));
}

#[tokio::test]
async fn what_a_crash_left_between_a_payload_and_its_event_is_swept() {
    let fixture = Fixture::new().await;
    let (store, data) = (&fixture.store, fixture.folder.path());
    // A refused append has stored its payload before: as if the process had died between the two.
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    let stray = Append { epoch: 7, events: result(root, 2, text("stray")), ..append(root, 2, 2) };
    store.append(stray).await.unwrap_err();
    store.append(Append { events: result(root, 2, text("kept")), ..append(root, 2, 2) }).await.unwrap();
    assert_eq!(blobs(data), addresses([&text("stray"), &text("kept")]));
    assert_eq!(store.sweep(POLICY, START).await.unwrap().blobs, 1);
    assert_eq!(blobs(data), addresses([&text("kept")]));
    // The same content may come again.
    store.append(Append { events: result(root, 3, text("stray")), ..append(root, 3, 3) }).await.unwrap();
    assert_eq!(store.sweep(POLICY, START).await.unwrap().blobs, 0);
    assert_eq!(store.journal(root).await.unwrap().unwrap().events[2..], result(root, 3, text("stray")));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sweep_takes_a_payload_whose_event_is_on_its_way() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let new = run(START);
    let root = new.root;
    store.create(new).await.unwrap();
    let eager = RetentionPolicy { blobs: Some(-HOUR), ..POLICY };
    let writes = async {
        for seq in 2..40 {
            let events = result(root, seq, text(&seq.to_string()));
            store.append(Append { events, ..append(root, seq, seq) }).await.unwrap();
        }
    };
    let sweeps = async {
        loop {
            store.sweep(eager, START).await.unwrap();
        }
    };
    tokio::select! {
        () = writes => {}
        () = sweeps => {}
    }
    // A caller that goes away leaves its write to be done or not, and never half of it.
    let given_up = Append { events: result(root, 40, text("given up")), ..append(root, 40, 40) };
    assert!(store.append(given_up).now_or_never().is_none());
    store.sweep(eager, START).await.unwrap();
    let events = store.journal(root).await.unwrap().unwrap().events;
    assert!(events.len() >= 39, "{}", events.len());
    for seq in 2..40_u64 {
        assert_eq!(events[usize::try_from(seq).unwrap() - 1..][..1], result(root, seq, text(&seq.to_string())));
    }
}

/// Writes payloads until it is killed; each acknowledged one is a line `ROOT SEQ`. Only [`FOLDER`] makes it do
/// anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_child_that_writes_payloads() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::open(StoreOptions::new(folder, Standing::new(START))).await.unwrap();
    let new = run_in("one", START);
    let root = new.root;
    store.create(new).await.unwrap();
    for seq in 2..10_000_u64 {
        let at = START + i64::try_from(seq).unwrap();
        let write = SessionWrite {
            session: "one".to_owned(),
            create: None,
            turns: vec![Turn { at, ..Turn::text(Role::Tool, text(&seq.to_string())) }],
            last_total_tokens: None,
            status: None,
            at,
        };
        let events = result(root, seq, text(&seq.to_string()));
        store.append(Append { events, sessions: vec![write], ..append(root, seq, seq) }).await.unwrap();
        writeln!(std::io::stdout().lock(), "\nacknowledged {root} {seq}").unwrap();
    }
}

#[tokio::test]
async fn no_acknowledged_payload_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "payloads::the_child_that_writes_payloads", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged = lines.filter_map(|line| {
        let (root, seq) = line.strip_prefix("acknowledged ")?.split_once(' ')?;
        Some((RunId::parse(root)?, seq.parse::<u64>().ok()?))
    });
    let (root, mut last) = acknowledged.nth(30).expect("the child ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    last = acknowledged.map(|(_, seq)| seq).max().unwrap_or(last);

    let store = Store::open(StoreOptions::new(folder.path(), Standing::new(START))).await.unwrap();
    store.sweep(RetentionPolicy { blobs: Some(-HOUR), ..POLICY }, START).await.unwrap();
    let events = store.journal(root).await.unwrap().unwrap().events;
    assert!(events.len() as u64 >= last, "event {last} was acknowledged and is lost");
    for event in &events[1..] {
        assert_eq!(vec![event.clone()], result(root, event.seq, text(&event.seq.to_string())));
    }
    let turns = store.turns("one", START, usize::MAX).await.unwrap();
    assert_eq!(turns.len(), events.len() - 1);
    assert!(turns.iter().all(|turn| turn.content.len() > 100_000));
    assert_eq!(blobs(folder.path()).len(), events.len() - 1, "nothing else is left");
}

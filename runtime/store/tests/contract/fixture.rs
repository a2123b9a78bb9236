//! A store in a temporary folder, and the smallest runs that it takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Map;
use troupe_core::agent::{AgentSnapshot, Limits, PinnedSnapshot, Snapshot};
use troupe_core::event::{Accepted, Event, Outcome, Recorded, VERSION};
use troupe_core::id::{ContentHash, RunId, Timestamp};
use troupe_core::message::Role;
use troupe_core::model::Usage;
use troupe_core::port::{
    Append, Clock, Idempotency, Lease, NewRun, NewRunSession, RunState, SessionWrite, StateChange,
};
use troupe_core::session::Turn;
use troupe_store::{Store, StoreOptions};

/// 2026-01-01.
pub(crate) const START: Timestamp = 1_767_225_600_000_000;

/// The replica that the tests are.
pub(crate) const OWNER: &str = "replica-1";

/// A clock that stands until it is moved.
pub(crate) struct Standing(AtomicI64);

impl Standing {
    pub(crate) fn new(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now)))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::SeqCst)
    }
}

/// A store and the folder that it is in.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) clock: Arc<Standing>,
    pub(crate) folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Standing::new(START);
        let store = Store::open(StoreOptions::new(folder.path(), clock.clone())).await.unwrap();
        Self { store, clock, folder }
    }

    /// The same store after a stop and a start.
    pub(crate) async fn reopened(self) -> Self {
        self.store.close().await;
        let store = Store::open(StoreOptions::new(self.folder.path(), self.clock.clone())).await.unwrap();
        Self { store, ..self }
    }
}

/// A snapshot of an agent without a model; `system` makes it another one.
pub(crate) fn snapshot(system: &str) -> PinnedSnapshot {
    let agent = AgentSnapshot {
        name: "assistant".to_owned(),
        id: "assistant".to_owned(),
        display_name: String::new(),
        description: String::new(),
        revision: String::new(),
        models: Vec::new(),
        parameters: Map::new(),
        system: system.to_owned(),
        tools: Vec::new(),
        delegate_only: false,
        max_depth: 1,
        limits: Limits::default(),
        context: troupe_core::agent::ContextPolicy::default(),
        output: None,
        workspace: troupe_core::agent::WorkspacePolicy::default(),
        tool_choice: None,
    };
    let agents = BTreeMap::from([("assistant".to_owned(), Arc::new(agent))]);
    PinnedSnapshot::new(Snapshot { target: "assistant".to_owned(), agents }).unwrap()
}

pub(crate) fn turn(role: Role, text: &str, at: Timestamp) -> Turn {
    Turn { at, ..Turn::text(role, text) }
}

pub(crate) fn lease() -> Lease {
    Lease { owner: OWNER.to_owned(), epoch: 1, expires_at: START + 60_000_000 }
}

pub(crate) fn accepted(snapshot: &PinnedSnapshot, version: u16) -> Event {
    Event::RunAccepted(Box::new(Accepted {
        version,
        snapshot: snapshot.hash.clone(),
        agent: "assistant".to_owned(),
        input: Vec::new(),
        session: None,
        limits: Limits::default(),
        parent: None,
        depth: 0,
        workspace: None,
        user: String::new(),
        request_id: None,
    }))
}

/// Events `from` to `to` that mean nothing.
pub(crate) fn events(root: RunId, from: u64, to: u64) -> Vec<Recorded> {
    (from..=to).map(|seq| Recorded { seq, run: root, at: START, event: Event::DeadlineReached }).collect()
}

/// A running run of one event without a session, created at `now`.
pub(crate) fn run(now: Timestamp) -> NewRun {
    let (root, snapshot) = (RunId::new(now), snapshot(""));
    let events = vec![Recorded { seq: 1, run: root, at: now, event: accepted(&snapshot, VERSION) }];
    NewRun {
        root,
        snapshot,
        session: None,
        idempotency: None,
        owner: String::new(),
        kind: "agent".to_owned(),
        target: "assistant".to_owned(),
        state: RunState::Running,
        lease: Some(lease()),
        events,
        turns: Vec::new(),
        now,
    }
}

/// A running run that creates its session, or goes on with it, with one user turn at `now`.
pub(crate) fn run_in(session: &str, now: Timestamp) -> NewRun {
    NewRun { session: Some(in_session(session)), turns: vec![turn(Role::User, "hello", now)], ..run(now) }
}

/// A queued run of a session.
pub(crate) fn queued_in(session: &str, now: Timestamp) -> NewRun {
    NewRun { turns: Vec::new(), ..queued(run_in(session, now)) }
}

pub(crate) fn queued(run: NewRun) -> NewRun {
    NewRun { state: RunState::Queued, lease: None, ..run }
}

pub(crate) fn in_session(session: &str) -> NewRunSession {
    NewRunSession {
        id: session.to_owned(),
        create: true,
        title: "a title".to_owned(),
        parent: None,
        meta: Map::from_iter([("agent_id".to_owned(), "assistant".into())]),
    }
}

pub(crate) fn key(name: &str, body: &str) -> Idempotency {
    let body = ContentHash::of(body.as_bytes());
    Idempotency { scope: "someone /v1/infer".to_owned(), key: name.to_owned(), body }
}

/// An append of events `from` to `to` under the first epoch.
pub(crate) fn append(root: RunId, from: u64, to: u64) -> Append {
    Append { root, epoch: 1, events: events(root, from, to), snapshots: Vec::new(), state: None, sessions: Vec::new() }
}

/// The run is now in `state`, at `at`.
pub(crate) fn change(state: RunState, at: Timestamp) -> StateChange {
    let outcome =
        (state == RunState::Completed).then_some(Outcome::Completed { limit: None, note: None, output: None });
    let usage = Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() };
    StateChange { state, outcome, usage, cost: 7, wake_at: None, at }
}

/// The last append of a run: event number `seq`, and an assistant's turn for its session.
pub(crate) fn finish(root: RunId, seq: u64, session: Option<&str>, at: Timestamp) -> Append {
    let sessions = session.map(|session| SessionWrite {
        session: session.to_owned(),
        create: None,
        turns: vec![turn(Role::Assistant, "hello to you", at)],
        last_total_tokens: Some(15),
        status: Some("done_success_unread".to_owned()),
        at,
    });
    Append {
        state: Some(change(RunState::Completed, at)),
        sessions: sessions.into_iter().collect(),
        ..append(root, seq, seq)
    }
}

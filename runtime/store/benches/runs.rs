//! Session-durable runs per second: `cargo bench -p troupe-store [-- RUNS CALLERS]`.
//!
//! Each run is one create (three events, the user's turn, a session) and one append (two events, the assistant's turn,
//! the run's end), as the engine writes them for one round with 20 deltas. Beside the rate it prints what a run costs
//! in processor time, because the service shares two processors with those who load it, and what a bare statement
//! costs, to tell the database's share from that of the way to it.

// A benchmark's whole purpose is to print, and it stops where something is wrong.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first error")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Map;
use sqlx::Connection as _;
use tokio::task::JoinSet;
use troupe_core::agent::{AgentSnapshot, ContextPolicy, Limits, PinnedSnapshot, Snapshot, WorkspacePolicy};
use troupe_core::event::{Accepted, DeltaKind, DeltaMark, Event, Finished, Outcome, Recorded, VERSION};
use troupe_core::id::{RunId, Timestamp};
use troupe_core::message::Role;
use troupe_core::model::{FinishReason, Usage};
use troupe_core::port::{
    Append, Clock, Lease, NewRun, NewRunSession, RunState, RunStore as _, SessionWrite, StateChange,
};
use troupe_core::session::Turn;
use troupe_store::{Store, StoreOptions};

/// Statements that do nothing.
const COUNT: u32 = 20_000;

const START: Timestamp = 1_767_225_600_000_000;
const ANSWER: &str = "The scheduler keeps the queue in the table itself, so nothing is lost when it stops. ";

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (runs, callers) = (arguments.next().unwrap_or(20_000), arguments.next().unwrap_or(200));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        statement().await;
        measure(runs.min(2_000), 1).await;
        measure(runs.min(5_000), 16).await;
        measure(runs, callers).await;
    });
}

/// What one statement costs that does nothing.
async fn statement() {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect("sqlite::memory:").await.unwrap();
    let (begin, cpu) = (Instant::now(), cpu());
    for _ in 0..COUNT {
        sqlx::query("SELECT $1").bind(1_i64).fetch_one(&mut connection).await.unwrap();
    }
    println!(
        "a statement that does nothing: {:?} each, {:?} of processor",
        begin.elapsed() / COUNT,
        self::cpu().saturating_sub(cpu) / COUNT
    );
}

async fn measure(runs: usize, callers: usize) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let clock = Arc::new(Ticking(AtomicI64::new(START)));
    let store = Store::open(StoreOptions::new(folder.path(), clock.clone())).await.unwrap();
    let (next, snapshot) = (Arc::new(AtomicUsize::new(0)), snapshot());
    let (begin, cpu) = (Instant::now(), cpu());
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (store, next, snapshot, clock) = (store.clone(), next.clone(), snapshot.clone(), clock.clone());
        tasks.spawn(async move {
            let mut calls = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < runs {
                let now = clock.now();
                let new = new_run(snapshot.clone(), now);
                let (root, session) = (new.root, new.session.clone().unwrap().id);
                let asked = Instant::now();
                store.create(new).await.unwrap();
                calls.push(asked.elapsed());
                let append = finish(root, session, clock.now());
                let asked = Instant::now();
                store.append(append).await.unwrap();
                calls.push(asked.elapsed());
            }
            calls
        });
    }
    let mut calls: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let (took, used) = (begin.elapsed(), self::cpu().saturating_sub(cpu));
    calls.sort_unstable();
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |file| file.len() >> 20);
    println!(
        "{runs} runs, {callers} callers: {:.0} runs/s, {:?} of processor each; a call p50 {:?}, p99 {:?}, max {:?}; \
         database {} MiB, log {} MiB, peak memory {} MiB",
        f64::from(u32::try_from(runs).unwrap()) / took.as_secs_f64(),
        used / u32::try_from(runs).unwrap(),
        calls[calls.len() / 2],
        calls[calls.len() * 99 / 100],
        calls[calls.len() - 1],
        size("troupe.db"),
        size("troupe.db-wal"),
        peak(),
    );
    store.close().await;
}

/// Processor time of this process so far: fields 14 and 15, in hundredths of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    Duration::from_millis(10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()))
}

/// Peak resident memory in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

fn snapshot() -> PinnedSnapshot {
    let agent = AgentSnapshot {
        name: "assistant".to_owned(),
        id: "assistant".to_owned(),
        display_name: String::new(),
        description: String::new(),
        revision: String::new(),
        models: Vec::new(),
        parameters: Map::new(),
        system: "You are helpful.".repeat(50),
        tools: Vec::new(),
        delegate_only: false,
        max_depth: 1,
        limits: Limits::default(),
        context: ContextPolicy::default(),
        output: None,
        workspace: WorkspacePolicy::default(),
        tool_choice: None,
    };
    let agents = BTreeMap::from([("assistant".to_owned(), Arc::new(agent))]);
    PinnedSnapshot::new(Snapshot { target: "assistant".to_owned(), agents }).unwrap()
}

fn new_run(snapshot: PinnedSnapshot, now: Timestamp) -> NewRun {
    let root = RunId::new(now);
    let session = format!("session-{root}");
    let turn = Turn { at: now, ..Turn::text(Role::User, "Why does nothing get lost when the scheduler stops?") };
    let accepted = Event::RunAccepted(Box::new(Accepted {
        version: VERSION,
        snapshot: snapshot.hash.clone(),
        agent: "assistant".to_owned(),
        input: vec![turn.clone()],
        session: Some(session.clone()),
        limits: Limits::default(),
        parent: None,
        depth: 0,
        workspace: None,
        user: String::new(),
        request_id: Some(RunId::new(now).to_string()),
    }));
    let events = [
        accepted,
        Event::RunStarted { high_water: 0, summary_version: 0 },
        Event::ModelAttemptStarted { step: 1, attempt: 1, model: 0 },
    ];
    NewRun {
        root,
        snapshot,
        session: Some(NewRunSession {
            id: session,
            create: true,
            title: "Why does nothing get lost".to_owned(),
            parent: None,
            meta: Map::from_iter([("agent_id".to_owned(), "assistant".into())]),
        }),
        idempotency: None,
        owner: String::new(),
        kind: "agent".to_owned(),
        target: "assistant".to_owned(),
        state: RunState::Running,
        lease: Some(Lease { owner: "replica".to_owned(), epoch: 1, expires_at: now + 30_000_000 }),
        events: recorded(root, 1, now, events),
        turns: vec![turn],
        now,
    }
}

fn finish(root: RunId, session: String, at: Timestamp) -> Append {
    let usage = Usage { input_tokens: 20, output_tokens: 20, ..Usage::default() };
    let outcome = Outcome::Completed { limit: None, note: None, output: None };
    let deltas = (0..20).map(|n| DeltaMark { seq: 3, n, kind: DeltaKind::Content, length: 17 }).collect();
    let finished = Event::MessageFinished(Box::new(Finished {
        step: 1,
        attempt: 1,
        content: ANSWER.repeat(4),
        thinking: String::new(),
        thinking_signature: None,
        calls: Vec::new(),
        finish: FinishReason::Stop,
        usage,
        cost: 40,
        first_token_us: Some(1_000),
        duration_us: 20_000,
        invalid: None,
        deltas,
    }));
    Append {
        root,
        epoch: 1,
        events: recorded(root, 4, at, [finished, Event::RunFinished { outcome: outcome.clone() }]),
        snapshots: Vec::new(),
        state: Some(StateChange {
            state: RunState::Completed,
            outcome: Some(outcome),
            usage,
            cost: 40,
            wake_at: None,
            at,
        }),
        sessions: vec![SessionWrite {
            session,
            create: None,
            turns: vec![Turn { at, ..Turn::text(Role::Assistant, ANSWER.repeat(4)) }],
            last_total_tokens: Some(40),
            status: Some("done_success_unread".to_owned()),
            at,
        }],
    }
}

fn recorded<const N: usize>(run: RunId, first: u64, at: Timestamp, events: [Event; N]) -> Vec<Recorded> {
    (first..).zip(events).map(|(seq, event)| Recorded { seq, run, at, event }).collect()
}

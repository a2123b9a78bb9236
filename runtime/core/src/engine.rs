//! Performs what is outstanding, through the ports: starts, queues, resumes, commands and stops runs.
//!
//! *Append, then publish*: what a subscriber saw as finished is in the store. A run belongs to one replica at a time, by
//! lease and epoch. A stateless run writes nothing.

mod actor;
mod assembly;
mod child;
mod command;
mod order;
mod row;
mod scheduler;
mod start;
mod takeover;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Map;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::{Limits, PinnedSnapshot};
use crate::id::{CallId, RunId, Timestamp};
use crate::port::{Idempotency, Ports, StoreError};
use crate::session::Turn;
use crate::stream::{ItemId, RunStream, Subscription, replay};
use crate::tool::ToolResult;

pub use child::tools_table;

/// How an engine works.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// This replica's id, and its address where it has one.
    pub owner: String,
    /// How long a lease holds without renewal.
    pub lease: Duration,
    /// Run trees at one time.
    pub max_running: usize,
    /// Runs that may wait for a slot.
    pub max_queued: usize,
    /// Runs that may wait for one session.
    pub max_queued_per_session: usize,
    /// The most of a tool's result that the model and the stream see, in bytes; the rest is an artifact.
    pub max_model_bytes: usize,
}

impl Default for EngineOptions {
    /// The numbers of the design: leases of 30 s, 1,000 runs at one time and as many in the queue, 8 a session, 256 KiB.
    fn default() -> Self {
        Self {
            owner: "local".to_owned(),
            lease: Duration::from_secs(30),
            max_running: 1_000,
            max_queued: 1_000,
            max_queued_per_session: 8,
            max_model_bytes: 256 * 1_024,
        }
    }
}

/// The session that a run belongs to.
#[derive(Clone, Debug)]
pub struct SessionOfRun {
    /// Its id.
    pub id: String,
    /// Whether it is created with this run.
    pub create: bool,
    /// The title of a created one.
    pub title: String,
    /// What its index says of its last run.
    pub meta: Map<String, serde_json::Value>,
}

/// A run to be started.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// What it pins.
    pub snapshot: PinnedSnapshot,
    /// The caller's turns.
    pub input: Vec<Turn>,
    /// Its session.
    pub session: Option<SessionOfRun>,
    /// Whether it is journalled. A run of a session always is.
    pub durable: bool,
    /// The limits that hold: the agent's with the request's over them.
    pub limits: Limits,
    /// `agent` or `adhoc`.
    pub kind: String,
    /// The target's name.
    pub target: String,
    /// Who asked; empty in folder mode.
    pub user: String,
    /// The folder that its tools work in.
    pub workspace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What the caller called it by.
    pub idempotency: Option<Idempotency>,
    /// How it is dispatched.
    pub dispatch: Dispatch,
    /// Abort the session's running run first.
    pub interrupt: bool,
}

/// How a run is dispatched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dispatch {
    /// At once, or as soon as there is a slot and the session is free.
    #[default]
    Now,
    /// It stays queued until it is executed by name.
    Manual,
    /// It is kept and not queued.
    Draft,
}

/// A run that was started.
#[derive(Debug)]
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// The same call was made before, and this is its run.
    pub existing: bool,
    /// Reads it from its beginning.
    pub subscription: Subscription,
}

/// Why a run was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Too many wait already.
    #[error("too many runs are waiting ({waiting}); try again in a moment")]
    QueueFull {
        /// How many wait.
        waiting: usize,
    },
    /// Too many wait for this session already.
    #[error("{waiting} runs are waiting for session {session:?} already; try again when one is done")]
    SessionQueueFull {
        /// The session.
        session: String,
        /// How many wait.
        waiting: usize,
    },
    /// The service is going down.
    #[error("the service is stopping; try again in a moment")]
    Stopping,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something that is said to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// End it.
    Cancel {
        /// Who, or why.
        by: String,
        /// Kill its processes at once.
        forced: bool,
    },
    /// Answer a question for approval.
    Decide {
        /// The call.
        call: CallId,
        /// The answer.
        approved: bool,
        /// The arguments as the person edited them.
        arguments: Option<String>,
        /// Who.
        by: String,
    },
    /// Give the result of one of the caller's own tools.
    Input {
        /// The call.
        call: CallId,
        /// The result.
        result: ToolResult,
    },
    /// Dispatch a draft or a manually dispatched run.
    Dispatch,
}

/// Why something could not be said to a run.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// It does not fit the run's state.
    #[error("{0}")]
    Conflict(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs agents.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What the actors share.
struct Inner {
    ports: Ports,
    options: EngineOptions,
    tasks: TaskTracker,
    state: Mutex<State>,
    /// No new runs.
    draining: CancellationToken,
    /// Hand back what is running.
    stopping: CancellationToken,
}

#[derive(Default)]
struct State {
    /// Runs of this replica that are live: running, queued here, or waiting with somebody reading.
    live: HashMap<RunId, Live>,
    /// Trees that hold a slot.
    running: usize,
    /// Queued runs that this replica knows of.
    queued: usize,
    sessions: HashMap<String, Gate>,
}

struct Live {
    stream: Arc<RunStream>,
    /// The way to its actor; `None` while it sleeps.
    commands: Option<mpsc::Sender<Order>>,
}

#[derive(Default)]
struct Gate {
    active: Option<RunId>,
    queued: usize,
}

/// A command on its way to an actor, and the way back.
struct Order {
    command: Command,
    done: tokio::sync::oneshot::Sender<Result<(), CommandError>>,
    /// Only a run that lives in memory obeys.
    stateless_only: bool,
}

impl Engine {
    /// An engine that works through `ports`; its tasks are tracked by `tasks`.
    pub fn new(ports: Ports, options: EngineOptions, tasks: TaskTracker) -> Self {
        Self {
            inner: Arc::new(Inner {
                ports,
                options,
                tasks,
                state: Mutex::new(State::default()),
                draining: CancellationToken::new(),
                stopping: CancellationToken::new(),
            }),
        }
    }

    /// Starts a run. A durable one is in the store when this returns.
    pub async fn start(&self, request: StartRequest) -> Result<Started, StartError> {
        start::start(&self.inner, request).await
    }

    /// Resumes what an earlier process or another replica left, and keeps the leases alive; call it once.
    pub async fn recover(&self) -> Result<(), StoreError> {
        scheduler::recover(&self.inner).await
    }

    /// Says something to a run. It is in the store when this returns.
    pub async fn command(&self, run: RunId, command: Command) -> Result<(), CommandError> {
        command::command(&self.inner, run, command).await
    }

    /// Reads a run's stream from behind `after`, live or out of the journal; `None` if there is no such run.
    pub async fn subscribe(&self, run: RunId, after: Option<ItemId>) -> Result<Option<Subscription>, StoreError> {
        if let Some(live) = self.inner.lock().live.get(&run) {
            return Ok(Some(live.stream.subscribe(after)));
        }
        let Some(journal) = self.inner.ports.store.journal(run).await? else { return Ok(None) };
        if journal.state.is_terminal() {
            return Ok(Some(RunStream::finished(replay(&journal.events)).subscribe(after)));
        }
        let mut state = self.inner.lock();
        let stream = RunStream::new(replay(&journal.events));
        let live = state.live.entry(run).or_insert(Live { stream, commands: None });
        Ok(Some(live.stream.subscribe(after)))
    }

    /// Whether a run is at work or awaited in this process.
    pub fn is_live(&self, run: RunId) -> bool {
        self.inner.lock().live.contains_key(&run)
    }

    /// Says something to a run if it lives in memory only: to end a stateless run whose caller is gone. A journalled
    /// one goes on without its caller.
    pub async fn command_stateless(&self, run: RunId, command: Command) -> Result<(), CommandError> {
        command::command_stateless(&self.inner, run, command).await
    }

    /// The run that a session is busy with; `None` if it is free.
    pub fn active(&self, session: &str) -> Option<RunId> {
        self.inner.lock().sessions.get(session)?.active
    }

    /// How many trees run, and how many runs wait.
    pub fn load(&self) -> (usize, usize) {
        let state = self.inner.lock();
        (state.running, state.queued)
    }

    /// Stops: no new runs; what runs has `grace` to end; the rest is handed back, to be resumed by another replica or
    /// the next start.
    pub async fn stop(&self, grace: Duration) {
        scheduler::stop(&self.inner, grace).await;
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed by a panic: it only moves map entries.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn lease_until(&self) -> Timestamp {
        self.now() + i64::try_from(self.options.lease.as_micros()).unwrap_or(i64::MAX / 2)
    }
}

//! One tree at work: derives what is outstanding, records it, publishes it, performs it, and takes in what came of it.

mod commit;
mod intake;
mod perform;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{AbortHandle, BoxStream, SelectAll};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::assembly::Assembly;
use super::child::Child;
use super::order::event_of;
use super::{CommandError, Inner, Order};
use crate::agent::PinnedSnapshot;
use crate::event::{Event, Recorded};
use crate::id::{CallId, RunId, Timestamp};
use crate::model::{ModelError, ModelEvent};
use crate::port::{Created, NewRun, StoreError};
use crate::run::{Effect, EffectKey, Tree, apply, outstanding};
use crate::session::SessionContext;
use crate::stream::RunStream;
use crate::tool::ToolResult;

/// How a tree's work ended here.
pub(super) enum Ended {
    /// The run is over.
    Finished,
    /// It sleeps until somebody says something; its slot is free.
    Waiting,
    /// The service stops; another process goes on.
    HandedBack,
    /// The same call was made before: there is another run.
    Existing(RunId),
    /// The store refused: another replica owns it, or the database failed.
    Refused(StoreError),
}

/// What came of something that was performed.
enum Signal {
    Model(EffectKey, Result<ModelEvent, ModelError>),
    ModelEnded(EffectKey),
    Tool { key: EffectKey, run: RunId, call: CallId, result: ToolResult, began: Timestamp },
    Child { key: EffectKey, run: RunId, call: CallId, child: Result<Box<Child>, String> },
}

/// Something under way.
struct Underway {
    abort: AbortHandle,
    cancel: CancellationToken,
    answer: Option<Assembly>,
    run: RunId,
}

/// Where the next commit goes.
pub(super) enum Journal {
    /// Nowhere: the run is stateless.
    None,
    /// The run is created with it.
    Create(Box<NewRun>),
    /// It is appended under this lease's epoch.
    Append { epoch: i64 },
}

/// A tree at work.
pub(super) struct Actor {
    engine: Arc<Inner>,
    tree: Tree,
    journal: Journal,
    stream: Arc<RunStream>,
    orders: mpsc::Receiver<Order>,
    contexts: HashMap<RunId, SessionContext>,
    /// Sessions that sub-agents' first turns create, with the session that they belong to.
    seeds: HashMap<RunId, String>,
    /// Snapshots that the next commit brings.
    snapshots: Vec<PinnedSnapshot>,
    /// What happened and is not recorded yet.
    pending: Vec<(RunId, Event)>,
    /// What came in while a commit was under way.
    stash: VecDeque<Signal>,
    signals: SelectAll<BoxStream<'static, Signal>>,
    underway: HashMap<EffectKey, Underway>,
    /// What is outstanding after the event of this number: decided once per state.
    decided: Option<(u64, Arc<[Effect]>)>,
    /// Pieces since the last event.
    pieces: u32,
    /// Told once, when the first commit is done.
    accepted: Option<oneshot::Sender<Result<Created, StoreError>>>,
    /// Whoever woke the run for a command is told when that is in the store.
    woken: Option<oneshot::Sender<Result<(), CommandError>>>,
    /// The row says that the run waits.
    said_waiting: bool,
    /// The session's row says so.
    session_waits: bool,
}

impl Actor {
    pub(super) fn new(
        engine: Arc<Inner>,
        tree: Tree,
        journal: Journal,
        stream: Arc<RunStream>,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self {
            engine,
            tree,
            journal,
            stream,
            orders,
            contexts: HashMap::new(),
            seeds: HashMap::new(),
            snapshots: Vec::new(),
            pending: Vec::new(),
            stash: VecDeque::new(),
            signals: SelectAll::new(),
            underway: HashMap::new(),
            decided: None,
            pieces: 0,
            accepted: None,
            woken: None,
            said_waiting: false,
            session_waits: false,
        }
    }

    /// What a run of the tree reads of its session.
    pub(super) fn with_context(mut self, run: RunId, context: SessionContext) -> Self {
        self.contexts.insert(run, context);
        self
    }

    /// Something that happened and is to be recorded first.
    pub(super) fn with_event(mut self, run: RunId, event: Event) -> Self {
        self.pending.push((run, event));
        self
    }

    /// The session's row says that the run waits: it did when it was claimed.
    pub(super) fn after_waiting(mut self, waited: bool) -> Self {
        self.session_waits = waited;
        self
    }

    /// Tells when the first commit is done.
    pub(super) fn telling(mut self, accepted: oneshot::Sender<Result<Created, StoreError>>) -> Self {
        self.accepted = Some(accepted);
        self
    }

    /// Tells when the first commit after a command is done.
    pub(super) fn woken_by(mut self, woken: Option<oneshot::Sender<Result<(), CommandError>>>) -> Self {
        self.woken = woken;
        self
    }

    /// Works until the run is over, sleeps, or must stop.
    pub(super) async fn work(mut self) -> Ended {
        loop {
            if let Err(ended) = self.settle().await {
                return ended;
            }
            if let Some(woken) = self.woken.take() {
                // Whoever asked may be gone; what it asked for is done.
                let _ = woken.send(Ok(()));
            }
            if self.tree.outcome().is_some() {
                return Ended::Finished;
            }
            if self.said_waiting {
                return Ended::Waiting;
            }
            if let Some(signal) = self.stash.pop_front() {
                self.take(signal);
                continue;
            }
            let timer = self.next_timer();
            let stopping = self.engine.stopping.clone();
            tokio::select! {
                biased;
                () = stopping.cancelled() => {
                    self.drop_underway();
                    return Ended::HandedBack;
                }
                Some(order) = self.orders.recv() => self.obey(order).await,
                Some(signal) = self.signals.next(), if !self.signals.is_empty() => self.take(signal),
                () = sleep(timer), if timer.is_some() => {}
            }
        }
    }

    /// Everything under way ends without a word in the journal: whoever resumes decides about it.
    fn drop_underway(&mut self) {
        for underway in self.underway.values() {
            underway.cancel.cancel();
            underway.abort.abort();
        }
    }

    /// Until the earliest event that is decided for later.
    fn next_timer(&mut self) -> Option<Duration> {
        let now = self.engine.now();
        earliest(&self.decided()).map(|at| Duration::from_micros(u64::try_from(at - now).unwrap_or(0)))
    }

    /// What is outstanding now.
    fn decided(&mut self) -> Arc<[Effect]> {
        match &self.decided {
            Some((seq, effects)) if *seq == self.tree.seq => Arc::clone(effects),
            _ => {
                let effects: Arc<[Effect]> = outstanding(&self.tree).into();
                self.decided = Some((self.tree.seq, Arc::clone(&effects)));
                effects
            }
        }
    }

    /// Records what is decided until nothing more follows at once, and performs what is to be performed.
    async fn settle(&mut self) -> Result<(), Ended> {
        loop {
            let batch = self.derive();
            let effects = self.decided();
            self.perform_asks(&effects);
            self.commit(batch, &effects).await?;
            if self.tree.outcome().is_some() {
                return Ok(());
            }
            self.perform_calls(&effects);
            if self.pending.is_empty() {
                return Ok(());
            }
        }
    }

    /// The events that happened and those that follow from them, applied and not yet committed.
    fn derive(&mut self) -> Vec<Recorded> {
        let mut batch = Vec::new();
        loop {
            for (run, event) in std::mem::take(&mut self.pending) {
                self.record(run, event, &mut batch);
            }
            let now = self.engine.now();
            let mut progress = false;
            for effect in self.decided().iter() {
                match effect {
                    Effect::Record { run, event, not_before } if not_before.is_none_or(|at| at <= now) => {
                        progress |= self.record(*run, event.clone(), &mut batch);
                    }
                    Effect::StopAsking { run, step, attempt } => self.stop_asking(*run, *step, *attempt),
                    Effect::StopCall { run, call, reason, .. } => self.stop_call(*run, *call, reason),
                    _ => {}
                }
            }
            if !progress && self.pending.is_empty() {
                return batch;
            }
        }
    }

    /// Applies an event; `false` if its run is over already and it says nothing any more.
    fn record(&mut self, run: RunId, event: Event, batch: &mut Vec<Recorded>) -> bool {
        if self.tree.runs.get(&run).is_some_and(|run| run.outcome.is_some()) {
            return false;
        }
        // Time never goes back within a tree, whatever the clock does.
        let at = self.engine.now().max(self.tree.last_at);
        let recorded = Recorded { seq: self.tree.seq + 1, run, at, event };
        apply(&mut self.tree, &recorded);
        batch.push(recorded);
        true
    }

    /// Does what somebody asks, and answers when it is in the store.
    async fn obey(&mut self, Order { command, done, stateless_only }: Order) {
        if stateless_only && !self.tree.ephemeral {
            let _ = done.send(Ok(()));
            return;
        }
        let answer = match event_of(&self.tree, command) {
            Ok(Some((run, event))) => {
                self.pending.push((run, event));
                match self.settle().await {
                    Ok(()) => Ok(()),
                    Err(Ended::Refused(error)) => Err(CommandError::Store(error)),
                    Err(_) => Err(CommandError::Conflict("the run is being handed over; try again".to_owned())),
                }
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        // Whoever asked may be gone; what it asked for is done.
        let _ = done.send(answer);
    }
}

/// The earliest time for which an event is decided.
fn earliest(effects: &[Effect]) -> Option<Timestamp> {
    let times = effects.iter().filter_map(|effect| match effect {
        Effect::Record { not_before, .. } => *not_before,
        _ => None,
    });
    times.min()
}

async fn sleep(timer: Option<Duration>) {
    match timer {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

//! One tree at work: derives what is outstanding, records it, publishes it, performs it, and takes in what came of it.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, AbortHandle, BoxStream, SelectAll};
use futures::{FutureExt, StreamExt, TryFutureExt};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::assembly::Assembly;
use super::child::{self, Child, Parenthood};
use super::{CommandError, Inner, Order, row_state};
use crate::agent::PinnedSnapshot;
use crate::context;
use crate::event::{AttemptFailure, Event, Outcome, Partial, Recorded};
use crate::id::{CallId, RunId, Timestamp};
use crate::model::{ModelError, ModelEvent, ModelRequest, Usage};
use crate::port::{
    Append, Created, Lease, NewRun, RunState, SessionSeed, SessionWrite, StateChange, StoreError, ToolContext,
};
use crate::run::{CallState, Effect, EffectKey, Run, Tree, apply, outstanding};
use crate::session::{self, SessionContext, Turn};
use crate::stream::{Delta, Item, ItemId, RunStream};
use crate::tool::{Artifact, ToolResult};

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
    /// Pieces since the last event.
    pieces: u32,
    /// Told once, when the first commit is done.
    accepted: Option<oneshot::Sender<Result<Created, StoreError>>>,
    /// Whoever woke the run for a command is told when that is in the store.
    woken: Option<oneshot::Sender<Result<(), CommandError>>>,
    /// The row says that the run waits.
    said_waiting: bool,
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
            pieces: 0,
            accepted: None,
            woken: None,
            said_waiting: false,
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
    fn next_timer(&self) -> Option<Duration> {
        let now = self.engine.now();
        let times = outstanding(&self.tree).into_iter().filter_map(|effect| match effect {
            Effect::Record { not_before, .. } => not_before,
            _ => None,
        });
        times.min().map(|at| Duration::from_micros(u64::try_from(at - now).unwrap_or(0)))
    }

    /// Records what is decided until nothing more follows at once, and performs what is to be performed.
    async fn settle(&mut self) -> Result<(), Ended> {
        loop {
            let batch = self.derive();
            let effects = outstanding(&self.tree);
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
            for effect in outstanding(&self.tree) {
                match effect {
                    Effect::Record { run, event, not_before } if not_before.is_none_or(|at| at <= now) => {
                        progress |= self.record(run, event, &mut batch);
                    }
                    Effect::StopAsking { run, step, attempt } => self.stop_asking(run, step, attempt),
                    Effect::StopCall { run, call, reason, .. } => self.stop_call(run, call, &reason),
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

    fn stop_asking(&mut self, run: RunId, step: u32, attempt: u32) {
        let key = EffectKey::Ask(run, step, attempt);
        let event = match self.underway.remove(&key) {
            Some(Underway { abort, answer: Some(answer), .. }) => {
                abort.abort();
                answer.stopped()
            }
            _ => Event::AttemptFailed {
                step,
                attempt,
                reason: AttemptFailure::Stopped,
                partial: Partial::default(),
                usage: Usage::default(),
                cost: 0,
            },
        };
        self.pending.push((run, event));
    }

    fn stop_call(&mut self, run: RunId, call: CallId, reason: &str) {
        let attempt = self.tree.runs.get(&run).and_then(|run| run.call(call)).map_or(0, |call| call.attempts);
        if let Some(underway) = self.underway.remove(&EffectKey::Call(call, attempt)) {
            // The tool ends what it began when it sees this; the stream that waits for it is left to do so.
            underway.cancel.cancel();
        }
        let result = ToolResult::error(format!("the call was stopped: {reason}"));
        self.pending.push((run, Event::ToolCallFinished { call, result, duration_us: 0 }));
    }

    /// Puts a batch into the store, with what changes in the same transaction, then shows it. While the commit is under
    /// way, what models and tools send is taken off their hands, and kept for afterwards.
    async fn commit(&mut self, batch: Vec<Recorded>, effects: &[Effect]) -> Result<(), Ended> {
        let waiting = self.is_waiting(effects);
        if batch.is_empty() && waiting == self.said_waiting {
            return Ok(());
        }
        let write = self.write(&batch, waiting);
        if let Some(write) = write {
            let mut write = write;
            let result = loop {
                tokio::select! {
                    biased;
                    result = &mut write => break result,
                    Some(signal) = self.signals.next(), if !self.signals.is_empty() => self.stash.push_back(signal),
                }
            };
            self.committed(result)?;
        }
        self.said_waiting = waiting;
        for recorded in batch {
            self.pieces = 0;
            self.engine.ports.observer.recorded(&self.tree, &recorded);
            self.stream.publish(Item::Event(Arc::new(recorded)));
        }
        Ok(())
    }

    fn is_waiting(&self, effects: &[Effect]) -> bool {
        self.tree.outcome().is_none()
            && self.pending.is_empty()
            && !effects.is_empty()
            && effects.iter().all(Effect::is_waiting)
            && self.underway.is_empty()
    }

    /// The commit of a batch; `None` for a stateless run, until it waits for its caller: from then on it is journalled.
    fn write(&mut self, batch: &[Recorded], waiting: bool) -> Option<BoxFuture<'static, Result<Created, StoreError>>> {
        let store = Arc::clone(&self.engine.ports.store);
        match std::mem::replace(&mut self.journal, Journal::Append { epoch: 1 }) {
            Journal::None if !waiting => {
                self.journal = Journal::None;
                None
            }
            Journal::None => {
                let new = self.promote(batch);
                let sleep = Append {
                    root: self.tree.root,
                    epoch: 1,
                    events: Vec::new(),
                    snapshots: std::mem::take(&mut self.snapshots),
                    state: self.change(batch, waiting),
                    sessions: Vec::new(),
                };
                // A new row has no time at which it is looked at again; the append tells it.
                let write = async move {
                    let created = store.create(new?).await?;
                    store.append(sleep).await?;
                    Ok(created)
                };
                Some(write.boxed())
            }
            Journal::Create(mut new) => {
                new.turns = self.turns(batch).into_iter().flat_map(|write| write.turns).collect();
                new.events = batch.to_vec();
                if let Some(change) = self.change(batch, waiting) {
                    new.state = change.state;
                }
                Some(async move { store.create(*new).await }.boxed())
            }
            Journal::Append { epoch } => {
                self.journal = Journal::Append { epoch };
                let append = Append {
                    root: self.tree.root,
                    epoch,
                    events: batch.to_vec(),
                    snapshots: std::mem::take(&mut self.snapshots),
                    state: self.change(batch, waiting),
                    sessions: self.turns(batch),
                };
                Some(async move { store.append(append).await.map(|()| Created::New) }.boxed())
            }
        }
    }

    /// A stateless run that waits for its caller's tools becomes a journalled one, with everything that it is so far.
    fn promote(&mut self, batch: &[Recorded]) -> Result<NewRun, StoreError> {
        let mut events = Vec::new();
        let mut reader = self.stream.subscribe(None);
        while let Some(item) = reader.ready() {
            if let Item::Event(recorded) = item {
                events.push(Recorded::clone(&recorded));
            }
        }
        events.extend_from_slice(batch);
        self.tree.ephemeral = false;
        let missing = || StoreError::Database {
            action: "journal a run without its snapshot",
            source: "the snapshot is not known".into(),
        };
        let run = self.tree.root_run().ok_or_else(missing)?;
        let snapshot = self.tree.snapshot(&run.accepted.snapshot).ok_or_else(missing)?;
        let snapshot = PinnedSnapshot::new(crate::agent::Snapshot::clone(snapshot)).map_err(|_| missing())?;
        Ok(NewRun {
            root: self.tree.root,
            snapshot,
            session: None,
            idempotency: None,
            owner: run.accepted.user.clone(),
            kind: if run.accepted.agent.is_empty() { "adhoc" } else { "agent" }.to_owned(),
            target: target_of(run),
            state: RunState::Running,
            lease: Some(first_lease(&self.engine)),
            now: self.tree.last_at,
            turns: Vec::new(),
            events,
        })
    }

    fn committed(&mut self, result: Result<Created, StoreError>) -> Result<(), Ended> {
        let accepted = self.accepted.take();
        let ended = match &result {
            Ok(Created::Existing(run)) => Some(Ended::Existing(*run)),
            Ok(Created::New) | Err(_) => None,
        };
        match (result, accepted) {
            (Ok(created), Some(accepted)) => {
                // Whoever started the run may be gone by now; the run goes on.
                let _ = accepted.send(Ok(created));
            }
            (Err(error), Some(accepted)) => {
                let _ = accepted.send(Err(error));
                self.drop_underway();
                return Err(Ended::HandedBack);
            }
            (Err(error), None) => {
                self.drop_underway();
                return Err(Ended::Refused(error));
            }
            (Ok(_), None) => {}
        }
        match ended {
            Some(ended) => {
                self.drop_underway();
                Err(ended)
            }
            None => Ok(()),
        }
    }

    fn change(&self, batch: &[Recorded], waiting: bool) -> Option<StateChange> {
        let state = row_state(waiting, batch, self.tree.root)?;
        let wake_at = outstanding(&self.tree).into_iter().filter_map(|effect| match effect {
            Effect::Record { not_before, .. } => not_before,
            _ => None,
        });
        Some(StateChange {
            state,
            outcome: self.tree.outcome().cloned(),
            usage: self.tree.usage,
            cost: self.tree.cost,
            wake_at: if waiting { wake_at.min() } else { None },
            at: self.tree.last_at,
        })
    }

    /// The turns that a batch puts into sessions: the caller's when a run starts, the others when it ends.
    fn turns(&self, batch: &[Recorded]) -> Vec<SessionWrite> {
        let mut writes: Vec<SessionWrite> = Vec::new();
        for recorded in batch {
            let Some(run) = self.tree.runs.get(&recorded.run) else { continue };
            let Some(session) = run.accepted.session.as_ref().filter(|_| run.started_at.is_some()) else { continue };
            let (turns, status): (Vec<Turn>, _) = match &recorded.event {
                Event::RunStarted { .. } => (run.input.clone(), "streaming"),
                Event::RunFinished { outcome: Outcome::Failed { .. } } => (run.transcript.clone(), "done_error_unread"),
                Event::RunFinished { outcome: Outcome::Cancelled { .. } } if forced(run) => {
                    (run.transcript.clone(), "done_error_unread")
                }
                Event::RunFinished { .. } => (run.transcript.clone(), "done_success_unread"),
                _ => continue,
            };
            let finished = matches!(recorded.event, Event::RunFinished { .. });
            let last_total_tokens = (finished && run.steps > 0).then(|| run.last_usage.total());
            if let Some(write) = writes.iter_mut().find(|write| write.session == *session) {
                write.turns.extend(turns);
                write.status = Some(status.to_owned());
                write.last_total_tokens = last_total_tokens;
                continue;
            }
            let create = self.seeds.get(&run.id).filter(|_| matches!(recorded.event, Event::RunStarted { .. }));
            writes.push(SessionWrite {
                session: session.clone(),
                create: create.map(|parent| SessionSeed { title: session::title(&run.input), parent: parent.clone() }),
                turns,
                last_total_tokens,
                status: Some(status.to_owned()),
                at: recorded.at,
            });
        }
        writes
    }

    /// Starts asking models. This may overlap the commit of the attempt: nothing of the answer is shown before it is done.
    fn perform_asks(&mut self, effects: &[Effect]) {
        for effect in effects {
            let (Effect::Ask { run, model, .. }, Some(key)) = (effect, effect.key()) else { continue };
            if !self.underway.contains_key(&key) {
                self.ask(key, *run, *model);
            }
        }
    }

    /// Makes calls and begins sub-agents, whose start is in the store by now.
    fn perform_calls(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Some(key) = effect.key().filter(|key| !self.underway.contains_key(key)) else { continue };
            match effect {
                Effect::Call { run, call, .. } => self.call(key, *run, *call),
                Effect::Spawn { run, call } => self.spawn(key, *run, *call),
                _ => {}
            }
        }
    }

    fn ask(&mut self, key: EffectKey, id: RunId, model: usize) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let (Some(agent), Some(attempt)) = (&run.agent, &run.attempt) else { return };
        let Some(model) = agent.models.get(model) else { return };
        let nothing = SessionContext::default();
        let mut parameters = model.parameters.clone();
        parameters.extend(agent.parameters.clone());
        let request = ModelRequest {
            model: Arc::clone(model),
            messages: context::messages(run, self.contexts.get(&id).unwrap_or(&nothing)),
            tools: run.specs().into(),
            parameters,
            output_schema: agent.output.as_ref().map(|output| output.schema.clone()),
            // A forced choice holds for the first step only: held on to, it would never let the model answer.
            tool_choice: agent.tool_choice.clone().filter(|_| run.steps == 0),
            request_id: run.accepted.request_id.clone(),
        };
        let schema = request.output_schema.clone();
        let asked = if model.pricing.is_some() { context::characters(&request.messages) } else { 0 };
        let answer = Assembly::new(attempt.clone(), schema, model.pricing.clone(), asked);
        let client = Arc::clone(&self.engine.ports.models);
        let events = async move { client.stream(request).await }.try_flatten_stream();
        let signals = events.map(move |event| Signal::Model(key, event));
        let signals = signals.chain(stream::once(async move { Signal::ModelEnded(key) }));
        self.begin(key, id, Some(answer), CancellationToken::new(), signals.boxed());
    }

    fn begin(
        &mut self,
        key: EffectKey,
        run: RunId,
        answer: Option<Assembly>,
        cancel: CancellationToken,
        signals: BoxStream<'static, Signal>,
    ) {
        let (signals, abort) = stream::abortable(signals);
        self.underway.insert(key, Underway { abort, cancel, answer, run });
        self.signals.push(signals.boxed());
    }

    fn call(&mut self, key: EffectKey, id: RunId, call: CallId) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let Some(made) = run.call(call) else { return };
        let Some(tool) = made.tool.clone() else { return };
        let cancel = CancellationToken::new();
        let context = ToolContext {
            run: id,
            root: self.tree.root,
            call,
            session: run.accepted.session.clone(),
            workspace: run.accepted.workspace.as_ref().map(PathBuf::from),
            read_only: run.agent.as_ref().is_some_and(|agent| agent.workspace.read_only),
            directory: run.skill_directory.as_ref().map(PathBuf::from),
            user: run.accepted.user.clone(),
            request_id: run.accepted.request_id.clone(),
            cancel: cancel.clone(),
        };
        let arguments = made.effective().arguments();
        let engine = Arc::clone(&self.engine);
        let durable = !self.tree.ephemeral;
        let began = self.engine.now();
        let signal = async move {
            let result = engine.ports.tools.call(&tool, arguments, context).await;
            let result = keep_large(&engine, result, durable).await;
            Signal::Tool { key, run: id, call, result, began }
        };
        self.begin(key, id, None, cancel, stream::once(signal).boxed());
    }

    fn spawn(&mut self, key: EffectKey, id: RunId, call: CallId) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let Some(parent) = Parenthood::of(run, call, &|hash| self.tree.snapshot(hash).cloned()) else {
            let result = ToolResult::error("the sub-agent cannot be begun");
            self.pending.push((id, Event::ToolCallFinished { call, result, duration_us: 0 }));
            return;
        };
        let ports = self.engine.ports.clone();
        let (now, durable) = (self.engine.now(), !self.tree.ephemeral);
        let signal = async move {
            let child = child::prepare(parent, ports, now, durable).await.map(Box::new);
            Signal::Child { key, run: id, call, child }
        };
        self.begin(key, id, None, CancellationToken::new(), stream::once(signal).boxed());
    }

    /// Takes in what came of something.
    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Model(key, Ok(event)) => self.take_piece(key, event),
            Signal::Model(key, Err(error)) => {
                if let Some(underway) = self.underway.remove(&key) {
                    underway.abort.abort();
                    if let Some(answer) = underway.answer {
                        self.pending.push((underway.run, answer.failed(error)));
                    }
                }
            }
            Signal::ModelEnded(key) => self.end_message(key),
            Signal::Tool { key, run, call, result, began } => {
                // A call that was stopped has its result already.
                if self.underway.remove(&key).is_some() {
                    let duration_us = (self.engine.now() - began).max(0);
                    self.pending.push((run, Event::ToolCallFinished { call, result, duration_us }));
                }
            }
            Signal::Child { key, run, call, child } => {
                if self.underway.remove(&key).is_some() {
                    self.begin_child(run, call, child);
                }
            }
        }
    }

    fn take_piece(&mut self, key: EffectKey, event: ModelEvent) {
        let now = self.engine.now();
        let Some(underway) = self.underway.get_mut(&key) else { return };
        let Some(answer) = &mut underway.answer else { return };
        if let Some(piece) = answer.take(event, now) {
            self.pieces += 1;
            let id = ItemId { seq: self.tree.seq, n: self.pieces };
            answer.shown(&piece, id);
            let EffectKey::Ask(run, step, _) = key else { return };
            self.stream.publish(Item::Delta(Arc::new(Delta { id, run, step, piece })));
        }
    }

    fn end_message(&mut self, key: EffectKey) {
        let Some(underway) = self.underway.remove(&key) else { return };
        let (Some(mut answer), EffectKey::Ask(run, step, _)) = (underway.answer, key) else { return };
        if !answer.is_finished() {
            let error = ModelError {
                code: "PARSE_ERROR".to_owned(),
                message: "the model's answer broke off without an end".to_owned(),
                retryable: true,
                retry_after_ms: None,
            };
            self.pending.push((run, answer.failed(error)));
            return;
        }
        let (invalid, held) = answer.check();
        for piece in held {
            self.pieces += 1;
            let id = ItemId { seq: self.tree.seq, n: self.pieces };
            answer.shown(&piece, id);
            self.stream.publish(Item::Delta(Arc::new(Delta { id, run, step, piece })));
        }
        let event = answer.finished(invalid, self.engine.now());
        self.pending.push((run, event));
    }

    fn begin_child(&mut self, run: RunId, call: CallId, child: Result<Box<Child>, String>) {
        let child = match child {
            Ok(child) => *child,
            Err(problem) => {
                // S1-125.
                let result = ToolResult::error(format!("delegate failed: {problem}"));
                self.pending.push((run, Event::ToolCallFinished { call, result, duration_us: 0 }));
                return;
            }
        };
        if let Some(pinned) = child.snapshot {
            self.tree.know(pinned.hash.clone(), Arc::clone(&pinned.snapshot));
            self.snapshots.push(pinned);
        }
        if let (true, Some(parent)) = (child.creates_session, self.tree.runs.get(&run)) {
            self.seeds.extend(parent.accepted.session.clone().map(|session| (child.id, session)));
        }
        let high_water = child.context.high_water;
        self.contexts.insert(child.id, child.context);
        self.pending.push((run, Event::ChildStarted { call, child: child.id }));
        self.pending.push((child.id, Event::RunAccepted(Box::new(child.accepted))));
        self.pending.push((child.id, Event::RunStarted { high_water, summary_version: 0 }));
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

/// What a command records, if it fits the run's state; `None` if there is nothing to record.
pub(super) fn event_of(tree: &Tree, command: super::Command) -> Result<Option<(RunId, Event)>, CommandError> {
    use super::Command;
    let owner = |call: CallId| tree.runs.values().find(|run| run.call(call).is_some());
    match command {
        Command::Cancel { by, forced } => {
            let already =
                tree.root_run().and_then(|run| run.cancel.as_ref()).is_some_and(|cancel| cancel.forced || !forced);
            Ok((!already).then(|| (tree.root, Event::CancelRequested { by, forced })))
        }
        Command::Decide { call, approved, arguments, by } => {
            let run = owner(call)
                .filter(|run| run.call(call).is_some_and(|call| matches!(call.state, CallState::Asked { .. })));
            let run = run.ok_or_else(|| CommandError::Conflict(format!("call {call} does not wait for approval")))?;
            Ok(Some((run.id, Event::ApprovalDecided { call, approved, arguments, by })))
        }
        Command::Input { call, result } => {
            let run = owner(call).filter(|run| run.call(call).is_some_and(awaits_caller));
            let run = run.ok_or_else(|| CommandError::Conflict(format!("call {call} does not wait for a result")))?;
            Ok(Some((run.id, Event::InputReceived { call, result })))
        }
        Command::Dispatch => Ok(None),
    }
}

fn awaits_caller(call: &crate::run::Call) -> bool {
    call.state == CallState::Pending && call.is_the_callers()
}

/// The agent's name; the model's for an ad-hoc composition.
fn target_of(run: &Run) -> String {
    let model = || Some(run.agent.as_ref()?.models.first()?.name.clone());
    Some(run.accepted.agent.clone()).filter(|name| !name.is_empty()).or_else(model).unwrap_or_default()
}

fn forced(run: &Run) -> bool {
    run.cancel.as_ref().is_some_and(|cancel| cancel.forced)
}

/// A result above what the model may see is kept whole as an artifact, and cut.
async fn keep_large(engine: &Inner, mut result: ToolResult, durable: bool) -> ToolResult {
    let most = engine.options.max_model_bytes;
    if result.content.len() <= most {
        return result;
    }
    let whole = Bytes::from(std::mem::take(&mut result.content));
    let text = String::from_utf8_lossy(&whole);
    let cut = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let bytes = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    result.content = format!("{}\n[cut: {most} of {bytes} bytes are shown]", &text[..cut]);
    if durable {
        match engine.ports.store.put_blob(whole.clone()).await {
            Ok(hash) => result.artifact = Some(Artifact { hash, bytes }),
            Err(error) => tracing::warn!(error = %error, "the whole result of a tool cannot be kept"),
        }
    }
    result
}

async fn sleep(timer: Option<Duration>) {
    match timer {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// A lease of `engine` with the first epoch.
pub(super) fn first_lease(engine: &Inner) -> Lease {
    Lease { owner: engine.options.owner.clone(), epoch: 1, expires_at: engine.lease_until() }
}

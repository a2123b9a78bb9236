//! Starts runs: at once where there is a slot and the session is free, else in the queue.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::actor::{Actor, Journal};
use super::command::command;
use super::row::first_lease;
use super::scheduler::{employ, leave, pump, register, unqueue};
use super::{Command, Dispatch, Engine, EngineOptions, Inner, Live, StartError, StartRequest, Started, State};
use crate::event::{Accepted, Event, Recorded, VERSION};
use crate::id::RunId;
use crate::port::{Created, NewRun, NewRunSession, RunState, StoreError};
use crate::run::Tree;
use crate::session::SessionContext;
use crate::stream::{RunStream, replay};

pub(super) async fn start(engine: &Arc<Inner>, request: StartRequest) -> Result<Started, StartError> {
    if engine.draining.is_cancelled() {
        return Err(StartError::Stopping);
    }
    let root = RunId::new(engine.now());
    if !request.durable && request.session.is_none() {
        return Ok(start_stateless(engine, root, &request));
    }
    if request.interrupt {
        interrupt(engine, &request).await;
    }
    let place = take_place(engine, root, &request)?;
    match place {
        Place::Now => start_now(engine, root, request).await,
        Place::Queue(state) => enqueue(engine, root, request, state).await,
    }
}

/// Where a new run goes.
enum Place {
    Now,
    Queue(RunState),
}

/// A free slot and a free session are taken at once, without passing the queue.
fn take_place(engine: &Inner, root: RunId, request: &StartRequest) -> Result<Place, StartError> {
    match request.dispatch {
        Dispatch::Draft | Dispatch::Manual => return Ok(Place::Queue(RunState::Draft)),
        Dispatch::Now => {}
    }
    let mut state = engine.lock();
    let free = state.running < engine.options.max_running;
    let session = request.session.as_ref().map(|session| session.id.clone());
    let gate = session.as_ref().and_then(|session| state.sessions.get(session));
    let busy = gate.is_some_and(|gate| gate.active.is_some());
    let first = gate.is_none_or(|gate| gate.queued == 0);
    if free && !busy && first {
        state.running += 1;
        if let Some(session) = session {
            state.sessions.entry(session).or_default().active = Some(root);
        }
        return Ok(Place::Now);
    }
    queue(&mut state, &engine.options, session.as_deref())?;
    Ok(Place::Queue(RunState::Queued))
}

/// Takes a place in the queue, if there is one.
fn queue(state: &mut State, options: &EngineOptions, session: Option<&str>) -> Result<(), StartError> {
    let waiting = session.and_then(|session| state.sessions.get(session)).map_or(0, |gate| gate.queued);
    if let (Some(session), true) = (session, waiting >= options.max_queued_per_session) {
        return Err(StartError::SessionQueueFull { session: session.to_owned(), waiting });
    }
    if state.queued >= options.max_queued {
        return Err(StartError::QueueFull { waiting: state.queued });
    }
    state.queued += 1;
    if let Some(session) = session {
        state.sessions.entry(session.to_owned()).or_default().queued += 1;
    }
    Ok(())
}

async fn interrupt(engine: &Arc<Inner>, request: &StartRequest) {
    let active = request.session.as_ref().and_then(|session| engine.lock().sessions.get(&session.id)?.active);
    if let Some(run) = active {
        let cancel = Command::Cancel { by: "interrupted by a new message".to_owned(), forced: false };
        // A run that ended in the meantime needs no interruption.
        let _ = command(engine, run, cancel).await;
    }
}

fn accepted(request: &StartRequest) -> Accepted {
    Accepted {
        version: VERSION,
        snapshot: request.snapshot.hash.clone(),
        agent: request.snapshot.snapshot.target.clone(),
        input: request.input.clone(),
        session: request.session.as_ref().map(|session| session.id.clone()),
        limits: request.limits.clone(),
        parent: None,
        depth: 0,
        workspace: request.workspace.clone(),
        user: request.user.clone(),
        request_id: request.request_id.clone(),
    }
}

fn start_stateless(engine: &Arc<Inner>, root: RunId, request: &StartRequest) -> Started {
    engine.lock().running += 1;
    let stream = RunStream::new(Vec::new());
    let subscription = stream.subscribe(None);
    let orders = register(engine, root, &stream);
    let mut tree = Tree::new(root, true);
    tree.know(request.snapshot.hash.clone(), Arc::clone(&request.snapshot.snapshot));
    let actor = Actor::new(Arc::clone(engine), tree, Journal::None, stream, orders)
        .with_event(root, Event::RunAccepted(Box::new(accepted(request))))
        .with_event(root, Event::RunStarted { high_water: 0, summary_version: 0 });
    employ(engine, root, None, actor);
    Started { run: root, existing: false, subscription }
}

fn new_run(engine: &Inner, root: RunId, request: StartRequest, state: RunState) -> NewRun {
    NewRun {
        root,
        session: request.session.map(|session| NewRunSession {
            id: session.id,
            create: session.create,
            title: session.title,
            parent: None,
            meta: session.meta,
        }),
        snapshot: request.snapshot,
        idempotency: request.idempotency,
        owner: request.user,
        kind: request.kind,
        target: request.target,
        state,
        lease: (state == RunState::Running).then(|| first_lease(engine)),
        events: Vec::new(),
        turns: Vec::new(),
        now: engine.now(),
    }
}

async fn start_now(engine: &Arc<Inner>, root: RunId, request: StartRequest) -> Result<Started, StartError> {
    let session = request.session.as_ref().map(|session| (session.id.clone(), session.create));
    let context = match read_session(engine, session.as_ref()).await {
        Ok(context) => context,
        Err(error) => {
            leave(engine, root, session.as_ref().map(|(id, _)| id.as_str()));
            return Err(error.into());
        }
    };
    let stream = RunStream::new(Vec::new());
    let subscription = stream.subscribe(None);
    let orders = register(engine, root, &stream);
    let mut tree = Tree::new(root, false);
    tree.know(request.snapshot.hash.clone(), Arc::clone(&request.snapshot.snapshot));
    let accepted = accepted(&request);
    let (high_water, summary_version) = (context.high_water, context.summary_version);
    let again = session.is_some().then(|| request.clone());
    let new = new_run(engine, root, request, RunState::Running);
    let (told, created) = oneshot::channel();
    let actor = Actor::new(Arc::clone(engine), tree, Journal::Create(Box::new(new)), stream, orders)
        .with_context(root, context)
        .with_event(root, Event::RunAccepted(Box::new(accepted)))
        .with_event(root, Event::RunStarted { high_water, summary_version })
        .telling(told);
    employ(engine, root, session.map(|(id, _)| id), actor);
    match (created.await, again) {
        (Ok(Ok(Created::New)), _) => Ok(Started { run: root, existing: false, subscription }),
        (Ok(Ok(Created::Existing(run))), _) => existing(engine, run).await,
        (Ok(Err(StoreError::SessionBusy(_))), Some(request)) => start_behind(engine, request).await,
        (Ok(Err(error)), _) => Err(error.into()),
        (Err(_), _) => Err(StartError::Stopping),
    }
}

/// Queues a run whose session looked free: one that was queued at the same moment, or by another process, was claimed before
/// this one was in the store.
async fn start_behind(engine: &Arc<Inner>, request: StartRequest) -> Result<Started, StartError> {
    let root = RunId::new(engine.now());
    let session = request.session.as_ref().map(|session| session.id.as_str());
    queue(&mut engine.lock(), &engine.options, session)?;
    enqueue(engine, root, request, RunState::Queued).await
}

async fn read_session(engine: &Inner, session: Option<&(String, bool)>) -> Result<SessionContext, StoreError> {
    match session {
        Some((id, false)) => {
            let read = engine.ports.store.session(id, None).await?;
            read.ok_or_else(|| StoreError::NoSession(id.clone()))
        }
        _ => Ok(SessionContext::default()),
    }
}

async fn existing(engine: &Arc<Inner>, run: RunId) -> Result<Started, StartError> {
    let engine = Engine { inner: Arc::clone(engine) };
    let subscription = engine.subscribe(run, None).await?;
    let subscription = subscription.unwrap_or_else(|| RunStream::finished(Vec::new()).subscribe(None));
    Ok(Started { run, existing: true, subscription })
}

/// Keeps a run for later: in the queue, or as a draft.
async fn enqueue(
    engine: &Arc<Inner>,
    root: RunId,
    request: StartRequest,
    state: RunState,
) -> Result<Started, StartError> {
    let event = Event::RunAccepted(Box::new(accepted(&request)));
    let session = request.session.as_ref().map(|session| session.id.clone());
    let mut new = new_run(engine, root, request, state);
    new.events = vec![Recorded { seq: 1, run: root, at: new.now, event }];
    let stream = RunStream::new(replay(&new.events));
    let subscription = stream.subscribe(None);
    engine.lock().live.insert(root, Live { stream, commands: None });
    match engine.ports.store.create(new).await {
        Ok(Created::New) => {
            if state == RunState::Queued {
                pump(engine);
            }
            Ok(Started { run: root, existing: false, subscription })
        }
        other => {
            forget_queued(engine, root, session.as_deref().filter(|_| state == RunState::Queued), state);
            match other {
                Ok(Created::Existing(run)) => existing(engine, run).await,
                Ok(Created::New) => Err(StartError::Stopping),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// A run that could not be kept waits for nothing.
fn forget_queued(engine: &Inner, root: RunId, session: Option<&str>, was: RunState) {
    let mut state = engine.lock();
    state.live.remove(&root);
    if was == RunState::Queued {
        unqueue(&mut state, session);
    }
}

//! Which trees work when: slots, sessions' order, the queue, leases, resuming, commands to what sleeps.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::actor::{Actor, Ended, Journal, event_of, first_lease};
use super::{Command, CommandError, Dispatch, Inner, Live, Order, StartError, StartRequest, Started, State};
use crate::event::{Accepted, Event, VERSION};
use crate::id::{RunId, Timestamp};
use crate::port::{Claim, Created, NewRun, NewRunSession, RunState, StoreError};
use crate::run::{Tree, outstanding};
use crate::session::SessionContext;
use crate::stream::{RunStream, replay};

/// Commands that may wait for an actor; a sender waits when there are more.
const ORDERS: usize = 16;

/// Runs claimed at one time while the queue is worked off.
const CLAIMS: usize = 64;

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
    let waiting_here = gate.map_or(0, |gate| gate.queued);
    if free && !busy && waiting_here == 0 {
        state.running += 1;
        if let Some(session) = session {
            state.sessions.entry(session).or_default().active = Some(root);
        }
        return Ok(Place::Now);
    }
    if let (Some(session), true) = (&session, waiting_here >= engine.options.max_queued_per_session) {
        return Err(StartError::SessionQueueFull { session: session.clone(), waiting: waiting_here });
    }
    if state.queued >= engine.options.max_queued {
        return Err(StartError::QueueFull { waiting: state.queued });
    }
    state.queued += 1;
    if let Some(session) = session {
        state.sessions.entry(session).or_default().queued += 1;
    }
    Ok(Place::Queue(RunState::Queued))
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
    let new = new_run(engine, root, request, RunState::Running);
    let (told, created) = oneshot::channel();
    let actor = Actor::new(Arc::clone(engine), tree, Journal::Create(Box::new(new)), stream, orders)
        .with_context(root, context)
        .with_event(root, Event::RunAccepted(Box::new(accepted)))
        .with_event(root, Event::RunStarted { high_water, summary_version })
        .telling(told);
    employ(engine, root, session.map(|(id, _)| id), actor);
    match created.await {
        Ok(Ok(Created::New)) => Ok(Started { run: root, existing: false, subscription }),
        Ok(Ok(Created::Existing(run))) => existing(engine, run).await,
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(StartError::Stopping),
    }
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
    let engine = super::Engine { inner: Arc::clone(engine) };
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
    new.events = vec![crate::event::Recorded { seq: 1, run: root, at: new.now, event }];
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

fn unqueue(state: &mut State, session: Option<&str>) {
    state.queued = state.queued.saturating_sub(1);
    if let Some(gate) = session.and_then(|session| state.sessions.get_mut(session)) {
        gate.queued = gate.queued.saturating_sub(1);
    }
}

fn register(engine: &Inner, root: RunId, stream: &Arc<RunStream>) -> mpsc::Receiver<Order> {
    let (commands, orders) = mpsc::channel(ORDERS);
    engine.lock().live.insert(root, Live { stream: Arc::clone(stream), commands: Some(commands) });
    orders
}

/// Gives an actor a task of its own, and what is left of it afterwards an end.
fn employ(engine: &Arc<Inner>, root: RunId, session: Option<String>, actor: Actor) {
    let engine_of_task = Arc::clone(engine);
    engine.tasks.spawn(async move {
        let ended = actor.work().await;
        retire(&engine_of_task, root, session.as_deref(), ended);
    });
}

fn retire(engine: &Arc<Inner>, root: RunId, session: Option<&str>, ended: Ended) {
    match ended {
        Ended::Waiting => {
            let mut state = engine.lock();
            state.running = state.running.saturating_sub(1);
            if let Some(live) = state.live.get_mut(&root) {
                live.commands = None;
            }
        }
        Ended::Refused(error) => {
            tracing::error!(run.id = %root, error = %error, "a run stops here, its journal cannot be written");
            leave(engine, root, session);
        }
        Ended::Existing(of) => {
            tracing::debug!(run.id = %of, "the request was made before");
            leave(engine, root, session);
        }
        Ended::Finished | Ended::HandedBack => leave(engine, root, session),
    }
    pump(engine);
}

/// Frees the slot and the session, and ends the stream.
fn leave(engine: &Inner, root: RunId, session: Option<&str>) {
    let mut state = engine.lock();
    state.running = state.running.saturating_sub(1);
    if let Some(live) = state.live.remove(&root) {
        live.stream.close();
    }
    if let Some(session) = session {
        let free = match state.sessions.get_mut(session) {
            Some(gate) if gate.active == Some(root) => {
                gate.active = None;
                gate.queued == 0
            }
            _ => false,
        };
        if free {
            state.sessions.remove(session);
        }
    }
}

/// Claims what waits, as far as there are slots; a task of its own, so that nobody waits for it.
fn pump(engine: &Arc<Inner>) {
    let (queued, free) = {
        let state = engine.lock();
        (state.queued, engine.options.max_running.saturating_sub(state.running))
    };
    if queued == 0 || free == 0 || engine.draining.is_cancelled() {
        return;
    }
    let engine_of_task = Arc::clone(engine);
    engine.tasks.spawn(async move {
        if let Err(error) = claim(&engine_of_task, free.min(CLAIMS)).await {
            tracing::error!(error = %error, "queued runs cannot be claimed");
        }
    });
}

/// Claims and resumes up to `most` runs; how many it were.
async fn claim(engine: &Arc<Inner>, most: usize) -> Result<usize, StoreError> {
    let owner = engine.options.owner.clone();
    let claims = engine.ports.store.claim(&owner, engine.lease_until(), engine.now(), most).await?;
    let count = claims.len();
    for claim in claims {
        take_over(engine, claim, None, None).await?;
    }
    Ok(count)
}

/// Goes on with a claimed run.
async fn take_over(
    engine: &Arc<Inner>,
    claim: Claim,
    first: Option<(RunId, Event)>,
    woken: Option<oneshot::Sender<Result<(), CommandError>>>,
) -> Result<(), StoreError> {
    let Claim { journal, lease } = claim;
    let root = journal.root;
    let tree = fold(engine, &journal).await?;
    let session = tree.root_run().and_then(|run| run.accepted.session.clone());
    let fresh = tree.root_run().is_some_and(|run| run.started_at.is_none());
    // A run that is cancelled before it began ends where it is: its session may be another run's.
    let begins = fresh && !matches!(first, Some((_, Event::CancelRequested { .. })));
    let was_queued = fresh && journal.state != RunState::Draft;
    let takes = session.as_deref().filter(|_| begins || !fresh);
    let stream = occupy(engine, root, session.as_deref(), takes, &journal.events, was_queued);
    let orders = register(engine, root, &stream);
    let contexts = contexts(engine, &tree).await?;
    let sleeps = outstanding(&tree).iter().all(crate::run::Effect::is_waiting);
    let read = contexts.iter().find(|(run, _)| *run == root);
    let (high_water, summary_version) =
        read.map_or((0, 0), |(_, context)| (context.high_water, context.summary_version));
    let mut actor = Actor::new(Arc::clone(engine), tree, Journal::Append { epoch: lease.epoch }, stream, orders);
    for (run, context) in contexts {
        actor = actor.with_context(run, context);
    }
    if begins {
        actor = actor.with_event(root, Event::RunStarted { high_water, summary_version });
    } else if !fresh && !sleeps {
        actor = actor.with_event(root, Event::Resumed { epoch: lease.epoch });
    }
    if let Some((run, event)) = first {
        actor = actor.with_event(run, event);
    }
    employ(engine, root, session, actor.woken_by(woken));
    Ok(())
}

async fn fold(engine: &Inner, journal: &crate::port::Journal) -> Result<Tree, StoreError> {
    let mut snapshots = Vec::new();
    for recorded in &journal.events {
        if let Event::RunAccepted(accepted) = &recorded.event
            && let Some(pinned) = engine.ports.store.snapshot(&accepted.snapshot).await?
        {
            snapshots.push((pinned.hash, pinned.snapshot));
        }
    }
    Ok(Tree::replay(journal.root, snapshots, &journal.events))
}

/// Takes the slot and the session of a claimed run, and the stream that somebody may be reading already.
fn occupy(
    engine: &Inner,
    root: RunId,
    session: Option<&str>,
    takes: Option<&str>,
    events: &[crate::event::Recorded],
    was_queued: bool,
) -> Arc<RunStream> {
    let mut state = engine.lock();
    state.running += 1;
    if was_queued {
        unqueue(&mut state, session);
    }
    if let Some(session) = takes {
        state.sessions.entry(session.to_owned()).or_default().active = Some(root);
    }
    match state.live.get(&root) {
        Some(live) => Arc::clone(&live.stream),
        None => RunStream::new(replay(events)),
    }
}

/// What the runs of a tree read of their sessions: what they read when they began.
async fn contexts(engine: &Inner, tree: &Tree) -> Result<Vec<(RunId, SessionContext)>, StoreError> {
    let mut contexts = Vec::new();
    for run in tree.runs.values().filter(|run| run.outcome.is_none()) {
        let Some(session) = &run.accepted.session else { continue };
        let high_water: Option<Timestamp> = run.started_at.map(|_| run.high_water);
        if high_water == Some(0) {
            continue;
        }
        if let Some(context) = engine.ports.store.session(session, high_water).await? {
            contexts.push((run.id, context));
        }
    }
    Ok(contexts)
}

pub(super) async fn recover(engine: &Arc<Inner>) -> Result<(), StoreError> {
    let census = engine.ports.store.census().await?;
    {
        let mut state = engine.lock();
        for (run, session) in census.waiting {
            if let Some(session) = session {
                state.sessions.entry(session).or_default().active = Some(run);
            }
        }
        state.queued = census.queued.len();
        for (_, session) in census.queued {
            if let Some(session) = session {
                state.sessions.entry(session).or_default().queued += 1;
            }
        }
    }
    loop {
        let free = {
            let state = engine.lock();
            engine.options.max_running.saturating_sub(state.running)
        };
        let most = free.min(CLAIMS);
        if most == 0 || claim(engine, most).await? < most {
            break;
        }
    }
    let engine_of_task = Arc::clone(engine);
    engine.tasks.spawn(async move { keep_alive(&engine_of_task).await });
    Ok(())
}

/// Renews the leases, and looks for runs whose time has come or whose owner died, until the service stops.
async fn keep_alive(engine: &Arc<Inner>) {
    let mut beat = tokio::time::interval(engine.options.lease / 3);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = engine.draining.cancelled() => return,
        }
        if let Err(error) = engine.ports.store.renew(&engine.options.owner, engine.lease_until()).await {
            tracing::error!(error = %error, "leases cannot be renewed");
        }
        let free = engine.options.max_running.saturating_sub(engine.lock().running);
        if free > 0
            && let Err(error) = claim(engine, free.min(CLAIMS)).await
        {
            tracing::error!(error = %error, "due runs cannot be claimed");
        }
    }
}

pub(super) async fn command(engine: &Arc<Inner>, root: RunId, command: Command) -> Result<(), CommandError> {
    let commands = engine.lock().live.get(&root).and_then(|live| live.commands.clone());
    if let Some(commands) = commands {
        let (done, answer) = oneshot::channel();
        if commands.send(Order { command: command.clone(), done, stateless_only: false }).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
    }
    wake(engine, root, command).await
}

pub(super) async fn command_stateless(engine: &Arc<Inner>, root: RunId, command: Command) -> Result<(), CommandError> {
    let commands = engine.lock().live.get(&root).and_then(|live| live.commands.clone());
    let Some(commands) = commands else { return Ok(()) };
    let (done, answer) = oneshot::channel();
    match commands.send(Order { command, done, stateless_only: true }).await {
        Ok(()) => answer.await.unwrap_or(Ok(())),
        // It ended in the meantime.
        Err(_) => Ok(()),
    }
}

/// Says something to a run that no actor works on: it is claimed for it.
async fn wake(engine: &Arc<Inner>, root: RunId, command: Command) -> Result<(), CommandError> {
    let Some(journal) = engine.ports.store.journal(root).await? else { return Err(CommandError::NoRun(root)) };
    if journal.state.is_terminal() {
        return match command {
            // Ending what is over is no error: S1's abort is idempotent.
            Command::Cancel { .. } => Ok(()),
            _ => Err(CommandError::Conflict(format!("run {root} is over ({})", journal.state.as_str()))),
        };
    }
    let tree = fold(engine, &journal).await?;
    if command == Command::Dispatch {
        let session = tree.root_run().and_then(|run| run.accepted.session.as_deref());
        let active = session.and_then(|session| engine.lock().sessions.get(session)?.active);
        if active.is_some_and(|active| active != root) {
            return Err(CommandError::Conflict(
                "another run of its session is active; try again when it is over".to_owned(),
            ));
        }
    }
    let event = event_of(&tree, command)?;
    let owner = &engine.options.owner;
    let claimed = engine.ports.store.claim_one(root, owner, engine.lease_until(), engine.now()).await?;
    let claim = claimed.ok_or_else(|| CommandError::Conflict("the run is being handed over; try again".to_owned()))?;
    let (woken, done) = oneshot::channel();
    take_over(engine, claim, event, Some(woken)).await?;
    done.await.unwrap_or_else(|_| Err(CommandError::Conflict("the run is being handed over; try again".to_owned())))
}

pub(super) async fn stop(engine: &Arc<Inner>, grace: Duration) {
    engine.draining.cancel();
    let drained = async {
        while engine.lock().running > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(grace, drained).await.is_err() {
        tracing::info!(runs = engine.lock().running, "handing back what still runs");
    }
    engine.stopping.cancel();
    let handed_back = async {
        while engine.lock().running > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // An actor looks at the stop between two commits; one that is stuck in one is given up.
    let _ = tokio::time::timeout(Duration::from_secs(5), handed_back).await;
    if let Err(error) = engine.ports.store.release(&engine.options.owner).await {
        tracing::error!(error = %error, "leases cannot be given back; they expire by themselves");
    }
}

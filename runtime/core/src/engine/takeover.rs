//! Goes on with a claimed run: folds its journal, takes its slot and session, reads what its runs read.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::actor::{Actor, Journal};
use super::order::event_of;
use super::scheduler::{employ, register, unqueue};
use super::{Command, CommandError, Inner};
use crate::event::{Event, Recorded};
use crate::id::{RunId, Timestamp};
use crate::port::{self, Claim, RunState, StoreError};
use crate::run::{Effect, Tree, outstanding};
use crate::session::SessionContext;
use crate::stream::{RunStream, replay};

/// Goes on with a claimed run.
pub(super) async fn take_over(
    engine: &Arc<Inner>,
    claim: Claim,
    command: Option<Command>,
    mut woken: Option<oneshot::Sender<Result<(), CommandError>>>,
) -> Result<(), StoreError> {
    let Claim { journal, lease } = claim;
    let root = journal.root;
    let tree = fold(engine, &journal).await?;
    // The state may be another one than when the command came: it must fit what was claimed.
    let first = match command.map_or(Ok(None), |command| event_of(&tree, command)) {
        Ok(first) => first,
        Err(error) => {
            // Whoever asked may be gone; the run goes on as it would have.
            let _ = woken.take().map(|woken| woken.send(Err(error)));
            None
        }
    };
    // Whatever can fail comes before the slot and the session are taken: nobody would free them.
    let contexts = contexts(engine, &tree).await?;
    let session = tree.root_run().and_then(|run| run.accepted.session.clone());
    let fresh = tree.root_run().is_some_and(|run| run.started_at.is_none());
    // A run that is cancelled before it began ends where it is: its session may be another run's.
    let begins = fresh && !matches!(first, Some((_, Event::CancelRequested { .. })));
    let was_queued = fresh && journal.state != RunState::Draft;
    let takes = session.as_deref().filter(|_| begins || !fresh);
    let stream = occupy(engine, root, session.as_deref(), takes, &journal.events, was_queued);
    let orders = register(engine, root, &stream);
    let sleeps = outstanding(&tree).iter().all(Effect::is_waiting);
    let read = contexts.iter().find(|(run, _)| *run == root);
    let (high_water, summary_version) =
        read.map_or((0, 0), |(_, context)| (context.high_water, context.summary_version));
    let mut actor = Actor::new(Arc::clone(engine), tree, Journal::Append { epoch: lease.epoch }, stream, orders)
        .after_waiting(journal.state == RunState::Waiting);
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

pub(super) async fn fold(engine: &Inner, journal: &port::Journal) -> Result<Tree, StoreError> {
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
    events: &[Recorded],
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

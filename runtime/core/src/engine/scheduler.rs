//! Which trees work when: slots, sessions' order, the queue, leases, stopping.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::actor::{Actor, Ended};
use super::takeover::take_over;
use super::{Inner, Live, Order, State};
use crate::id::RunId;
use crate::port::StoreError;
use crate::stream::RunStream;

/// Commands that may wait for an actor; a sender waits when there are more.
const ORDERS: usize = 16;

/// Runs claimed at one time while the queue is worked off.
const CLAIMS: usize = 64;

pub(super) fn unqueue(state: &mut State, session: Option<&str>) {
    state.queued = state.queued.saturating_sub(1);
    if let Some(gate) = session.and_then(|session| state.sessions.get_mut(session)) {
        gate.queued = gate.queued.saturating_sub(1);
    }
}

pub(super) fn register(engine: &Inner, root: RunId, stream: &Arc<RunStream>) -> mpsc::Receiver<Order> {
    let (commands, orders) = mpsc::channel(ORDERS);
    engine.lock().live.insert(root, Live { stream: Arc::clone(stream), commands: Some(commands) });
    orders
}

/// Gives an actor a task of its own, and what is left of it afterwards an end.
pub(super) fn employ(engine: &Arc<Inner>, root: RunId, session: Option<String>, actor: Actor) {
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
                // It may have been woken by now: then the way leads to another actor.
                live.commands = live.commands.take().filter(|commands| !commands.is_closed());
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
pub(super) fn leave(engine: &Inner, root: RunId, session: Option<&str>) {
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
pub(super) fn pump(engine: &Arc<Inner>) {
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
        let root = claim.journal.root;
        // The others are claimed, too: one that cannot be read does not keep them from going on.
        if let Err(error) = take_over(engine, claim, None, None).await {
            tracing::error!(run.id = %root, error = %error, "a claimed run cannot be resumed");
        }
    }
    Ok(count)
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

//! The life of one process: start, handshake, service, end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Inner, Phase, Process};
use crate::client::Client;
use crate::peer::Peer;
use crate::process::ChildProcess;

/// A process that lived longer than this and then died is no reason for a pause before its successor.
const SETTLED: Duration = Duration::from_secs(10);

/// How a life ended.
enum Ending {
    /// It never came as far as its handshake.
    NotStarted(String),
    /// It died while in service.
    Died(String),
    /// Nobody called for a while.
    Idle,
    /// It was told to stop.
    Stopped,
}

/// Runs one process from start to end.
pub(super) async fn supervise(pool: Arc<Inner>, process: Arc<Process>) {
    let started = Instant::now();
    let (peer, outgoing) = Peer::new(pool.listeners.clone());
    let (ending, child) = match ChildProcess::spawn(&pool.server, &peer, outgoing, &pool.tasks) {
        Ok(mut child) => {
            tracing::info!(mcp.command = pool.server.command, "started an MCP server");
            (live(&pool, &process, &peer, &mut child).await, Some(child))
        }
        Err(error) => (Ending::NotStarted(format!("`{}`: {error}", pool.server.command)), None),
    };
    retire(&pool, &process, &peer, &ending, started);
    if let Some(child) = child {
        child.terminate().await;
    }
    process.gone.cancel();
    pool.keep_minimum();
}

async fn live(pool: &Arc<Inner>, process: &Process, peer: &Peer, child: &mut ChildProcess) -> Ending {
    let mut ready = false;
    let ending = tokio::select! {
        what = child.ended() => Some(Ending::Died(what)),
        () = process.stop.cancelled() => Some(Ending::Stopped),
        ending = serve(pool, process, peer, &mut ready) => ending.err(),
    };
    match ending {
        Some(Ending::Died(what)) if !ready => Ending::NotStarted(what),
        Some(Ending::NotStarted(what)) => Ending::NotStarted(format!("{what}{}", child.last_words())),
        Some(ending) => ending,
        None => Ending::Idle,
    }
}

/// The handshake, then service until the process has been idle for long enough.
async fn serve(pool: &Arc<Inner>, process: &Process, peer: &Peer, ready: &mut bool) -> Result<(), Ending> {
    let server = &pool.server;
    let client = Client::connect(peer.clone(), &pool.identity, server.start_timeout).await;
    let client = Arc::new(client.map_err(|error| Ending::NotStarted(format!("`{}`: {error}", server.command)))?);
    {
        let mut state = pool.state();
        state.info = Some(Arc::new(client.server().clone()));
        state.tools = None;
    }
    *ready = true;
    process.phase.send_replace(Phase::Ready(client));
    let mut in_flight = process.in_flight.subscribe();
    loop {
        let _sender_lives = in_flight.wait_for(|count| *count == 0).await.is_ok();
        let idle = tokio::time::timeout(server.processes.idle_timeout, in_flight.changed()).await.is_err();
        if idle && withdraw_idle(pool, process) {
            return Ok(());
        }
    }
}

/// Takes an idle process out of service, unless it was called in this moment or belongs to the minimum.
fn withdraw_idle(pool: &Inner, process: &Process) -> bool {
    let mut state = pool.state();
    if process.calls() > 0 || state.processes.len() <= pool.server.processes.min {
        return false;
    }
    state.tools = process.client().and_then(|client| client.current_tools());
    state.processes.retain(|other| !std::ptr::eq(&raw const **other, process));
    true
}

/// Out of the pool first, so that no new caller meets it; then everybody who waits is told.
fn retire(pool: &Inner, process: &Arc<Process>, peer: &Peer, ending: &Ending, started: Instant) {
    {
        let mut state = pool.state();
        state.processes.retain(|other| !Arc::ptr_eq(other, process));
        let at_once = matches!(ending, Ending::NotStarted(_)) || started.elapsed() < SETTLED;
        if at_once && let Ending::NotStarted(reason) | Ending::Died(reason) = ending {
            state.backoff.failed(reason.as_str().into());
        }
    }
    match ending {
        Ending::NotStarted(reason) | Ending::Died(reason) => {
            tracing::warn!(mcp.command = pool.server.command, mcp.reason = reason, "an MCP server died");
        }
        Ending::Idle => tracing::info!(mcp.command = pool.server.command, "stopped an idle MCP server"),
        Ending::Stopped => tracing::info!(mcp.command = pool.server.command, "stopped an MCP server"),
    }
    let reason: Arc<str> = ending.reason().into();
    process.phase.send_replace(Phase::Dead(Arc::clone(&reason)));
    peer.close(reason);
}

impl Ending {
    fn reason(&self) -> String {
        match self {
            Self::NotStarted(what) => what.clone(),
            Self::Died(what) => format!("the MCP server died: {what}"),
            Self::Idle => "the MCP server was stopped, because nobody used it".to_owned(),
            Self::Stopped => "the MCP server was stopped".to_owned(),
        }
    }
}

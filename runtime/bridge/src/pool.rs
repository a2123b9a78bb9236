//! The processes of one stdio server: started when called, shared, restarted when they die, stopped when idle.

mod backoff;
mod supervise;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::{Client, Identity, ServerInfo};
use crate::config::StdioServer;
use crate::message::{Message, Raw};
use crate::peer::{Listeners, Notification, RequestError, RequestOptions};
use backoff::Backoff;

/// How long a health check waits for an answer: less than the ten seconds of a probe, which would learn nothing.
const CHECK_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a process that let a call time out, and has nothing else to do, may leave `ping` unanswered; where calls have
/// less time than this, as long as a call.
const HUNG_AFTER: Duration = Duration::from_secs(30);

/// Why a stdio server gave no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StdioError {
    /// No process came up: what happened, with the end of its standard error.
    #[error("the MCP server did not start: {0}")]
    Start(Arc<str>),
    /// It died at once several times, and is left alone for a while.
    #[error("the MCP server failed {failures} times in a row and is started again in {} s; last: {last}", retry_in.as_secs().max(1))]
    BackingOff {
        /// How often in a row.
        failures: u32,
        /// When the next call may start it.
        retry_in: Duration,
        /// What happened the last time.
        last: Arc<str>,
    },
    /// The pool was stopped.
    #[error("the MCP server was stopped, because its resource changed or Troupe is shutting down")]
    Stopped,
    /// The process runs, but this request failed.
    #[error("{0}")]
    Request(#[from] RequestError),
}

/// What a health check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// A process answered `tools/list` just now.
    Answers {
        /// The length of its list.
        tools: usize,
    },
    /// A process works on calls and answers nothing besides: many servers do one thing at a time. Each call has its time
    /// limit, and a process that lets one pass is asked for a sign of life.
    Busy {
        /// How many calls.
        calls: usize,
    },
    /// Nobody needs it; it answered when somebody did.
    Idle,
}

/// The shared processes of one stdio server. Dropping it ends them.
#[derive(Debug)]
pub struct StdioPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: StdioServer,
    identity: Identity,
    listeners: Listeners,
    tasks: TaskTracker,
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    processes: Vec<Arc<Process>>,
    backoff: Backoff,
    info: Option<Arc<ServerInfo>>,
    /// The tools of the process that was last stopped for being idle.
    tools: Option<Arc<[Raw]>>,
    draining: bool,
    started: bool,
}

#[derive(Debug)]
struct Process {
    in_flight: watch::Sender<usize>,
    phase: watch::Sender<Phase>,
    /// Asks it to end.
    stop: CancellationToken,
    /// It has ended, and all that it started.
    gone: CancellationToken,
    doubted: AtomicBool,
}

#[derive(Debug, Clone)]
enum Phase {
    Starting,
    Ready(Arc<Client>),
    Dead(Arc<str>),
}

impl StdioPool {
    /// A pool that starts `processes.min` processes now and the others when called. `identity` is what the server is
    /// told about its client; `tasks` runs the supervision, so that a graceful stop can wait for it.
    pub fn new(server: StdioServer, identity: Identity, listeners: Listeners, tasks: TaskTracker) -> Self {
        let state = Mutex::default();
        let inner = Arc::new(Inner { server, identity, listeners, tasks, stop: CancellationToken::new(), state });
        inner.keep_minimum();
        Self { inner }
    }

    /// Makes one request, starting a process if none runs. The time to start one does not count for `options.timeout`.
    pub async fn request(&self, method: &str, params: Option<Raw>, options: RequestOptions) -> Result<Raw, StdioError> {
        let lease = tokio::select! {
            lease = self.lease_alive() => lease?,
            () = options.cancel.cancelled() => {
                return Err(RequestError::Cancelled { method: method.to_owned() }.into());
            }
        };
        let outcome = lease.client.peer().request(method, params, options).await;
        self.inner.learn(&lease, &outcome);
        Ok(outcome?)
    }

    /// Every tool as the server describes it, from memory until the server says that they changed.
    pub async fn tools(&self) -> Result<Arc<[Raw]>, StdioError> {
        if let Some(tools) = self.inner.tools_at_rest() {
            return Ok(tools);
        }
        let lease = self.lease().await?;
        let tools = lease.client.tools(self.inner.server.call_timeout).await;
        self.inner.learn(&lease, &tools);
        Ok(tools?)
    }

    /// What the server said of itself, starting a process if none ever ran.
    pub async fn info(&self) -> Result<Arc<ServerInfo>, StdioError> {
        let known = self.inner.state().info.clone();
        match known {
            Some(info) => Ok(info),
            None => Ok(Arc::new(self.lease().await?.client.server().clone())),
        }
    }

    /// Asks a process for its tools, past every cache. A server that was stopped for being idle is not woken up, and the
    /// question does not count as use: else a probe every few seconds would keep it alive for ever.
    pub async fn check(&self) -> Result<Health, StdioError> {
        if self.inner.tools_at_rest().is_some() {
            return Ok(Health::Idle);
        }
        let ready = self.inner.state().processes.iter().find_map(|process| Some((process.client()?, process.clone())));
        let tools = match ready {
            Some((client, process)) => match client.list_tools(CHECK_TIMEOUT).await {
                Err(RequestError::TimedOut { .. }) if process.calls() > 0 => {
                    return Ok(Health::Busy { calls: process.calls() });
                }
                tools => tools?,
            },
            // Keeps the list: it is what says later that the server answered before it was stopped for being idle.
            None => self.lease().await?.client.tools(CHECK_TIMEOUT).await?,
        };
        Ok(Health::Answers { tools: tools.len() })
    }

    /// Sends a notification to every running process.
    pub async fn notify(&self, method: &str, params: Option<Raw>) {
        for client in self.clients() {
            client.peer().notify(method, params.clone()).await;
        }
    }

    /// Hands the answer to a request of the server back to it. Only of use where there is one process.
    pub async fn respond(&self, answer: Message) {
        let Message::Response { id, outcome } = answer else { return };
        for client in self.clients() {
            client.peer().respond(id.clone(), outcome.clone()).await;
        }
    }

    fn clients(&self) -> Vec<Arc<Client>> {
        self.inner.state().processes.iter().filter_map(|process| process.client()).collect()
    }

    /// What the server tells everybody, from all of its processes.
    pub fn notifications(&self) -> broadcast::Receiver<Arc<Notification>> {
        self.inner.listeners.notifications.subscribe()
    }

    /// How many processes there are, those that are starting included.
    pub fn running(&self) -> usize {
        self.inner.state().processes.len()
    }

    /// Whether there was a process, and there is none any more.
    pub fn is_over(&self) -> bool {
        let state = self.inner.state();
        state.started && state.processes.is_empty()
    }

    /// Takes no more requests, lets those that run finish within `grace`, and ends the processes.
    pub async fn stop(&self, grace: Duration) {
        let processes = {
            let mut state = self.inner.state();
            state.draining = true;
            state.processes.clone()
        };
        let finished = processes.iter().map(|process| {
            let mut in_flight = process.in_flight.subscribe();
            async move { in_flight.wait_for(|count| *count == 0).await.is_ok() }
        });
        let _late = tokio::time::timeout(grace, futures::future::join_all(finished)).await;
        self.inner.stop.cancel();
        for process in processes {
            process.gone.cancelled().await;
        }
    }

    /// A process can die between being chosen and being used; nothing was asked of it yet, so another one will do.
    async fn lease_alive(&self) -> Result<Lease, StdioError> {
        let lease = self.lease().await?;
        if lease.client.peer().closed_reason().is_none() { Ok(lease) } else { self.lease().await }
    }

    async fn lease(&self) -> Result<Lease, StdioError> {
        self.inner.wait_out_backoff().await?;
        let process = self.inner.pick_or_start()?;
        let mut phase = process.phase.subscribe();
        // Counted from `pick_or_start` on; from here the guard gives it back, also if this caller leaves.
        let counted = Counted(process);
        let phase = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await.map(|phase| phase.clone());
        match phase {
            Ok(Phase::Ready(client)) => Ok(Lease { client, counted }),
            Ok(Phase::Dead(reason)) => Err(StdioError::Start(reason)),
            Ok(Phase::Starting) | Err(_) => Err(StdioError::Stopped),
        }
    }
}

impl Drop for StdioPool {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held; were that wrong, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tools_at_rest(&self) -> Option<Arc<[Raw]>> {
        let state = self.state();
        if state.processes.is_empty() { state.tools.clone() } else { None }
    }

    /// A short wait is waited; a long one is an error that says so, because a caller does better with other tools.
    async fn wait_out_backoff(&self) -> Result<(), StdioError> {
        let wait = {
            let state = self.state();
            if state.processes.is_empty() { state.backoff.wait()? } else { Duration::ZERO }
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// The process with the fewest calls, or a new one while all are busy and there may be more. Its count is raised
    /// under the lock, so that it cannot be stopped as idle in between.
    fn pick_or_start(self: &Arc<Self>) -> Result<Arc<Process>, StdioError> {
        let mut state = self.state();
        if state.draining || self.stop.is_cancelled() {
            return Err(StdioError::Stopped);
        }
        let least_busy = state.processes.iter().min_by_key(|process| process.calls()).cloned();
        let process = match least_busy {
            Some(process) if process.calls() == 0 || state.processes.len() >= self.server.processes.max => process,
            _ => self.start(&mut state),
        };
        process.in_flight.send_modify(|count| *count += 1);
        Ok(process)
    }

    fn start(self: &Arc<Self>, state: &mut State) -> Arc<Process> {
        let process = Arc::new(Process {
            in_flight: watch::Sender::new(0),
            phase: watch::Sender::new(Phase::Starting),
            stop: self.stop.child_token(),
            gone: CancellationToken::new(),
            doubted: AtomicBool::new(false),
        });
        state.processes.push(Arc::clone(&process));
        state.started = true;
        self.tasks.spawn(supervise::supervise(Arc::clone(self), Arc::clone(&process)));
        process
    }

    /// Starts what is missing to `processes.min`, after the back-off.
    fn keep_minimum(self: &Arc<Self>) {
        let wait = {
            let mut state = self.state();
            let wait = state.backoff.remaining();
            if wait.is_zero() {
                while !state.draining
                    && !self.stop.is_cancelled()
                    && state.processes.len() < self.server.processes.min.min(self.server.processes.max)
                {
                    self.start(&mut state);
                }
            }
            wait
        };
        if wait.is_zero() || self.server.processes.min == 0 {
            return;
        }
        let inner = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => inner.keep_minimum(),
                () = inner.stop.cancelled() => {}
            }
        });
    }

    /// What the outcome of a request says of the process.
    fn learn<T>(self: &Arc<Self>, lease: &Lease, outcome: &Result<T, RequestError>) {
        match outcome {
            Err(RequestError::TimedOut { .. }) => self.doubt(lease),
            Ok(_) | Err(RequestError::Rejected(_)) => self.state().backoff.succeeded(),
            Err(_) => {}
        }
    }

    /// A process that let a call time out may be hung for good. If it has no other call, it is asked for a sign of life,
    /// and ended without one. With other calls it may just be busy: many servers do one thing at a time.
    fn doubt(self: &Arc<Self>, lease: &Lease) {
        let (process, client) = (Arc::clone(&lease.counted.0), Arc::clone(&lease.client));
        if process.doubted.swap(true, Ordering::Relaxed) {
            return;
        }
        let patience = self.server.call_timeout.min(HUNG_AFTER);
        self.tasks.spawn(async move {
            let ping = client.peer().request("ping", None, RequestOptions::within(patience)).await;
            if matches!(ping, Err(RequestError::TimedOut { .. })) && process.calls() == 0 {
                tracing::warn!("ended an MCP server that answered neither a call nor a ping");
                process.stop.cancel();
            }
            process.doubted.store(false, Ordering::Relaxed);
        });
    }
}

impl Process {
    fn calls(&self) -> usize {
        *self.in_flight.borrow()
    }

    fn client(&self) -> Option<Arc<Client>> {
        match &*self.phase.borrow() {
            Phase::Ready(client) => Some(Arc::clone(client)),
            _ => None,
        }
    }
}

/// The right to use a process, which is not stopped as idle meanwhile.
#[derive(Debug)]
struct Lease {
    client: Arc<Client>,
    counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<Process>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|count| *count = count.saturating_sub(1));
    }
}

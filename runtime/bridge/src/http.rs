//! Stdio servers behind streamable HTTP (MCP 2025-11-25 and older): `POST`, `GET` and `DELETE` on `/mcp`, `/healthz`.
//!
//! With [`Sharing::Shared`] a session is a name and nothing more: any replica of the bridge, also one that was just
//! started, serves any session. With [`Sharing::PerSession`] a session is a process, and ends with it.

mod answer;
mod backend;
mod health;
mod post;
mod refusal;
mod session;
mod stream;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Sharing, StdioServer};
use refusal::Refusal;
use session::Sessions;

/// Names the session in requests and in the answer to `initialize`.
const SESSION_HEADER: &str = "mcp-session-id";

/// Names the protocol version in every request after `initialize`.
const VERSION_HEADER: &str = "mcp-protocol-version";

/// What the bridge allows its HTTP clients.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// The longest request body, in bytes.
    pub max_request_bytes: usize,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
    /// How long running requests may go on after the stop was asked for.
    pub grace: Duration,
    /// Values of the `Origin` header that are let in. Only browsers send one, and a page elsewhere must not reach a server
    /// in the cluster or on the user's machine (MCP 2025-11-25, transports, security warning).
    pub allowed_origins: Vec<String>,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_request_bytes: 16 * 1024 * 1024,
            body_timeout: Duration::from_mins(1),
            grace: Duration::from_secs(20),
            allowed_origins: Vec::new(),
        }
    }
}

/// What every handler shares.
#[derive(Debug)]
struct Bridge {
    server: StdioServer,
    limits: HttpLimits,
    sessions: Sessions,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Whether a process of a server without sessions has answered the health check.
    proof: Mutex<health::Proof>,
}

/// Serves `server` on `listener` until `stop`, then lets running requests finish and ends the processes.
pub async fn serve(
    listener: TcpListener,
    server: StdioServer,
    limits: HttpLimits,
    stop: CancellationToken,
) -> io::Result<()> {
    let tasks = TaskTracker::new();
    let bridge = Arc::new(Bridge {
        sessions: Sessions::new(&server, &tasks),
        server,
        limits,
        tasks: tasks.clone(),
        // Streams of notifications end at once on a stop; they would hold the graceful stop open for ever.
        stop: stop.clone(),
        proof: Mutex::default(),
    });
    let grace = bridge.limits.grace;
    // Nagle's algorithm would hold back the small frames of an event stream.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "could not switch Nagle's algorithm off");
        }
    });
    let stopped = stop.clone();
    let serving = axum::serve(listener, router(Arc::clone(&bridge)))
        .with_graceful_shutdown(async move { stopped.cancelled().await })
        .into_future();
    let outcome = tokio::select! {
        ended = serving => ended,
        () = async { stop.cancelled().await; tokio::time::sleep(grace).await } => Ok(()),
    };
    bridge.sessions.stop(Duration::ZERO).await;
    let proof = std::mem::take(&mut *bridge.proof());
    if let health::Proof::Sought(probe) = proof {
        probe.pool().stop(Duration::ZERO).await;
    }
    tasks.close();
    tasks.wait().await;
    outcome
}

fn router(bridge: Arc<Bridge>) -> Router {
    Router::new()
        .route("/mcp", get(stream::open).post(post::handle).delete(end_session))
        .route("/healthz", get(health::check))
        .route("/livez", get(|| async { "alive" }))
        .with_state(bridge)
}

/// `DELETE`: the client is done with its session.
async fn end_session(State(bridge): State<Arc<Bridge>>, headers: HeaderMap) -> Result<Response, Refusal> {
    bridge.admit(&headers)?;
    let id = session_id(&headers)?.ok_or(Refusal::SessionMissing)?;
    bridge.sessions.end(&id, &bridge.tasks)?;
    Ok(axum::http::StatusCode::NO_CONTENT.into_response())
}

impl Bridge {
    /// What is checked of every request.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(origin) = headers.get("origin") {
            let allowed = |origin: &str| self.limits.allowed_origins.iter().any(|allowed| allowed == origin);
            if !origin.to_str().is_ok_and(allowed) {
                return Err(Refusal::Origin);
            }
        }
        match headers.get(VERSION_HEADER).map(|version| version.to_str().unwrap_or_default()) {
            Some(version) if !crate::PROTOCOL_VERSIONS.contains(&version) => Err(Refusal::Version(version.to_owned())),
            _ => Ok(()),
        }
    }

    fn proof(&self) -> MutexGuard<'_, health::Proof> {
        self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> bool {
        self.server.sharing == Sharing::Shared
    }
}

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    match headers.get(SESSION_HEADER) {
        None => Ok(None),
        Some(id) => id.to_str().map(|id| Some(id.to_owned())).map_err(|_| Refusal::SessionUnknown),
    }
}

//! The shared connection to one server, whatever its transport.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use troupe_bridge::{Identity, Listeners, Processes, Raw, RequestOptions, Sharing, StdioPool, StdioServer};

use super::config::{McpServerConfig, McpTransport};
use super::error::Failure;
use super::remote::Remote;

/// A connection that is made when it is used.
#[derive(Debug)]
pub(super) enum Connection {
    /// Processes of our own.
    Stdio(StdioPool),
    /// A server elsewhere.
    Http(Remote),
}

impl Connection {
    pub(super) fn new(server: &McpServerConfig, tasks: TaskTracker) -> Self {
        match &server.transport {
            McpTransport::Stdio(stdio) => {
                Self::Stdio(StdioPool::new(one_of(stdio), Identity::default(), Listeners::default(), tasks))
            }
            McpTransport::Http(http) => Self::Http(Remote::new(http.clone(), server.timeout, tasks)),
        }
    }

    pub(super) async fn request(
        &self,
        method: &str,
        params: Option<Raw>,
        options: RequestOptions,
    ) -> Result<Raw, Failure> {
        match self {
            Self::Stdio(pool) => Ok(pool.request(method, params, options).await?),
            Self::Http(remote) => remote.request(method, params, options).await,
        }
    }

    pub(super) async fn tools(&self, timeout: Duration) -> Result<Arc<[Raw]>, Failure> {
        match self {
            Self::Stdio(pool) => Ok(pool.tools().await?),
            Self::Http(remote) => remote.tools(timeout).await,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        match self {
            Self::Stdio(pool) => pool.running() > 0,
            Self::Http(remote) => remote.is_connected(),
        }
    }

    pub(super) async fn stop(&self, grace: Duration) {
        match self {
            Self::Stdio(pool) => pool.stop(grace).await,
            Self::Http(remote) => remote.stop(grace).await,
        }
    }
}

/// A session of its own has one process, and none that runs ahead of it.
fn one_of(stdio: &StdioServer) -> StdioServer {
    match stdio.sharing {
        Sharing::Shared => stdio.clone(),
        Sharing::PerSession => {
            StdioServer { processes: Processes { min: 0, max: 1, ..stdio.processes.clone() }, ..stdio.clone() }
        }
    }
}

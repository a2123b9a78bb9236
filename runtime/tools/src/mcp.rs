//! MCP servers as the runtime's tools use them: one shared connection per server, over stdio, streamable HTTP or the older
//! HTTP with SSE, made when first called, made again when it dies, ended when idle.

mod config;
mod connection;
mod error;
mod event_stream;
mod remote;
mod result;
mod sse;
mod streamable;
mod tool;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_bridge::{RequestOptions, raw};

pub use config::{HttpProtocol, HttpServer, McpServerConfig, McpTransport};
pub use error::McpError;
pub use result::{McpPart, McpResult};
pub use tool::McpToolInfo;
pub use troupe_bridge::{Processes, Progress, Sharing, StdioServer};

use connection::Connection;

/// Running calls of a server that was changed or removed may go on for so long.
const FORGET_GRACE: Duration = Duration::from_mins(5);

/// For whom a call is made.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// The longest that the call may take; nothing means the server's own limit. Starting a process or connecting does
    /// not count.
    pub timeout: Option<Duration>,
    /// Ends the call early; the server is told.
    pub cancel: CancellationToken,
    /// Where progress goes. What does not fit in is dropped.
    pub progress: Option<mpsc::Sender<Progress>>,
    /// The session of a server that keeps them apart (`Sharing::PerSession`); without meaning for others.
    pub session: Option<String>,
}

/// All connections to MCP servers.
#[derive(Debug)]
pub struct McpPool {
    tasks: TaskTracker,
    connections: Mutex<HashMap<Key, Arc<Connection>>>,
}

/// Two runs may be pinned to different revisions of one server; each revision has a connection of its own meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    server: String,
    revision: u64,
    session: Option<String>,
}

#[derive(Serialize)]
struct CallParams<'a> {
    name: &'a str,
    arguments: &'a Map<String, Value>,
}

impl McpPool {
    /// A pool that connects to nothing yet. `tasks` runs what connections need, so that a graceful stop waits for it.
    pub fn new(tasks: TaskTracker) -> Self {
        Self { tasks, connections: Mutex::default() }
    }

    /// Calls a tool. A result that the tool itself marks as an error is an `Ok` with `is_error`.
    pub async fn call(
        &self,
        server: &McpServerConfig,
        tool: &str,
        arguments: &Map<String, Value>,
        context: CallContext,
    ) -> Result<McpResult, McpError> {
        let connection = self.connection(server, context.session.as_deref())?;
        let params = raw(&CallParams { name: tool, arguments });
        let options = RequestOptions {
            timeout: context.timeout.unwrap_or(server.timeout),
            cancel: context.cancel,
            progress: context.progress,
        };
        let result = connection.request("tools/call", Some(params), options).await;
        let result = result.map_err(|error| error.into_mcp(&server.name, Some(tool)))?;
        McpResult::read(&result).map_err(|reason| McpError::Unreadable { server: server.name.clone(), reason })
    }

    /// Every tool of a server, from memory while its connection lives and says nothing of a change.
    pub async fn tools(&self, server: &McpServerConfig) -> Result<Vec<McpToolInfo>, McpError> {
        let connection = self.connection(server, None)?;
        let tools = connection.tools(server.timeout).await.map_err(|error| error.into_mcp(&server.name, None))?;
        tools
            .iter()
            .map(McpToolInfo::read)
            .collect::<Result<_, _>>()
            .map_err(|reason| McpError::Unreadable { server: server.name.clone(), reason })
    }

    /// A server was changed or removed: its running calls may finish, then its connections end. Later calls with its
    /// configuration connect anew.
    pub fn forget(&self, server: &str) {
        let mut forgotten = Vec::new();
        self.connections().retain(|key, connection| {
            let stays = key.server != server;
            if !stays {
                forgotten.push(Arc::clone(connection));
            }
            stays
        });
        for connection in forgotten {
            self.tasks.spawn(async move { connection.stop(FORGET_GRACE).await });
        }
    }

    /// Ends all connections, after running calls have finished or `grace` is over.
    pub async fn stop(&self, grace: Duration) {
        let connections: Vec<_> = self.connections().drain().map(|(_, connection)| connection).collect();
        futures::future::join_all(connections.iter().map(|connection| connection.stop(grace))).await;
    }

    fn connection(&self, server: &McpServerConfig, session: Option<&str>) -> Result<Arc<Connection>, McpError> {
        let session = session.filter(|_| server.sharing() == Sharing::PerSession).map(ToOwned::to_owned);
        let key = Key { server: server.name.clone(), revision: revision(server), session };
        let mut connections = self.connections();
        if let Some(connection) = connections.get(&key) {
            return Ok(Arc::clone(connection));
        }
        // What is neither in use nor running is only a name: sessions come and go, and so do revisions.
        connections.retain(|other, connection| {
            other.server != key.server || Arc::strong_count(connection) > 1 || connection.is_running()
        });
        if let (Some(_), McpTransport::Stdio(stdio)) = (&key.session, &server.transport) {
            let sessions = connections.keys().filter(|other| other.revision == key.revision && other.session.is_some());
            let most = stdio.processes.max;
            if sessions.count() >= most {
                let reason = format!("all of its {most} sessions are in use");
                return Err(McpError::Unavailable { server: key.server, reason });
            }
        }
        let connection = Arc::new(Connection::new(server, self.tasks.clone()));
        connections.insert(key, Arc::clone(&connection));
        Ok(connection)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<Key, Arc<Connection>>> {
        // Nothing can panic while it is held; were that wrong, the map would still be whole.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn revision(server: &McpServerConfig) -> u64 {
    let mut hasher = DefaultHasher::new();
    server.hash(&mut hasher);
    hasher.finish()
}

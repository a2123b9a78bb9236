//! Sessions: names only where processes are shared, a process each where they are not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::backend::Backend;
use super::refusal::Refusal;
use crate::client::Identity;
use crate::config::{Processes, Sharing, StdioServer};
use crate::peer::Listeners;
use crate::pool::StdioPool;

/// How the id of a session of shared processes begins. Every replica takes such an id, because it stands for nothing.
const SHARED_PREFIX: &str = "shared-";

/// How long a process may finish what it does when its session ends.
const SESSION_GRACE: Duration = Duration::from_secs(1);

/// Requests of a server that may wait to be passed on.
const REQUEST_QUEUE: usize = 64;

/// All sessions of the bridge.
#[derive(Debug)]
pub(super) enum Sessions {
    /// Every client uses the same pool.
    Shared(Arc<Backend>),
    /// Every session has a pool with one process.
    PerSession(Mutex<HashMap<String, Arc<Backend>>>),
}

impl Sessions {
    pub(super) fn new(server: &StdioServer, tasks: &TaskTracker) -> Self {
        match server.sharing {
            Sharing::Shared => {
                let listeners = Listeners::default();
                let pool = StdioPool::new(server.clone(), Identity::default(), listeners, tasks.clone());
                Self::Shared(Backend::new(pool, None, tasks))
            }
            Sharing::PerSession => Self::PerSession(Mutex::default()),
        }
    }

    /// A new session, with the client's own introduction where it gets a process of its own.
    pub(super) fn open(
        &self,
        server: &StdioServer,
        identity: Identity,
        tasks: &TaskTracker,
    ) -> Result<(String, Arc<Backend>), Refusal> {
        let name = random_name();
        match self {
            Self::Shared(backend) => Ok((format!("{SHARED_PREFIX}{name}"), Arc::clone(backend))),
            Self::PerSession(sessions) => {
                let mut sessions = lock(sessions);
                sessions.retain(|_, backend| !backend.pool().is_over());
                if sessions.len() >= server.processes.max {
                    return Err(Refusal::SessionsFull(server.processes.max));
                }
                let backend = own_process(server, identity, tasks);
                sessions.insert(name.clone(), Arc::clone(&backend));
                Ok((name, backend))
            }
        }
    }

    /// The pool of a session. A session whose process has died or was stopped for being idle is over: its client starts
    /// a new one, and so learns that what the process kept is gone.
    pub(super) fn find(&self, id: Option<&str>) -> Result<Arc<Backend>, Refusal> {
        match self {
            Self::Shared(backend) if id.is_none_or(|id| id.starts_with(SHARED_PREFIX)) => Ok(Arc::clone(backend)),
            Self::Shared(_) => Err(Refusal::SessionUnknown),
            Self::PerSession(sessions) => {
                let id = id.ok_or(Refusal::SessionMissing)?;
                let mut sessions = lock(sessions);
                match sessions.get(id) {
                    Some(backend) if !backend.pool().is_over() => Ok(Arc::clone(backend)),
                    _ => {
                        sessions.remove(id);
                        Err(Refusal::SessionUnknown)
                    }
                }
            }
        }
    }

    /// Ends a session, and the process that belongs to it.
    pub(super) fn end(&self, id: &str, tasks: &TaskTracker) -> Result<(), Refusal> {
        let backend = self.find(Some(id))?;
        if let Self::PerSession(sessions) = self {
            lock(sessions).remove(id);
            tasks.spawn(async move { backend.pool().stop(SESSION_GRACE).await });
        }
        Ok(())
    }

    /// The pools that a health check asks: the one that is shared, or those with a running process.
    pub(super) fn running(&self) -> Vec<Arc<Backend>> {
        match self {
            Self::Shared(backend) => vec![Arc::clone(backend)],
            Self::PerSession(sessions) => {
                lock(sessions).values().filter(|backend| backend.pool().running() > 0).map(Arc::clone).collect()
            }
        }
    }

    /// Ends all processes.
    pub(super) async fn stop(&self, grace: Duration) {
        let backends: Vec<Arc<Backend>> = match self {
            Self::Shared(backend) => vec![Arc::clone(backend)],
            Self::PerSession(sessions) => lock(sessions).drain().map(|(_, backend)| backend).collect(),
        };
        futures::future::join_all(backends.iter().map(|backend| backend.pool().stop(grace))).await;
    }
}

/// A pool of exactly one process, started by its first request.
pub(super) fn own_process(server: &StdioServer, identity: Identity, tasks: &TaskTracker) -> Arc<Backend> {
    let processes = Processes { min: 0, max: 1, ..server.processes.clone() };
    let server = StdioServer { processes, ..server.clone() };
    let (requests, from_server) = mpsc::channel(REQUEST_QUEUE);
    let listeners = Listeners { requests: Some(requests), ..Listeners::default() };
    Backend::new(StdioPool::new(server, identity, listeners, tasks.clone()), Some(from_server), tasks)
}

/// 122 random bits: in `PerSession` the id is all that keeps clients apart.
fn random_name() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn lock(sessions: &Mutex<HashMap<String, Arc<Backend>>>) -> MutexGuard<'_, HashMap<String, Arc<Backend>>> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}

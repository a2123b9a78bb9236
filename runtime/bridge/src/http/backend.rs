//! A pool as one or many HTTP clients see it: ids that belong to a client, and the way back for the server's own requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::message::{Message, RequestId, RpcError};
use crate::pool::StdioPool;

/// Messages for one event stream that may wait for a slow client.
pub(super) const OUTLET_QUEUE: usize = 64;

/// A pool, and what its HTTP clients have going on with it.
#[derive(Debug)]
pub(super) struct Backend {
    pool: StdioPool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests that run, by session and by the client's own id.
    in_flight: HashMap<(String, RequestId), CancellationToken>,
    /// Event streams that can carry a request of the server to the client: those of running `POST`s, newest last.
    outlets: Vec<(u64, mpsc::Sender<String>)>,
    /// The stream of a `GET`, used where no `POST` runs.
    listener: Option<(u64, mpsc::Sender<String>)>,
    next_outlet: u64,
}

impl Backend {
    /// Wraps a pool. `requests` are the server's own; they go to a client's stream.
    pub(super) fn new(pool: StdioPool, requests: Option<mpsc::Receiver<Message>>, tasks: &TaskTracker) -> Arc<Self> {
        let backend = Arc::new(Self { pool, state: Mutex::default() });
        if let Some(requests) = requests {
            // Weak, because the pool inside the backend keeps the other end open.
            tasks.spawn(forward_requests(Arc::downgrade(&backend), requests));
        }
        backend
    }

    pub(super) fn pool(&self) -> &StdioPool {
        &self.pool
    }

    /// Notes that a request runs, until the guard goes. Nothing if the session already has one of that id running.
    pub(super) fn begin(self: &Arc<Self>, session: &str, id: &RequestId) -> Option<Running> {
        let key = (session.to_owned(), id.clone());
        let cancel = CancellationToken::new();
        let mut state = self.state();
        if state.in_flight.contains_key(&key) {
            return None;
        }
        state.in_flight.insert(key.clone(), cancel.clone());
        Some(Running { backend: Arc::clone(self), key, cancel })
    }

    /// Cancels a client's request by the client's own id.
    pub(super) fn cancel(&self, session: &str, id: &RequestId) {
        if let Some(running) = self.state().in_flight.get(&(session.to_owned(), id.clone())) {
            running.cancel();
        }
    }

    /// Opens a way for the server's requests to the client, for as long as the guard lives.
    pub(super) fn outlet(self: &Arc<Self>) -> (Outlet, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(OUTLET_QUEUE);
        let mut state = self.state();
        let number = state.number();
        state.outlets.push((number, sender));
        (Outlet { backend: Arc::clone(self), number }, receiver)
    }

    /// Like [`Backend::outlet`] for a `GET`. A later one takes over: the client may have come back before its lost
    /// connection was noticed here.
    pub(super) fn listen(self: &Arc<Self>) -> (Outlet, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(OUTLET_QUEUE);
        let mut state = self.state();
        let number = state.number();
        state.listener = Some((number, sender));
        (Outlet { backend: Arc::clone(self), number }, receiver)
    }

    fn best_outlet(&self) -> Option<mpsc::Sender<String>> {
        let state = self.state();
        state.outlets.last().or(state.listener.as_ref()).map(|(_, sender)| sender.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next_outlet += 1;
        self.next_outlet
    }
}

async fn forward_requests(backend: std::sync::Weak<Backend>, mut requests: mpsc::Receiver<Message>) {
    while let Some(message) = requests.recv().await {
        let Some(backend) = backend.upgrade() else { return };
        let line = message.to_line();
        let sent = match backend.best_outlet() {
            Some(outlet) => outlet.try_send(line).is_ok(),
            None => false,
        };
        if let (false, Message::Request { id, .. }) = (sent, message) {
            let error = RpcError::new(RpcError::SERVER, "the client has no open stream to receive requests on");
            backend.pool.respond(Message::Response { id, outcome: Err(error) }).await;
        }
    }
}

/// A request that runs for a client.
#[derive(Debug)]
pub(super) struct Running {
    backend: Arc<Backend>,
    key: (String, RequestId),
    /// The client's `notifications/cancelled`.
    pub(super) cancel: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.backend.state().in_flight.remove(&self.key);
    }
}

/// An open stream to the client.
#[derive(Debug)]
pub(super) struct Outlet {
    backend: Arc<Backend>,
    number: u64,
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut state = self.backend.state();
        state.outlets.retain(|(number, _)| *number != self.number);
        if state.listener.as_ref().is_some_and(|(number, _)| *number == self.number) {
            state.listener = None;
        }
    }
}

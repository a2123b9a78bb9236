//! One side of a JSON-RPC connection, shared by many callers: it gives every request an id of its own, hands every answer
//! to its caller, and lets nobody wait for a connection that has ended. The transport behind it is anything that sends
//! what `Outgoing` says and calls `receive` with what comes in.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::message::{Message, Raw, RequestId, RpcError, raw, with_meta};

/// Messages that may wait for a slow transport before callers wait too.
const OUTGOING_QUEUE: usize = 64;

/// Notifications that a slow listener may fall behind before it misses some.
const NOTIFICATION_QUEUE: usize = 256;

/// A message for the transport to send.
#[derive(Debug)]
pub struct Outgoing {
    /// What to send.
    pub message: Message,
    /// Our id, where an answer is awaited: a transport that cannot send reports it with [`Peer::fail`].
    pub request: Option<u64>,
    /// Ends when nobody waits for the answer any more: it came, or its time is over, or its caller left.
    pub finished: CancellationToken,
}

/// The parameters of one `notifications/progress`.
#[derive(Debug, Clone)]
pub struct Progress(pub Map<String, Value>);

impl Progress {
    /// How far the server is; it only grows.
    pub fn progress(&self) -> Option<f64> {
        self.0.get("progress")?.as_f64()
    }

    /// The value of `progress` at the end, where the server knows it.
    pub fn total(&self) -> Option<f64> {
        self.0.get("total")?.as_f64()
    }

    /// What the server is doing, in words.
    pub fn message(&self) -> Option<&str> {
        self.0.get("message")?.as_str()
    }
}

/// A notification from the other side, other than progress.
#[derive(Debug, Clone)]
pub struct Notification {
    /// For example `notifications/tools/list_changed`.
    pub method: String,
    /// As the server wrote them.
    pub params: Option<Raw>,
}

/// Who hears what the other side sends of its own accord.
#[derive(Debug, Clone)]
pub struct Listeners {
    /// Notifications other than progress.
    pub notifications: broadcast::Sender<Arc<Notification>>,
    /// The other side's own requests but `ping`; without a taker they are answered with "method not found".
    pub requests: Option<mpsc::Sender<Message>>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { notifications: broadcast::channel(NOTIFICATION_QUEUE).0, requests: None }
    }
}

/// How long and for whom a request waits.
#[derive(Debug, Clone)]
pub struct RequestOptions {
    /// The request fails after this time; the other side is told that it was cancelled.
    pub timeout: Duration,
    /// Ends the wait early, and tells the other side. Dropping the request does the same.
    pub cancel: CancellationToken,
    /// Where progress goes; without it the other side is not asked for any. What does not fit in is dropped, because the
    /// next report replaces it anyway.
    pub progress: Option<mpsc::Sender<Progress>>,
}

impl RequestOptions {
    /// A request that nobody cancels or watches.
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, cancel: CancellationToken::new(), progress: None }
    }
}

/// Why a request has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RequestError {
    /// The other side answered with an error.
    #[error("{0}")]
    Rejected(RpcError),
    /// No answer came in time.
    #[error("`{method}` was not answered within {} s", after.as_secs_f64())]
    TimedOut {
        /// What was asked.
        method: String,
        /// The time that it had.
        after: Duration,
    },
    /// The caller cancelled it.
    #[error("`{method}` was cancelled")]
    Cancelled {
        /// What was asked.
        method: String,
    },
    /// The answer was longer than allowed, and was not read.
    #[error("the answer was larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection ended, or the request could not be sent: the reason. Whether it was carried out is unknown.
    #[error("{0}")]
    Lost(Arc<str>),
    /// The connection had ended before the request could have been carried out: the reason. It is safe to ask again.
    #[error("{0}")]
    Undelivered(Arc<str>),
}

/// The shared connection. Clones are the same connection.
#[derive(Debug, Clone)]
pub struct Peer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    outgoing: mpsc::Sender<Outgoing>,
    calls: Mutex<Calls>,
    next_id: AtomicU64,
    listeners: Listeners,
    tools_version: watch::Sender<u64>,
    meta: OnceLock<Map<String, Value>>,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Calls {
    waiting: HashMap<u64, Waiting>,
    closed: Option<Arc<str>>,
}

#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Result<Raw, RequestError>>,
    progress: Option<mpsc::Sender<Progress>>,
}

impl Peer {
    /// A connection, and what its transport has to send.
    pub fn new(listeners: Listeners) -> (Self, mpsc::Receiver<Outgoing>) {
        let (outgoing, to_send) = mpsc::channel(OUTGOING_QUEUE);
        let shared = Shared {
            outgoing,
            calls: Mutex::default(),
            next_id: AtomicU64::new(1),
            listeners,
            tools_version: watch::Sender::new(0),
            meta: OnceLock::new(),
            closed: CancellationToken::new(),
        };
        (Self(Arc::new(shared)), to_send)
    }

    /// Adds these members to `_meta` of every request from now on: what protocol 2026-07-28 wants instead of a handshake.
    pub fn set_meta(&self, meta: Map<String, Value>) {
        let _already_set = self.0.meta.set(meta);
    }

    /// Asks, and waits for the answer.
    pub async fn request(
        &self,
        method: &str,
        params: Option<Raw>,
        options: RequestOptions,
    ) -> Result<Raw, RequestError> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let params = self.complete(params, id, options.progress.is_some());
        let (answer, mut answered) = oneshot::channel();
        let finished = CancellationToken::new();
        {
            let mut calls = self.calls();
            if let Some(reason) = &calls.closed {
                return Err(RequestError::Undelivered(Arc::clone(reason)));
            }
            calls.waiting.insert(id, Waiting { answer, progress: options.progress });
        }
        let mut in_flight = InFlight { peer: self, id, method, finished: finished.clone(), answered: false };
        let message = Message::Request { id: number(id), method: method.to_owned(), params };
        let outcome = tokio::select! {
            biased;
            outcome = &mut answered => outcome,
            () = options.cancel.cancelled() => return Err(RequestError::Cancelled { method: method.to_owned() }),
            () = tokio::time::sleep(options.timeout) => {
                return Err(RequestError::TimedOut { method: method.to_owned(), after: options.timeout });
            }
            // Sent inside the race, because a server that does not read would otherwise hold its caller here for ever.
            never = self.send_and_wait(Outgoing { message, request: Some(id), finished }) => match never {},
        };
        in_flight.answered = true;
        outcome.unwrap_or_else(|_| Err(self.lost()))
    }

    async fn send_and_wait(&self, outgoing: Outgoing) -> std::convert::Infallible {
        if self.0.outgoing.send(outgoing).await.is_err() {
            self.close("the connection has ended");
        }
        std::future::pending().await
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: Option<Raw>) {
        let message = Message::Notification { method: method.to_owned(), params };
        self.send(message).await;
    }

    /// Answers a request that the other side made.
    pub async fn respond(&self, id: RequestId, outcome: Result<Raw, RpcError>) {
        self.send(Message::Response { id, outcome }).await;
    }

    /// A transport that is gone shows itself to those who wait for an answer; nobody waits for these messages.
    async fn send(&self, message: Message) {
        let outgoing = Outgoing { message, request: None, finished: CancellationToken::new() };
        tokio::select! {
            _sent = self.0.outgoing.send(outgoing) => {}
            () = self.0.closed.cancelled() => {}
        }
    }

    /// Takes one message that came in.
    pub fn receive(&self, message: Message) {
        match message {
            Message::Response { id, outcome } => self.settle(&id, outcome),
            Message::Notification { method, params } => self.notified(method, params),
            Message::Request { id, method, params } => self.asked(id, method, params),
        }
    }

    fn settle(&self, id: &RequestId, outcome: Result<Raw, RpcError>) {
        let waiting = ours(id).and_then(|id| self.calls().waiting.remove(&id));
        let Some(waiting) = waiting else {
            tracing::debug!(rpc.id = %id, "an answer came that nobody waits for");
            return;
        };
        let _caller_left = waiting.answer.send(outcome.map_err(RequestError::Rejected));
    }

    fn notified(&self, method: String, params: Option<Raw>) {
        if method == "notifications/progress" {
            self.progressed(params);
            return;
        }
        if method == "notifications/tools/list_changed" {
            self.0.tools_version.send_modify(|version| *version += 1);
        }
        let _nobody_listens = self.0.listeners.notifications.send(Arc::new(Notification { method, params }));
    }

    fn progressed(&self, params: Option<Raw>) {
        let params: Option<Map<String, Value>> = params.and_then(|text| serde_json::from_str(text.get()).ok());
        let Some(params) = params else { return };
        let id = match params.get("progressToken") {
            Some(Value::Number(token)) => token.as_u64(),
            Some(Value::String(token)) => token.parse().ok(),
            _ => None,
        };
        let calls = self.calls();
        if let Some(progress) = id.and_then(|id| calls.waiting.get(&id)).and_then(|call| call.progress.as_ref()) {
            let _fell_behind = progress.try_send(Progress(params));
        }
    }

    fn asked(&self, id: RequestId, method: String, params: Option<Raw>) {
        let outcome = if method == "ping" {
            Ok(raw(&Map::new()))
        } else if let Some(requests) = &self.0.listeners.requests {
            let Err(refused) = requests.try_send(Message::Request { id: id.clone(), method, params }) else { return };
            tracing::debug!(rpc.id = %id, error = %refused, "nobody takes the server's requests");
            Err(RpcError::new(RpcError::SERVER, "the client takes no requests at the moment"))
        } else {
            Err(RpcError::new(RpcError::METHOD_NOT_FOUND, format!("the client does not offer `{method}`")))
        };
        let message = Message::Response { id, outcome };
        let _full = self.0.outgoing.try_send(Outgoing { message, request: None, finished: CancellationToken::new() });
    }

    /// Fails one request that the transport could not carry.
    pub fn fail(&self, id: u64, error: RequestError) {
        if let Some(waiting) = self.calls().waiting.remove(&id) {
            let _caller_left = waiting.answer.send(Err(error));
        }
    }

    /// Fails every waiting request, and all that come later, with `reason`. The first reason stays.
    pub fn close(&self, reason: impl Into<Arc<str>>) {
        let (waiting, reason) = {
            let mut calls = self.calls();
            let reason = Arc::clone(calls.closed.get_or_insert_with(|| reason.into()));
            (std::mem::take(&mut calls.waiting), reason)
        };
        for waiting in waiting.into_values() {
            let _caller_left = waiting.answer.send(Err(RequestError::Lost(Arc::clone(&reason))));
        }
        self.0.closed.cancel();
    }

    /// Ends when the connection has ended.
    pub async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// Why the connection ended, if it has.
    pub fn closed_reason(&self) -> Option<Arc<str>> {
        self.calls().closed.clone()
    }

    /// What the other side tells everybody.
    pub fn notifications(&self) -> broadcast::Receiver<Arc<Notification>> {
        self.0.listeners.notifications.subscribe()
    }

    /// Counts how often the other side said that its tools changed.
    pub fn tools_version(&self) -> u64 {
        *self.0.tools_version.borrow()
    }

    fn complete(&self, params: Option<Raw>, id: u64, wants_progress: bool) -> Option<Raw> {
        let mut meta = self.0.meta.get().cloned().unwrap_or_default();
        if wants_progress {
            meta.insert("progressToken".to_owned(), id.into());
        }
        if meta.is_empty() { params } else { with_meta(params, meta) }
    }

    fn lost(&self) -> RequestError {
        RequestError::Lost(self.closed_reason().unwrap_or_else(|| "the connection has ended".into()))
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // Nothing can panic while it is held; were that wrong, the map would still be whole.
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(id: u64) -> RequestId {
    RequestId::Number(i64::try_from(id).unwrap_or(i64::MAX))
}

/// Some servers write every id as text.
fn ours(id: &RequestId) -> Option<u64> {
    match id {
        RequestId::Number(number) => u64::try_from(*number).ok(),
        RequestId::Text(text) => text.parse().ok(),
    }
}

/// Forgets a request when its caller stops waiting, for whatever reason, and tells the other side if it still works on it.
struct InFlight<'a> {
    peer: &'a Peer,
    id: u64,
    method: &'a str,
    finished: CancellationToken,
    answered: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.finished.cancel();
        self.peer.calls().waiting.remove(&self.id);
        // A client must not cancel `initialize` (MCP 2025-11-25, cancellation).
        if self.answered || self.method == "initialize" {
            return;
        }
        let params =
            raw(&serde_json::json!({ "requestId": self.id, "reason": "nobody waits for the answer any more" }));
        let message = Message::Notification { method: "notifications/cancelled".to_owned(), params: Some(params) };
        let outgoing = Outgoing { message, request: None, finished: CancellationToken::new() };
        let _full = self.peer.0.outgoing.try_send(outgoing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(outgoing: &Outgoing, result: &Value) -> Message {
        let Message::Request { id, .. } = &outgoing.message else { panic!("{outgoing:?}") };
        Message::Response { id: id.clone(), outcome: Ok(raw(result)) }
    }

    #[tokio::test]
    async fn every_caller_gets_its_own_answer_in_whatever_order_they_come() {
        let (peer, mut outgoing) = Peer::new(Listeners::default());
        let ask = |method: &'static str| peer.request(method, None, RequestOptions::within(Duration::from_secs(30)));
        let server = async {
            let (first, second) = (outgoing.recv().await.unwrap(), outgoing.recv().await.unwrap());
            for asked in [second, first] {
                let Message::Request { method, .. } = &asked.message else { panic!() };
                peer.receive(answer(&asked, &Value::from(method.as_str())));
            }
        };
        let (a, b, ()) = tokio::join!(ask("a"), ask("b"), server);
        assert_eq!((a.unwrap().get(), b.unwrap().get()), (r#""a""#, r#""b""#));
    }

    #[tokio::test]
    async fn a_request_without_answer_times_out_and_the_server_is_told() {
        let (peer, mut outgoing) = Peer::new(Listeners::default());
        let error = peer.request("slow", None, RequestOptions::within(Duration::from_millis(5))).await.unwrap_err();
        assert_eq!(error.to_string(), "`slow` was not answered within 0.005 s");
        let asked = outgoing.recv().await.unwrap();
        assert!(asked.finished.is_cancelled());
        let told = outgoing.recv().await.unwrap().message.to_line();
        assert!(told.contains(r#""method":"notifications/cancelled","params":{"requestId":1"#), "{told}");
    }

    #[tokio::test]
    async fn closing_fails_the_waiting_and_the_late() {
        let (peer, mut outgoing) = Peer::new(Listeners::default());
        let options = || RequestOptions::within(Duration::from_secs(30));
        let close = async {
            outgoing.recv().await.unwrap();
            peer.close("the server died");
        };
        let (waiting, ()) = tokio::join!(peer.request("a", None, options()), close);
        assert!(matches!(waiting, Err(RequestError::Lost(reason)) if &*reason == "the server died"));
        let late = peer.request("b", None, options()).await;
        assert!(matches!(late, Err(RequestError::Undelivered(reason)) if &*reason == "the server died"));
    }

    #[tokio::test]
    async fn a_cancelled_request_tells_the_server_and_an_unread_queue_holds_nobody() {
        let (peer, _outgoing) = Peer::new(Listeners::default());
        for _ in 0..OUTGOING_QUEUE {
            peer.notify("filler", None).await;
        }
        let cancel = CancellationToken::new();
        let options = RequestOptions { cancel: cancel.clone(), ..RequestOptions::within(Duration::from_mins(10)) };
        let (outcome, ()) = tokio::join!(peer.request("stuck", None, options), async { cancel.cancel() });
        assert!(matches!(outcome, Err(RequestError::Cancelled { .. })));
    }

    #[tokio::test]
    async fn progress_reaches_the_caller_whose_token_it_carries() {
        let (peer, mut outgoing) = Peer::new(Listeners::default());
        let (progress, mut reports) = mpsc::channel(4);
        let options = RequestOptions { progress: Some(progress), ..RequestOptions::within(Duration::from_secs(30)) };
        let server = async {
            let asked = outgoing.recv().await.unwrap();
            for token in [99, 1] {
                let params = serde_json::json!({ "progressToken": token, "progress": 0.5, "message": "half" });
                peer.receive(Message::Notification {
                    method: "notifications/progress".to_owned(),
                    params: Some(raw(&params)),
                });
            }
            peer.receive(answer(&asked, &Value::Null));
        };
        let (outcome, ()) = tokio::join!(peer.request("work", None, options), server);
        outcome.unwrap();
        let report = reports.recv().await.unwrap();
        assert_eq!((report.progress(), report.message()), (Some(0.5), Some("half")));
        assert!(reports.recv().await.is_none());
    }

    #[tokio::test]
    async fn the_servers_own_requests_are_answered() {
        let (peer, mut outgoing) = Peer::new(Listeners::default());
        for (method, expected) in [("ping", r#""result":{}"#), ("roots/list", "-32601")] {
            peer.receive(Message::Request { id: RequestId::Text("s".into()), method: method.into(), params: None });
            let line = outgoing.recv().await.unwrap().message.to_line();
            assert!(line.contains(r#""id":"s""#) && line.contains(expected), "{line}");
        }
    }
}

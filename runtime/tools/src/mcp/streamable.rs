//! The client's side of streamable HTTP (MCP 2025-11-25, transports): each message is a `POST`, whose answer is JSON or a
//! stream of events; a `GET` hears what the server says of its own accord.

mod listen;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use troupe_bridge::{Message, Outgoing, Peer, RequestError, STATELESS_VERSION};
use troupe_net::{NetError, Request, Response, Trust};

use super::config::HttpServer;
use super::event_stream::{EventError, EventStream};

const SESSION_HEADER: &str = "mcp-session-id";
const VERSION_HEADER: &str = "mcp-protocol-version";
const LAST_EVENT_HEADER: &str = "last-event-id";

/// Time is kept by whoever waits for an answer, so the client itself only needs a limit that is never reached.
const NO_LIMIT: Duration = Duration::from_hours(24);

/// For messages that nobody waits for.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that starts, or that a cluster's nodes have not all heard of yet, refuses connections for a moment: it is
/// tried again after these pauses.
const STARTING: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1400)];

/// After the answer a stream is read to its end for so long, since only then the connection can be used again.
const DRAIN: Duration = Duration::from_secs(1);

/// How much of an error page is shown.
const SHOWN_ERROR_BYTES: usize = 2000;

/// A server may close a stream and go on in another one (MCP 2025-11-25, "resumability"); without any news in between
/// this often, it is not coming back.
const MAX_RESUMPTIONS: u32 = 5;

/// The pause before a stream is resumed, where the server names none.
const RESUME_AFTER: Duration = Duration::from_secs(1);

/// The longest such pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One session with a server.
#[derive(Debug)]
struct Session {
    server: HttpServer,
    peer: Peer,
    tasks: TaskTracker,
    /// Whether a server that refuses connections is waited for.
    patient: bool,
    id: OnceLock<String>,
    version: OnceLock<String>,
}

/// Starts to carry the messages of `peer`. The session ends with the peer.
pub(super) fn start(
    server: &HttpServer,
    peer: Peer,
    outgoing: mpsc::Receiver<Outgoing>,
    tasks: &TaskTracker,
    patient: bool,
) -> Result<(), String> {
    let session = Session {
        server: server.clone(),
        peer,
        tasks: tasks.clone(),
        patient,
        id: OnceLock::new(),
        version: OnceLock::new(),
    };
    // Wrong headers are told now, and not at each message.
    session.request(Method::POST).map_err(|error| error.to_string())?;
    tasks.spawn(run(Arc::new(session), outgoing));
    Ok(())
}

async fn run(session: Arc<Session>, mut outgoing: mpsc::Receiver<Outgoing>) {
    loop {
        let next = tokio::select! {
            next = outgoing.recv() => next,
            () = session.peer.closed() => None,
        };
        let Some(next) = next else { break };
        let initialized =
            matches!(&next.message, Message::Notification { method, .. } if method == "notifications/initialized");
        let posted = post(Arc::clone(&session), next);
        if initialized {
            // Nothing else may overtake it.
            posted.await;
            session.tasks.spawn(listen::listen(Arc::clone(&session)));
        } else {
            session.tasks.spawn(posted);
        }
    }
    session.end().await;
}

async fn post(session: Arc<Session>, outgoing: Outgoing) {
    let answered = AtomicBool::new(false);
    let mut exchange = std::pin::pin!(session.exchange(&outgoing, &answered));
    let outcome = tokio::select! {
        outcome = &mut exchange => outcome,
        () = outgoing.finished.cancelled() => {
            if answered.load(Ordering::Relaxed) {
                let _still_open = tokio::time::timeout(DRAIN, exchange).await;
            }
            return;
        }
        () = session.peer.closed() => return,
    };
    match (outcome, outgoing.request) {
        (Err(error), Some(id)) => session.peer.fail(id, error),
        (Err(error), None) => tracing::debug!(error = %error, "a notice did not reach the MCP server"),
        (Ok(()), _) => {}
    }
}

impl Session {
    /// A request with everything that each one carries.
    fn request(&self, method: Method) -> Result<Request, NetError> {
        let mut request = Request::new(method, self.server.url.clone(), Trust::Literal)
            .first_byte_timeout(NO_LIMIT)
            .idle_timeout(NO_LIMIT);
        for (name, value) in &self.server.headers {
            request = request.text_header(name, value, true)?;
        }
        if let Some(id) = self.id.get() {
            request = request.text_header(SESSION_HEADER, id, true)?;
        }
        if let Some(version) = self.version.get() {
            request = request.text_header(VERSION_HEADER, version, false)?;
        }
        Ok(request)
    }

    async fn exchange(&self, outgoing: &Outgoing, answered: &AtomicBool) -> Result<(), RequestError> {
        let response = self.send(outgoing).await?;
        let status = response.status();
        if !status.is_success() {
            return self.refused(outgoing, response).await;
        }
        if is_initialize(&outgoing.message)
            && let Some(id) = response.headers().get(SESSION_HEADER).and_then(|id| id.to_str().ok())
        {
            let _set_already = self.id.set(id.to_owned());
        }
        if outgoing.request.is_none() {
            return Ok(());
        }
        if content_type(&response) == "text/event-stream" {
            return self.read_events(outgoing, answered, response).await;
        }
        let (body, truncated) =
            response.read_limited(self.server.max_response_bytes).await.map_err(|error| lost(&error))?;
        if truncated {
            return Err(RequestError::TooLarge { limit: self.server.max_response_bytes });
        }
        self.deliver(outgoing, answered, &body)
            .map_err(|error| RequestError::Lost(format!("the answer is not readable: {error}").into()))?;
        self.must_be_answered(outgoing, answered, "it answered with something else")
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Response, RequestError> {
        if let Message::Request { method, .. } = &outgoing.message
            && method == "server/discover"
        {
            let _set_already = self.version.set(STATELESS_VERSION.to_owned());
        }
        let line = outgoing.message.to_line();
        let mut request = self
            .request(Method::POST)
            .map_err(|error| lost(&error))?
            .header(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(line);
        if self.version.get().is_some_and(|version| version == STATELESS_VERSION) {
            request = name_in_headers(request, &outgoing.message).map_err(|error| lost(&error))?;
        }
        if outgoing.request.is_none() {
            request = request.total_timeout(NOTICE_TIMEOUT);
        }
        if self.patient && is_initialize(&outgoing.message) {
            for pause in STARTING {
                match self.server.client.send(request.clone()).await {
                    Err(NetError::Connect { .. }) => tokio::time::sleep(pause).await,
                    outcome => return outcome.map_err(|error| lost(&error)),
                }
            }
        }
        self.server.client.send(request).await.map_err(|error| lost(&error))
    }

    /// A server says why in a JSON-RPC error, in text, or by the status alone.
    async fn refused(&self, outgoing: &Outgoing, response: Response) -> Result<(), RequestError> {
        let status = response.status();
        if status == StatusCode::NOT_FOUND && self.id.get().is_some() {
            return Err(RequestError::Undelivered("the server has ended the session".into()));
        }
        let (body, _) = response.read_limited(SHOWN_ERROR_BYTES).await.map_err(|error| lost(&error))?;
        if let Some(error) = rpc_error(&body) {
            return Err(RequestError::Rejected(error));
        }
        // A question that an old server does not know must not look like a dead server.
        tracing::debug!(
            status = status.as_u16(),
            message = outgoing.request.is_none(),
            "an MCP server refused a message"
        );
        let text = String::from_utf8_lossy(&body);
        let hint = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; the credentials in its headers are missing or wrong",
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                "; is the URL that of the MCP endpoint, and the protocol right?"
            }
            _ => "",
        };
        let shown = if text.trim().is_empty() { String::new() } else { format!(": {}", text.trim()) };
        Err(RequestError::Lost(format!("it answered HTTP {status}{hint}{shown}").into()))
    }

    async fn read_events(
        &self,
        outgoing: &Outgoing,
        answered: &AtomicBool,
        response: Response,
    ) -> Result<(), RequestError> {
        let limit = self.server.max_response_bytes;
        let mut events = EventStream::new(response.into_body(), limit);
        let (mut last_id, mut silent) = (None, 0);
        loop {
            let ended = loop {
                match events.next().await {
                    Ok(Some(event)) if event.data.is_empty() => {}
                    Ok(Some(event)) => {
                        silent = 0;
                        if let Err(error) = self.deliver(outgoing, answered, event.data.as_bytes()) {
                            tracing::debug!(error = %error, "skipped an event that is no message");
                        }
                    }
                    Ok(None) => break "the connection ended before the answer".to_owned(),
                    Err(EventError::TooLarge(limit)) => return Err(RequestError::TooLarge { limit }),
                    Err(EventError::Net(error)) => break error.to_string(),
                }
            };
            if answered.load(Ordering::Relaxed) {
                return Ok(());
            }
            last_id = events.last_id().map(ToOwned::to_owned).or(last_id);
            silent += 1;
            let Some(id) = last_id.as_deref().filter(|_| silent <= MAX_RESUMPTIONS) else {
                return Err(RequestError::Lost(ended.into()));
            };
            tokio::time::sleep(events.retry().unwrap_or(RESUME_AFTER).min(LONGEST_PAUSE)).await;
            let resumed = self.get(Some(id)).await.map_err(|_| RequestError::Lost(ended.into()))?;
            events = EventStream::new(resumed.into_body(), limit);
        }
    }

    /// Opens a stream of events, or goes on with the one that had this id.
    async fn get(&self, last_id: Option<&str>) -> Result<Response, Option<StatusCode>> {
        let request = self.request(Method::GET).map_err(|_| None)?;
        let mut request = request.header(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = last_id {
            request = request.text_header(LAST_EVENT_HEADER, id, false).map_err(|_| None)?;
        }
        let response = self.server.client.send(request).await.map_err(|_| None)?;
        if response.status().is_success() && content_type(&response) == "text/event-stream" {
            Ok(response)
        } else {
            Err(Some(response.status()))
        }
    }

    /// Hands in the messages of an answer, and notes whether the awaited one was among them.
    fn deliver(
        &self,
        outgoing: &Outgoing,
        answered: &AtomicBool,
        text: &[u8],
    ) -> Result<(), troupe_bridge::MessageError> {
        for message in Message::parse_all(text)? {
            if let (Message::Response { id, outcome }, Message::Request { id: asked, .. }) =
                (&message, &outgoing.message)
                && id.to_string() == asked.to_string()
            {
                answered.store(true, Ordering::Relaxed);
                if let (true, Ok(result)) = (is_initialize(&outgoing.message), outcome) {
                    self.note_version(result.get());
                }
            }
            self.peer.receive(message);
        }
        Ok(())
    }

    fn note_version(&self, result: &str) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Result {
            protocol_version: String,
        }
        if let Ok(Result { protocol_version }) = serde_json::from_str(result) {
            let _set_already = self.version.set(protocol_version);
        }
    }

    fn must_be_answered(&self, outgoing: &Outgoing, answered: &AtomicBool, what: &str) -> Result<(), RequestError> {
        if outgoing.request.is_none() || answered.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(RequestError::Lost(format!("{what} at {}", troupe_net::error::shown_url(&self.server.url)).into()))
    }

    /// Tells the server that the session is over; one that does not care answers 405.
    async fn end(&self) {
        if self.id.get().is_none() {
            return;
        }
        let Ok(request) = self.request(Method::DELETE) else { return };
        if let Err(error) = self.server.client.send(request.total_timeout(NOTICE_TIMEOUT)).await {
            tracing::debug!(error = %error, "the MCP server was not told that its session is over");
        }
    }
}

/// Protocol 2026-07-28 names the method and its subject in headers, so that proxies can see them.
fn name_in_headers(request: Request, message: &Message) -> Result<Request, NetError> {
    #[derive(Deserialize, Default)]
    struct Subject {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        uri: Option<String>,
    }
    let (Message::Request { method, params, .. } | Message::Notification { method, params }) = message else {
        return Ok(request);
    };
    let request = request.text_header("mcp-method", method, false)?;
    let subject: Subject =
        params.as_ref().and_then(|params| serde_json::from_str(params.get()).ok()).unwrap_or_default();
    match subject.name.or(subject.uri) {
        Some(subject) => request.text_header("mcp-name", &subject, false),
        None => Ok(request),
    }
}

fn is_initialize(message: &Message) -> bool {
    matches!(message, Message::Request { method, .. } if method == "initialize")
}

fn rpc_error(body: &[u8]) -> Option<troupe_bridge::RpcError> {
    #[derive(Deserialize)]
    struct Refusal {
        error: troupe_bridge::RpcError,
    }
    serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.error)
}

/// In lower case, without parameters.
fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn lost(error: &NetError) -> RequestError {
    let text = error.to_string().into();
    // Nothing was sent, so nothing was done.
    if error.is_connect() || error.is_refused() { RequestError::Undelivered(text) } else { RequestError::Lost(text) }
}

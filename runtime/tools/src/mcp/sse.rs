//! The client's side of HTTP with SSE (MCP 2024-11-05): a `GET` brings everything from the server, first the address to
//! which messages are posted.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use troupe_bridge::{Message, Outgoing, Peer, RequestError};
use troupe_net::error::shown_url;
use troupe_net::{NetError, Request, Trust};
use url::Url;

use super::config::HttpServer;
use super::event_stream::{EventError, EventStream};

/// Time is kept by whoever waits for an answer, so the client itself only needs a limit that is never reached.
const NO_LIMIT: Duration = Duration::from_hours(24);

/// A `POST` is only acknowledged, which takes no time.
const POST_TIMEOUT: Duration = Duration::from_mins(1);

/// How much of an error page is shown.
const SHOWN_ERROR_BYTES: usize = 2000;

struct Session {
    server: HttpServer,
    peer: Peer,
    endpoint: Url,
}

/// Opens the stream, learns the address for messages, and starts to carry those of `peer`. The peer is closed when the
/// stream ends: an answer could not come any more.
pub(super) async fn start(
    server: &HttpServer,
    peer: Peer,
    outgoing: mpsc::Receiver<Outgoing>,
    tasks: &TaskTracker,
    timeout: Duration,
) -> Result<(), String> {
    let opening = tokio::time::timeout(timeout, open(server));
    let (events, endpoint) = opening.await.map_err(|_| {
        format!("{} named no address for messages within {} s", shown_url(&server.url), timeout.as_secs_f64())
    })??;
    tasks.spawn(hear(events, peer.clone()));
    let session = Arc::new(Session { server: server.clone(), peer, endpoint });
    tasks.spawn(run(session, outgoing, tasks.clone()));
    Ok(())
}

async fn open(server: &HttpServer) -> Result<(EventStream, Url), String> {
    let request = request(server, Method::GET, server.url.clone())
        .map_err(|error| error.to_string())?
        .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
        .first_byte_timeout(NO_LIMIT)
        .idle_timeout(NO_LIMIT);
    let response = server.client.send(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("it answered HTTP {status} where its event stream should be"));
    }
    let base = response.url().clone();
    let mut events = EventStream::new(response.into_body(), server.max_response_bytes);
    while let Some(event) = events.next().await.map_err(|error| error.to_string())? {
        if event.kind != "endpoint" {
            continue;
        }
        let endpoint =
            base.join(event.data.trim()).map_err(|error| format!("it named no valid address for messages: {error}"))?;
        // Our headers hold secrets, and a server must not send them elsewhere.
        if endpoint.origin() != server.url.origin() {
            return Err(format!("it named an address for messages on another host: {}", shown_url(&endpoint)));
        }
        return Ok((events, endpoint));
    }
    Err("its event stream ended before it named an address for messages".to_owned())
}

fn request(server: &HttpServer, method: Method, url: Url) -> Result<Request, NetError> {
    server.headers.iter().try_fold(Request::new(method, url, Trust::Literal), |request, (name, value)| {
        request.text_header(name, value, true)
    })
}

async fn hear(mut events: EventStream, peer: Peer) {
    let ended = loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = peer.closed() => return,
        };
        match event {
            Ok(Some(event)) => match Message::parse_all(event.data.as_bytes()) {
                Ok(messages) => messages.into_iter().for_each(|message| peer.receive(message)),
                Err(error) => tracing::debug!(error = %error, "skipped an event that is no message"),
            },
            Ok(None) => break "the server ended its event stream".to_owned(),
            Err(error @ EventError::TooLarge(_)) => break error.to_string(),
            Err(EventError::Net(error)) => break error.to_string(),
        }
    };
    peer.close(ended);
}

async fn run(session: Arc<Session>, mut outgoing: mpsc::Receiver<Outgoing>, tasks: TaskTracker) {
    loop {
        let next = tokio::select! {
            next = outgoing.recv() => next,
            () = session.peer.closed() => None,
        };
        let Some(next) = next else { return };
        let posted = post(Arc::clone(&session), next);
        // In their order: a server may not take a call before it was told that the handshake is over. An acknowledgement
        // takes no time, but one that stalls must not hold up all others.
        if let Err(still_posting) = in_a_moment(posted).await {
            tasks.spawn(still_posting);
        }
    }
}

/// Waits a moment for a future, and returns it if that was not enough.
async fn in_a_moment<F: Future<Output = ()>>(future: F) -> Result<(), std::pin::Pin<Box<F>>> {
    const MOMENT: Duration = Duration::from_millis(500);
    let mut future = Box::pin(future);
    tokio::time::timeout(MOMENT, &mut future).await.map_err(|_| future)
}

async fn post(session: Arc<Session>, outgoing: Outgoing) {
    let outcome = tokio::select! {
        outcome = session.post(&outgoing.message) => outcome,
        () = outgoing.finished.cancelled() => return,
        () = session.peer.closed() => return,
    };
    match (outcome, outgoing.request) {
        (Err(error), Some(id)) => session.peer.fail(id, error),
        (Err(error), None) => tracing::debug!(error = %error, "a notice did not reach the MCP server"),
        (Ok(()), _) => {}
    }
}

impl Session {
    async fn post(&self, message: &Message) -> Result<(), RequestError> {
        let lost = |error: NetError| RequestError::Lost(error.to_string().into());
        let request = request(&self.server, Method::POST, self.endpoint.clone())
            .map_err(lost)?
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .total_timeout(POST_TIMEOUT)
            .body(message.to_line());
        let response = self.server.client.send(request).await.map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let (body, _) = response.read_limited(SHOWN_ERROR_BYTES).await.map_err(lost)?;
        let text = String::from_utf8_lossy(&body);
        Err(RequestError::Lost(format!("it answered HTTP {status} to a message: {}", text.trim()).into()))
    }
}

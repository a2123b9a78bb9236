//! `GET`: the stream of what the server says without being asked.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::backend::Outlet;
use super::{Bridge, Refusal, answer, session_id};
use crate::message::Message;
use crate::peer::Notification;

/// Often enough for the proxies that cut connections after half a minute of silence.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Listening {
    notifications: broadcast::Receiver<Arc<Notification>>,
    requests: mpsc::Receiver<String>,
    stop: CancellationToken,
    _outlet: Outlet,
}

/// Opens the stream. It ends when the bridge stops, or when a later `GET` of the same session takes over.
pub(super) async fn open(State(bridge): State<Arc<Bridge>>, headers: HeaderMap) -> Result<Response, Refusal> {
    bridge.admit(&headers)?;
    if !answer::accepts(&headers, "text/event-stream") {
        return Err(Refusal::Accept("text/event-stream"));
    }
    let backend = bridge.sessions.find(session_id(&headers)?.as_deref())?;
    let notifications = backend.pool().notifications();
    // Shared processes make no requests of clients, and their clients' streams must not take each other's place.
    let (outlet, requests) = if bridge.shared() { backend.outlet() } else { backend.listen() };
    let listening = Listening { notifications, requests, stop: bridge.stop.clone(), _outlet: outlet };
    let events = stream::unfold(listening, |mut listening| async move {
        let line = next_line(&mut listening).await?;
        Some((Ok::<_, Infallible>(Event::default().data(line)), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

async fn next_line(listening: &mut Listening) -> Option<String> {
    loop {
        tokio::select! {
            notification = listening.notifications.recv() => match notification {
                Ok(notification) => return Some(line(&notification)),
                // A slow client missed some; list-changed notices among them come again with the next change.
                Err(RecvError::Lagged(missed)) => tracing::debug!(http.missed = missed, "a client's stream fell behind"),
                Err(RecvError::Closed) => return None,
            },
            request = listening.requests.recv() => return request,
            () = listening.stop.cancelled() => return None,
        }
    }
}

fn line(notification: &Notification) -> String {
    Message::Notification { method: notification.method.clone(), params: notification.params.clone() }.to_line()
}

//! `watch=true` on the lists of resources: server-sent events instead of a page.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use troupe_crds::Kind;

use crate::app::App;
use crate::http::sse::{self, HEARTBEAT};
use crate::service::manifest::watch::{ResourceEvents, Told};

/// Follows a kind until the client is gone or the service stops.
pub fn follow(app: &Arc<App>, kind: Kind, headers: &HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let events = ResourceEvents::new(app, kind, last);
    sse::events(stream::unfold(events, |mut events| async move {
        let bytes = match tokio::time::timeout(HEARTBEAT, events.next()).await {
            Err(_) => Bytes::from_static(b": heartbeat\n\n"),
            Ok(told) => wire(&told?),
        };
        Some((bytes, events))
    }))
}

/// Only the last event of those that belong together has an id: whoever lost one of them begins anew.
fn wire(told: &Told) -> Bytes {
    let mut text = String::new();
    for (index, event) in told.events.iter().enumerate() {
        // JSON has no line breaks of its own, so that one `data:` line holds it; events are values that can be written.
        let json = serde_json::to_string(event).unwrap_or_default();
        let id = if index + 1 == told.events.len() { format!("id: {}\n", told.id) } else { String::new() };
        // Writing into a String does not fail.
        let _ = write!(text, "data: {json}\n{id}\n");
    }
    Bytes::from(text)
}

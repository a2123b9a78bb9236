//! Server-sent events out of a run's stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::{self, Stream};
use troupe_core::stream::Subscription;

use crate::frame::{Frame, Framer};

/// A comment goes out after this long without a frame, so that gateways and clients know that the stream lives.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something that must be held as long as the client listens.
pub type Guard = Box<dyn std::any::Any + Send>;

/// Streams a run's frames. `guard` is dropped when the client is gone or the stream is over.
pub fn stream(subscription: Subscription, framer: Box<dyn Framer>, guard: Option<Guard>) -> Response {
    stream_behind(Vec::new(), subscription, framer, guard)
}

/// The same, behind frames that were made already.
pub fn stream_behind(
    ahead: Vec<Frame>,
    subscription: Subscription,
    framer: Box<dyn Framer>,
    guard: Option<Guard>,
) -> Response {
    let state = Reader { subscription, framer, frames: ahead, wire: String::new(), over: false, _guard: guard };
    events(stream::unfold(state, |mut reader| async move { reader.next().await.map(|bytes| (bytes, reader)) }))
}

/// An SSE response of ready-made chunks.
pub fn events(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    use futures::StreamExt;
    let body = Body::from_stream(chunks.map(Ok::<_, Infallible>));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Reverse proxies that buffer would hold the words back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Reader {
    subscription: Subscription,
    framer: Box<dyn Framer>,
    frames: Vec<Frame>,
    wire: String,
    over: bool,
    _guard: Option<Guard>,
}

impl Reader {
    /// Everything that is ready, as one chunk; waits for the first. `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if !self.frames.is_empty() {
            self.over = self.framer.is_over();
            self.frames.drain(..).for_each(|frame| frame.write(&mut self.wire));
            return Some(Bytes::from(std::mem::take(&mut self.wire)));
        }
        loop {
            let Ok(item) = tokio::time::timeout(HEARTBEAT, self.subscription.next()).await else {
                return Some(Bytes::from_static(b": heartbeat\n\n"));
            };
            self.over = item.is_none();
            match item {
                None => self.framer.end(&mut self.frames),
                Some(item) => self.framer.frames(&item, &mut self.frames),
            }
            while !self.over && !self.framer.is_over() {
                let Some(item) = self.subscription.ready() else { break };
                self.framer.frames(&item, &mut self.frames);
            }
            self.over |= self.framer.is_over();
            for frame in self.frames.drain(..) {
                frame.write(&mut self.wire);
            }
            if !self.wire.is_empty() {
                return Some(Bytes::from(std::mem::take(&mut self.wire)));
            }
            if self.over {
                return None;
            }
        }
    }
}

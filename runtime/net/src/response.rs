//! A response: its head, and its body as a stream with time-outs.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, ready};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyDataStream;
use tokio::time::{Instant, Sleep};
use url::Url;

use crate::NetError;
use crate::error::{classify, shown_url};

/// The head of a response, with a body that is still arriving.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Response {
    pub(crate) fn new(response: reqwest::Response, url: Url, limits: BodyLimits) -> Self {
        let (head, body) = http::Response::from(response).into_parts();
        let body = Body { chunks: BodyDataStream::new(body), url, limits, sleep: None, waiting: false, ended: false };
        Self { status: head.status, headers: head.headers, body }
    }

    /// The status; a redirect only where it was not followed.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, as the server sent them: nothing is decompressed.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The URL that answered, the last of the redirects.
    pub fn url(&self) -> &Url {
        &self.body.url
    }

    /// The body as a stream.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// The body up to `limit` bytes, and whether there was more. A body that came in one chunk is not copied.
    pub async fn read_limited(self, limit: usize) -> Result<(Bytes, bool), NetError> {
        self.body.read_limited(limit).await
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("url", &shown_url(&self.body.url))
            .finish_non_exhaustive()
    }
}

/// How long a body may take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BodyLimits {
    /// Between two chunks.
    pub(crate) idle: Option<Duration>,
    /// To its end: the moment, and how long that was from the start of the request.
    pub(crate) total: Option<(Instant, Duration)>,
}

impl BodyLimits {
    /// Which limit comes first for a wait that begins now.
    fn next(&self, now: Instant) -> Option<Instant> {
        let idle = self.idle.and_then(|idle| now.checked_add(idle));
        let total = self.total.map(|(deadline, _)| deadline);
        idle.into_iter().chain(total).min()
    }
}

/// The body of a response: a stream of chunks as they arrive. It ends after its first error.
pub struct Body {
    chunks: BodyDataStream<reqwest::Body>,
    url: Url,
    limits: BodyLimits,
    /// Made at the first wait and then reused: a chunk that is already there needs no timer.
    sleep: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    ended: bool,
}

impl Body {
    /// The body up to `limit` bytes, and whether there was more. A body that came in one chunk is not copied.
    pub async fn read_limited(mut self, limit: usize) -> Result<(Bytes, bool), NetError> {
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(mut chunk) = self.next().await.transpose()? {
            let room = limit - joined.len().max(first.len());
            let truncated = chunk.len() > room;
            chunk.truncate(room);
            if first.is_empty() && joined.is_empty() {
                first = chunk;
            } else {
                joined.extend_from_slice(&std::mem::take(&mut first));
                joined.extend_from_slice(&chunk);
            }
            if truncated {
                return Ok((if joined.is_empty() { first } else { joined.freeze() }, true));
            }
        }
        Ok((if joined.is_empty() { first } else { joined.freeze() }, false))
    }

    /// Waits for the next chunk no longer than the limits say.
    fn poll_timeout(&mut self, context: &mut Context<'_>) -> Poll<NetError> {
        let now = Instant::now();
        if !self.waiting {
            let Some(until) = self.limits.next(now) else { return Poll::Pending };
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(until),
                None => self.sleep = Some(Box::pin(tokio::time::sleep_until(until))),
            }
            self.waiting = true;
        }
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(self.timeout())
    }

    fn timeout(&self) -> NetError {
        let url = shown_url(&self.url);
        match (self.limits.total, self.limits.idle) {
            (Some((deadline, after)), _) if Instant::now() >= deadline => NetError::TotalTimeout { url, after },
            (_, idle) => NetError::IdleTimeout { url, after: idle.unwrap_or_default() },
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, NetError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let body = &mut *self;
        if body.ended {
            return Poll::Ready(None);
        }
        let item = match body.chunks.poll_next_unpin(context) {
            Poll::Ready(item) => item.map(|chunk| chunk.map_err(|error| classify::in_body(&error, &body.url))),
            Poll::Pending => Some(Err(ready!(body.poll_timeout(context)))),
        };
        body.waiting = false;
        body.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Body").field("url", &shown_url(&self.url)).finish_non_exhaustive()
    }
}

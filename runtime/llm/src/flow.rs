//! A streamed answer: reads the body, decodes it, keeps the time limits, and ends properly or with an error.

use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use troupe_core::model::{ModelError, ModelEvent};
use troupe_core::port::ModelStream;
use troupe_net::Body;

use crate::decode::{Decoding, Fault};
use crate::error::Reporter;
use crate::limits::Permit;

/// How long counts are waited for once the model has stopped: some servers neither count, nor terminate, nor hang up.
const GRACE: Duration = Duration::from_secs(2);

/// How long the end of a body is waited for, in the background, so that its connection can be used again.
const DRAIN: Duration = Duration::from_secs(1);

/// The moments by which things must have happened, and how long that was from the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadlines {
    /// The first token.
    pub(crate) first: Option<(Instant, Duration)>,
    /// The end.
    pub(crate) whole: Option<(Instant, Duration)>,
}

impl Deadlines {
    /// Limits in milliseconds, from now on.
    pub(crate) fn from_now(first_ms: Option<u64>, whole_ms: Option<u64>) -> Self {
        let now = Instant::now();
        let after = |milliseconds: Option<u64>| {
            let duration = Duration::from_millis(milliseconds?);
            Some((now.checked_add(duration)?, duration))
        };
        Self { first: after(first_ms), whole: after(whole_ms) }
    }

    /// What passes first, and the words for it.
    pub(crate) fn next(&self, begun: bool) -> Option<(Instant, Duration, &'static str)> {
        let first = self.first.filter(|_| !begun).map(|(at, after)| (at, after, "did not begin to answer"));
        let whole = self.whole.map(|(at, after)| (at, after, "did not finish its answer"));
        first.into_iter().chain(whole).min_by_key(|(at, ..)| *at)
    }
}

/// What an answer's stream holds.
pub(crate) struct Flow {
    /// The rest of the body; none once it ended.
    pub(crate) body: Option<Body>,
    /// What was read of it.
    pub(crate) decoding: Decoding,
    /// Makes errors.
    pub(crate) reporter: Reporter,
    /// The time limits.
    pub(crate) deadlines: Deadlines,
    /// Counts as a running call until the stream is over.
    pub(crate) permit: Option<Permit>,
    /// Where bodies are read to their end.
    pub(crate) drains: TaskTracker,
    /// Until when counts are waited for.
    pub(crate) grace: Option<Instant>,
    /// What the stream ends with, once everything before it went out.
    pub(crate) failure: Option<ModelError>,
}

impl Flow {
    /// The events as the port's stream.
    pub(crate) fn into_stream(self) -> ModelStream {
        stream::unfold(self, |mut flow| async move { flow.next().await.map(|event| (event, flow)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.decoding.pop() {
                if let ModelEvent::Usage(usage) = &event
                    && let Some(permit) = &mut self.permit
                {
                    permit.settle(usage.total());
                }
                return Some(Ok(event));
            }
            if self.body.is_none() {
                self.permit = None;
                return self.failure.take().map(Err);
            }
            match self.chunk().await {
                Ok(Some(chunk)) => match self.decoding.push(&chunk) {
                    Err(fault) => self.fault(&fault),
                    Ok(()) if self.decoding.is_done() => self.conclude(),
                    Ok(()) => {}
                },
                Ok(None) => self.conclude(),
                // All that was missing were counts.
                Err(_) if self.decoding.is_finished() => self.conclude(),
                Err(error) => self.fail(error),
            }
        }
    }

    /// The next bytes; nothing at the end of the body, or when only counts are missing and do not come.
    async fn chunk(&mut self) -> Result<Option<Bytes>, ModelError> {
        let Some(body) = &mut self.body else { return Ok(None) };
        let finished = self.decoding.is_finished();
        let limit = if finished {
            let until = *self.grace.get_or_insert_with(|| Instant::now() + GRACE);
            Some((until, GRACE, ""))
        } else {
            self.deadlines.next(self.decoding.has_begun())
        };
        let chunk = match limit {
            None => body.next().await,
            Some((until, after, what)) => match timeout_at(until, body.next()).await {
                Ok(chunk) => chunk,
                Err(_) if finished => return Ok(None),
                Err(_) => return Err(self.reporter.timeout(what, after)),
            },
        };
        chunk.transpose().map_err(|error| self.reporter.net(&error))
    }

    fn conclude(&mut self) {
        if let Err(fault) = self.decoding.end() {
            return self.fault(&fault);
        }
        if let Some(body) = self.body.take() {
            self.drain(body);
        }
    }

    fn fault(&mut self, fault: &Fault) {
        self.fail(self.reporter.fault(fault));
    }

    /// Ends with an error, after what the answer has cost where the model had begun.
    fn fail(&mut self, error: ModelError) {
        self.body = None;
        if self.decoding.has_begun() {
            self.decoding.account();
        }
        self.failure = Some(error);
    }

    /// Reads a body to its end, which usually is there already: a connection that is dropped before cannot be used again.
    fn drain(&self, mut body: Body) {
        if !matches!(body.next().now_or_never(), Some(None | Some(Err(_)))) {
            self.drains.spawn(async move {
                let _ = timeout(DRAIN, async { while let Some(Ok(_)) = body.next().await {} }).await;
            });
        }
    }
}

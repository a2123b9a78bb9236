//! What the server saw, for tests to look at.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;
use tokio::sync::watch;

/// A request as it came in, in the order in which bodies were complete.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The number of the inference request since the scenario was set, from 1; `None` for other requests.
    pub number: Option<u64>,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it came, since the server's start.
    pub at: Duration,
    /// The connection it came on, from 1.
    pub connection: u64,
    /// The place of the rule that answered it, from 0; `None` for the echo assistant and for refusals.
    pub rule: Option<usize>,
    /// The status it was answered with; `None` where the connection was dropped or nothing was answered.
    pub status: Option<u16>,
}

impl RecordedRequest {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The newest requests, and a count of all.
#[derive(Debug)]
pub(crate) struct Records {
    started: Instant,
    kept: Mutex<VecDeque<RecordedRequest>>,
    count: watch::Sender<usize>,
}

impl Records {
    /// An empty record that counts time from now.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), kept: Mutex::default(), count: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<RecordedRequest>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Adds a request, dropping the oldest beyond `limit`.
    pub(crate) fn add(&self, request: RecordedRequest, limit: usize) {
        let mut kept = self.lock();
        kept.push_back(request);
        while kept.len() > limit {
            kept.pop_front();
        }
        drop(kept);
        self.count.send_modify(|count| *count += 1);
    }

    /// The requests kept.
    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets all requests.
    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.count.send_replace(0);
    }

    /// Waits until so many requests were recorded since the start or the last clearing.
    pub(crate) async fn reach(&self, wanted: usize) {
        let mut count = self.count.subscribe();
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = count.wait_for(|count| *count >= wanted).await;
    }
}

//! What is seen of the service from outside: logs, metrics, traces.

pub mod log;
pub mod metrics;
pub mod trace;

use std::sync::Arc;

use axum::http::HeaderMap;
use troupe_core::event::Recorded;
use troupe_core::port::Observer;
use troupe_core::run::Tree;

use metrics::Metrics;
use trace::Traces;

/// Watches every run for metrics, and for traces where somebody collects them.
pub struct Watchers {
    metrics: Arc<Metrics>,
    traces: Option<Traces>,
}

impl Watchers {
    /// Counts into `metrics`, and traces to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
    pub fn new(metrics: Arc<Metrics>, traces: Option<Traces>) -> Self {
        Self { metrics, traces }
    }
}

impl Watchers {
    /// A request came that may start a run: its spans belong below the one that its headers name.
    pub fn expect(&self, request_id: &str, headers: &HeaderMap) {
        if let Some(traces) = &self.traces {
            traces.parents.expect(request_id, headers);
        }
    }

    /// Sends what waits to be sent, for a graceful stop.
    pub fn flush(&self) {
        if let Some(traces) = &self.traces {
            traces.flush();
        }
    }
}

impl Observer for Watchers {
    fn recorded(&self, tree: &Tree, recorded: &Recorded) {
        self.metrics.recorded(tree, recorded);
        if let Some(traces) = &self.traces {
            traces.recorded(tree, recorded);
        }
    }
}

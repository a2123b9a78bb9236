//! Health and metrics over HTTP, each on a port of its own.

use std::sync::Arc;

use axum::{Router, http::StatusCode, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::metrics::Metrics;

/// What Prometheus takes OpenMetrics for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `/metrics`.
pub fn metrics(listener: TcpListener, metrics: Metrics, tasks: &TaskTracker, stop: CancellationToken) {
    let answer = move || async move {
        match metrics.text() {
            Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    serve(listener, Router::new().route("/metrics", get(answer)), tasks, stop);
}

/// Serves `/healthz`, and `/readyz` with what is missing. A process that waits for the lease is ready: it can take
/// over, and an upgrade waits for nothing else.
pub fn health(
    listener: TcpListener,
    missing: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    tasks: &TaskTracker,
    stop: CancellationToken,
) {
    let ready = move || async move {
        match missing() {
            None => (StatusCode::OK, "ok".to_owned()),
            Some(missing) => (StatusCode::SERVICE_UNAVAILABLE, missing),
        }
    };
    let router = Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready));
    serve(listener, router, tasks, stop);
}

fn serve(listener: TcpListener, router: Router, tasks: &TaskTracker, stop: CancellationToken) {
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "a listener ended");
        }
    });
}

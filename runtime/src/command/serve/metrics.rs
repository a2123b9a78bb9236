//! `/metrics` on a port of its own: whoever collects metrics needs no right to run agents.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::app::App;
use crate::telemetry::metrics;

/// Serves `/metrics` until the service ends.
pub(super) fn serve(app: &Arc<App>, listener: TcpListener) {
    let router = Router::new().route("/metrics", get(render)).with_state(Arc::clone(app));
    let shutdown = app.shutdown.clone().cancelled_owned();
    app.tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
}

async fn render(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], app.metrics.render(app.engine.load()))
}

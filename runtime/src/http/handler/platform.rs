//! Health.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(alive, ready))]
pub struct Paths;

/// That the service is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    /// `ok`.
    pub status: &'static str,
}

/// That the service answers, and how busy it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ready`, or `stopping`.
    pub status: &'static str,
    /// Runs that are running.
    pub running: usize,
    /// Runs that wait for a slot.
    pub queued: usize,
}

/// Health, open to everyone.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// Ask whether the service is there
#[utoipa::path(get, path = "/healthz", tag = "platform",
    responses((status = 200, description = "It is", body = Alive)))]
async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Ask whether the service answers
#[utoipa::path(get, path = "/readyz", tag = "platform",
    responses((status = 200, description = "It does", body = Ready),
              (status = 503, description = "It is stopping, and takes nothing new on", body = Ready)))]
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Ready>) {
    let (running, queued) = app.engine.load();
    let (code, status) = if app.draining.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else {
        (StatusCode::OK, "ready")
    };
    (code, Json(Ready { status, running, queued }))
}

//! Health, and who asks.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::service::rights::Asker;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(alive, ready, whoami))]
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

/// Who asks, as the service knows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhoAmI {
    /// The user, to whom sessions and runs belong; empty where nobody is told apart.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// The namespace that the service is of; null outside a cluster.
    pub namespace: Option<String>,
}

/// Health, open to everyone, and who asks.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).route("/v1/whoami", get(whoami))
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

/// Ask as whom the service knows you
#[utoipa::path(get, path = "/v1/whoami", tag = "platform",
    responses((status = 200, description = "Who you are", body = WhoAmI)))]
async fn whoami(State(app): State<Arc<App>>, asker: Asker) -> Json<WhoAmI> {
    let groups = asker.identity().map(|identity| identity.groups.clone()).unwrap_or_default();
    let namespace = app.rights.namespace().map(str::to_owned);
    Json(WhoAmI { user: asker.user().to_owned(), groups, namespace })
}

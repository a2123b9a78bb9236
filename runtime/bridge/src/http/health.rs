//! `/healthz`: a real `tools/list`, since a process that runs may still answer nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Bridge;
use super::backend::Backend;
use super::session::own_process;
use crate::client::Identity;
use crate::pool::{Health, StdioError};

/// What is known of a server before its first session.
#[derive(Debug, Default)]
pub(super) enum Proof {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// A process was started to be asked. It outlives the request that started it: a server may take longer to start than
    /// a probe waits, and the next probe must meet it further on; and one that fails is left alone for a while.
    Sought(Arc<Backend>),
    /// It answered.
    Found,
}

/// 200 with `{status: "ok", tools}`, `{status: "busy", calls}` or `{status: "idle"}`, 503 with `{status: "failed", error}`.
pub(super) async fn check(State(bridge): State<Arc<Bridge>>) -> (StatusCode, Json<Value>) {
    match look(&bridge).await {
        Ok(Health::Answers { tools }) => (StatusCode::OK, Json(json!({ "status": "ok", "tools": tools }))),
        Ok(Health::Busy { calls }) => (StatusCode::OK, Json(json!({ "status": "busy", "calls": calls }))),
        Ok(Health::Idle) => (StatusCode::OK, Json(json!({ "status": "idle" }))),
        Err(error) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "failed", "error": error.to_string() })))
        }
    }
}

/// Without any session there is no process to ask, so one is started and asked until it has answered once; it tells
/// whether sessions will work. With sessions, one that answers is enough: the others are their clients' own.
async fn look(bridge: &Bridge) -> Result<Health, StdioError> {
    let running = bridge.sessions.running();
    if !running.is_empty() {
        let checks = running.iter().map(|backend| Box::pin(backend.pool().check()));
        return futures::future::select_ok(checks).await.map(|(health, _)| health);
    }
    let probe = match &mut *bridge.proof() {
        Proof::Found => return Ok(Health::Idle),
        Proof::Sought(probe) => Arc::clone(probe),
        unknown @ Proof::Unknown => {
            let probe = own_process(&bridge.server, Identity::default(), &bridge.tasks);
            *unknown = Proof::Sought(Arc::clone(&probe));
            probe
        }
    };
    let health = probe.pool().check().await?;
    *bridge.proof() = Proof::Found;
    bridge.tasks.spawn(async move { probe.pool().stop(Duration::ZERO).await });
    Ok(health)
}

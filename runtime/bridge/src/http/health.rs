//! `/healthz`: a real `tools/list`, since a process that runs may still answer nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Bridge;
use super::session::own_process;
use crate::client::Identity;
use crate::pool::{Health, StdioError};

/// 200 with `{status: "ok", tools}` or `{status: "idle"}`, 503 with `{status: "failed", error}`.
pub(super) async fn check(State(bridge): State<Arc<Bridge>>) -> (StatusCode, Json<Value>) {
    match look(&bridge).await {
        Ok(Health::Answers { tools }) => (StatusCode::OK, Json(json!({ "status": "ok", "tools": tools }))),
        Ok(Health::Idle) => (StatusCode::OK, Json(json!({ "status": "idle" }))),
        Err(error) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "failed", "error": error.to_string() })))
        }
    }
}

/// Without any session there is no process to ask, so one is started once and asked; it tells whether sessions will work.
async fn look(bridge: &Bridge) -> Result<Health, StdioError> {
    if let Some(backend) = bridge.sessions.any() {
        return backend.pool().check().await;
    }
    let mut proven = bridge.proven.lock().await;
    if *proven {
        return Ok(Health::Idle);
    }
    let probe = own_process(&bridge.server, Identity::default(), &bridge.tasks);
    let health = probe.pool().check().await?;
    probe.pool().stop(Duration::ZERO).await;
    *proven = true;
    Ok(health)
}

//! `/v1/env` (S1-158 to S1-162): names and masks, never values.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id};
use crate::service::env::{KNOWN, VariableInput};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/env", get(list).post(set))
        .route("/v1/env/detect", post(detect))
        .route("/v1/env/{key}", delete(remove))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    shown(&app)
}

async fn set(State(app): State<Arc<App>>, Body(input): Body<VariableInput>) -> Result<Json<Value>, Problem> {
    app.set_variable(input).await?;
    Ok(shown(&app))
}

async fn remove(State(app): State<Arc<App>>, Id(key): Id) -> Result<Json<Value>, Problem> {
    app.delete_variable(&key).await?;
    Ok(shown(&app))
}

async fn detect() -> Json<Value> {
    Json(json!({"keys": KNOWN}))
}

fn shown(app: &App) -> Json<Value> {
    Json(json!({"env": app.list_variables()}))
}

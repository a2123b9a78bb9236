//! `/v1/models` (S1-73 to S1-76), which OpenAI's clients read, too.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id};
use crate::service::models::ModelInput;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/models", get(list).post(register)).route("/v1/models/{id}", put(update).delete(delete))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let (data, models) = app.list_models().await;
    Json(json!({"object": "list", "data": data, "models": models}))
}

async fn register(
    State(app): State<Arc<App>>,
    Body(input): Body<ModelInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.register_model(input).await?;
    Ok((StatusCode::CREATED, Json(json!({"status": "registered", "model_id": id}))))
}

async fn update(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Body(input): Body<ModelInput>,
) -> Result<Json<Value>, Problem> {
    let id = app.update_model(&id, input).await?;
    Ok(Json(json!({"status": "updated", "model_id": id})))
}

async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    let id = app.delete_model(&id).await?;
    Ok(Json(json!({"status": "deleted", "model_id": id})))
}

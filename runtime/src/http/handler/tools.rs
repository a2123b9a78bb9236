//! `/v1/tools` (S1-78 to S1-84, S1-102).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete as deletion, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::infer::caller;
use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id};
use crate::service::tools::{BatchInput, BatchOutcome, CallInput, SkillInput, ToolInput};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/tools", get(list).post(register))
        .route("/v1/tools/batch", deletion(delete_batch))
        .route("/v1/tools/call", post(call))
        .route("/v1/tools/skill", post(register_skill))
        .route("/v1/tools/{id}", put(update).delete(delete))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"tools": app.list_tools().await}))
}

async fn register(
    State(app): State<Arc<App>>,
    Body(input): Body<ToolInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.register_tool(input).await?;
    Ok((StatusCode::CREATED, Json(json!({"status": "registered", "tool_id": id}))))
}

async fn update(State(app): State<Arc<App>>, Id(id): Id, Body(input): Body<ToolInput>) -> Result<Json<Value>, Problem> {
    let id = app.update_tool(&id, input).await?;
    Ok(Json(json!({"status": "updated", "tool_id": id})))
}

async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    app.delete_tool(&id).await?;
    Ok(Json(json!({"status": "deleted", "tool_id": id})))
}

async fn delete_batch(
    State(app): State<Arc<App>>,
    Body(input): Body<BatchInput>,
) -> Result<Json<BatchOutcome>, Problem> {
    app.delete_tools(input).await.map(Json)
}

async fn call(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(input): Body<CallInput>,
) -> Result<Json<Value>, Problem> {
    let result = app.call_tool(input, caller(&headers, "POST /v1/tools/call", &[])).await?;
    Ok(Json(json!({"result": result})))
}

async fn register_skill(
    State(app): State<Arc<App>>,
    Body(input): Body<SkillInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.register_skill(input).await?;
    Ok((StatusCode::CREATED, Json(json!({"status": "registered", "tool_id": id}))))
}

//! `/v1/agents` (S1-151 to S1-157), revisions and publishing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id, OptionalBody};
use crate::service::agents::{AgentConfig, AgentInput, PublishInput};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/agents", get(list).post(create))
        .route("/v1/agents/{id}", get(show).put(update).delete(delete))
        .route("/v1/agents/{id}/revisions", get(revisions))
        .route("/v1/agents/{id}/publish", post(publish))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"agents": app.list_agents().await}))
}

async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<AgentConfig>, Problem> {
    app.agent(&id).await.map(Json)
}

async fn create(
    State(app): State<Arc<App>>,
    Body(input): Body<AgentInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.create_agent(input).await?;
    Ok((StatusCode::CREATED, Json(json!({"status": "created", "agent_id": id}))))
}

async fn update(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Body(input): Body<AgentInput>,
) -> Result<Json<Value>, Problem> {
    let id = app.update_agent(&id, input).await?;
    Ok(Json(json!({"status": "updated", "agent_id": id})))
}

async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    let id = app.delete_agent(&id).await?;
    Ok(Json(json!({"status": "deleted", "agent_id": id})))
}

async fn revisions(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"items": app.agent_revisions(&id).await?})))
}

async fn publish(
    State(app): State<Arc<App>>,
    Id(id): Id,
    OptionalBody(input): OptionalBody<PublishInput>,
) -> Result<Json<Value>, Problem> {
    let revision = app.publish_agent(&id, input.unwrap_or_default()).await?;
    let status = if revision.is_some() { "published" } else { "unpublished" };
    Ok(Json(json!({"status": status, "agent_id": id, "revision": revision})))
}

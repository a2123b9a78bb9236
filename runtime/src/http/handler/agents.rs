//! `/v1/agents` (S1-151 to S1-157), revisions and publishing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::caller::{Author, ForceParams};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id, OptionalBody};
use crate::service::agents::{AgentConfig, AgentInput, PublishInput, RevisionItem};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, delete, revisions, publish))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/agents", get(list).post(create))
        .route("/v1/agents/{id}", get(show).put(update).delete(delete))
        .route("/v1/agents/{id}/revisions", get(revisions))
        .route("/v1/agents/{id}/publish", post(publish))
}

/// The agents.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentList {
    /// The last changed first.
    pub agents: Vec<AgentConfig>,
}

/// What was done to an agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentChanged {
    /// `created`, `updated` or `deleted`.
    pub status: &'static str,
    /// Its id.
    pub agent_id: String,
}

/// An agent's versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionList {
    /// The newest first.
    pub items: Vec<RevisionItem>,
}

/// Which version of an agent is served from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// `published` or `unpublished`.
    pub status: &'static str,
    /// The agent.
    pub agent_id: String,
    /// The version's hash; null where always the newest is served.
    pub revision: Option<String>,
}

/// List agents
#[utoipa::path(get, path = "/v1/agents", tag = "resources",
    responses((status = 200, description = "The agents", body = AgentList)))]
async fn list(State(app): State<Arc<App>>) -> Json<AgentList> {
    Json(AgentList { agents: app.list_agents().await })
}

/// Read an agent
#[utoipa::path(get, path = "/v1/agents/{id}", tag = "resources", params(("id" = String, Path, description = "The agent's id or name, percent-encoded")),
    responses((status = 200, description = "The agent", body = AgentConfig),
              (status = 404, description = "There is no such agent", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<AgentConfig>, Problem> {
    app.agent(&id).await.map(Json)
}

/// Create an agent
#[utoipa::path(post, path = "/v1/agents", tag = "resources", params(ForceParams), request_body = AgentInput,
    responses((status = 201, description = "It is there", body = AgentChanged),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn create(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<AgentInput>,
) -> Result<(StatusCode, Json<AgentChanged>), Problem> {
    let id = app.create_agent(&asker, input).await?;
    Ok((StatusCode::CREATED, Json(AgentChanged { status: "created", agent_id: id })))
}

/// Change the fields of an agent that the body has
#[utoipa::path(put, path = "/v1/agents/{id}", tag = "resources", params(("id" = String, Path, description = "The agent's id or name, percent-encoded"), ForceParams),
    request_body = AgentInput,
    responses((status = 200, description = "It is changed", body = AgentChanged),
              (status = 404, description = "There is no such agent", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn update(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
    Body(input): Body<AgentInput>,
) -> Result<Json<AgentChanged>, Problem> {
    let id = app.update_agent(&asker, &id, input).await?;
    Ok(Json(AgentChanged { status: "updated", agent_id: id }))
}

/// Delete an agent
#[utoipa::path(delete, path = "/v1/agents/{id}", tag = "resources", params(("id" = String, Path, description = "The agent's id or name, percent-encoded"), ForceParams),
    responses((status = 200, description = "It is gone", body = AgentChanged),
              (status = 404, description = "There is no such agent", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(State(app): State<Arc<App>>, Author(asker): Author, Id(id): Id) -> Result<Json<AgentChanged>, Problem> {
    let id = app.delete_agent(&asker, &id).await?;
    Ok(Json(AgentChanged { status: "deleted", agent_id: id }))
}

/// List an agent's versions that were valid, the newest first
#[utoipa::path(get, path = "/v1/agents/{id}/revisions", tag = "resources",
    params(("id" = String, Path, description = "The agent's id or name, percent-encoded")),
    responses((status = 200, description = "The versions", body = RevisionList),
              (status = 404, description = "There is no such agent", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn revisions(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<RevisionList>, Problem> {
    Ok(Json(RevisionList { items: app.agent_revisions(&id).await? }))
}

/// Choose the version of an agent that is served
#[utoipa::path(post, path = "/v1/agents/{id}/publish", tag = "resources",
    params(("id" = String, Path, description = "The agent's id or name, percent-encoded"), ForceParams), request_body = Option<PublishInput>,
    responses((status = 200, description = "It is chosen", body = Published),
              (status = 404, description = "There is no such agent", body = ProblemBody),
              (status = 409, description = "No version of it is valid", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn publish(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
    OptionalBody(input): OptionalBody<PublishInput>,
) -> Result<Json<Published>, Problem> {
    let revision = app.publish_agent(&asker, &id, input.unwrap_or_default()).await?;
    let status = if revision.is_some() { "published" } else { "unpublished" };
    Ok(Json(Published { status, agent_id: id, revision }))
}

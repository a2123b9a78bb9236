//! `/v1/models` (S1-73 to S1-76), which OpenAI's clients read, too.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Serialize;
use troupe_crds::Kind;
use troupe_identity::Access;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::caller::{Author, ForceParams};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id};
use crate::service::models::{ModelConfig, ModelInput, ModelObject};
use crate::service::rights::Asker;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(
    paths(list, register, update, delete),
    tags((name = "resources", description = "Models, tools, MCP servers, templates, agents, and all of them as manifests"))
)]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/models", get(list).post(register)).route("/v1/models/{id}", put(update).delete(delete))
}

/// Models twice: as OpenAI lists them, agents included, and as S1 does.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelList {
    /// `list`.
    pub object: &'static str,
    /// Models and agents: what `model` of a chat completion may be.
    pub data: Vec<ModelObject>,
    /// The models with their settings.
    pub models: Vec<ModelConfig>,
}

/// What was done to a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelChanged {
    /// `registered`, `updated` or `deleted`.
    pub status: &'static str,
    /// Its id.
    pub model_id: String,
}

/// List models
#[utoipa::path(get, path = "/v1/models", tag = "resources",
    responses((status = 200, description = "The models", body = ModelList)))]
async fn list(State(app): State<Arc<App>>, asker: Asker) -> Result<Json<ModelList>, Problem> {
    // Who may list models need not be one who may list agents.
    let with_agents = app.can(&asker, &Access::to("list", Kind::Agent.plural())).await?;
    let (data, models) = app.list_models(with_agents).await;
    Ok(Json(ModelList { object: "list", data, models }))
}

/// Register a model, or change the one of its id
#[utoipa::path(post, path = "/v1/models", tag = "resources", params(ForceParams), request_body = ModelInput,
    responses((status = 201, description = "It is registered", body = ModelChanged),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn register(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<ModelInput>,
) -> Result<(StatusCode, Json<ModelChanged>), Problem> {
    let id = app.register_model(&asker, input).await?;
    Ok((StatusCode::CREATED, Json(ModelChanged { status: "registered", model_id: id })))
}

/// Change a model; its id, too, where the body has another one
#[utoipa::path(put, path = "/v1/models/{id}", tag = "resources", params(("id" = String, Path, description = "The model's id or name, percent-encoded"), ForceParams),
    request_body = ModelInput,
    responses((status = 200, description = "It is changed", body = ModelChanged),
              (status = 404, description = "There is no such model", body = ProblemBody),
              (status = 409, description = "The new id is another model's", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn update(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
    Body(input): Body<ModelInput>,
) -> Result<Json<ModelChanged>, Problem> {
    let id = app.update_model(&asker, &id, input).await?;
    Ok(Json(ModelChanged { status: "updated", model_id: id }))
}

/// Delete a model and the Secret that was made for it
#[utoipa::path(delete, path = "/v1/models/{id}", tag = "resources", params(("id" = String, Path, description = "The model's id or name, percent-encoded"), ForceParams),
    responses((status = 200, description = "It is gone", body = ModelChanged),
              (status = 404, description = "There is no such model", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(State(app): State<Arc<App>>, Author(asker): Author, Id(id): Id) -> Result<Json<ModelChanged>, Problem> {
    let id = app.delete_model(&asker, &id).await?;
    Ok(Json(ModelChanged { status: "deleted", model_id: id }))
}

//! `/v1/tools` (S1-78 to S1-84, S1-102).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete as deletion, get, post, put};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::caller::{Author, ForceParams};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id};
use crate::service::rights::Caller;
use crate::service::tools::{BatchInput, BatchOutcome, CallInput, SkillInput, ToolConfig, ToolInput};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(list, register, update, delete, delete_batch, call, register_skill))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/tools", get(list).post(register))
        .route("/v1/tools/batch", deletion(delete_batch))
        .route("/v1/tools/call", post(call))
        .route("/v1/tools/skill", post(register_skill))
        .route("/v1/tools/{id}", put(update).delete(delete))
}

/// The tools.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToolList {
    /// Built-in ones, Tools, and what MCP servers offer.
    pub tools: Vec<ToolConfig>,
}

/// What was done to a tool.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToolChanged {
    /// `registered`, `updated` or `deleted`.
    pub status: &'static str,
    /// Its id.
    pub tool_id: String,
}

/// What a call of a tool gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallResult {
    /// The result: its text, or with `format: json` the JSON that it is.
    pub result: Value,
}

/// List tools
#[utoipa::path(get, path = "/v1/tools", tag = "resources",
    responses((status = 200, description = "The tools", body = ToolList)))]
async fn list(State(app): State<Arc<App>>) -> Json<ToolList> {
    Json(ToolList { tools: app.list_tools().await })
}

/// Register a tool, in place of one with its id
#[utoipa::path(post, path = "/v1/tools", tag = "resources", params(ForceParams), request_body = ToolInput,
    responses((status = 201, description = "It is registered", body = ToolChanged),
              (status = 403, description = "The id is a built-in tool's", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn register(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<ToolInput>,
) -> Result<(StatusCode, Json<ToolChanged>), Problem> {
    let id = app.register_tool(&asker, input).await?;
    Ok((StatusCode::CREATED, Json(ToolChanged { status: "registered", tool_id: id })))
}

/// Change a tool; its id, too, where the body has another one
#[utoipa::path(put, path = "/v1/tools/{id}", tag = "resources", params(("id" = String, Path, description = "The tool's id or name, percent-encoded"), ForceParams),
    request_body = ToolInput,
    responses((status = 200, description = "It is changed", body = ToolChanged),
              (status = 403, description = "It is built in", body = ProblemBody),
              (status = 404, description = "There is no such tool", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn update(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
    Body(input): Body<ToolInput>,
) -> Result<Json<ToolChanged>, Problem> {
    let id = app.update_tool(&asker, &id, input).await?;
    Ok(Json(ToolChanged { status: "updated", tool_id: id }))
}

/// Delete a tool; one that a server offers is offered no more
#[utoipa::path(delete, path = "/v1/tools/{id}", tag = "resources", params(("id" = String, Path, description = "The tool's id or name, percent-encoded"), ForceParams),
    responses((status = 200, description = "It is gone", body = ToolChanged),
              (status = 403, description = "It is built in", body = ProblemBody),
              (status = 404, description = "There is no such tool", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(State(app): State<Arc<App>>, Author(asker): Author, Id(id): Id) -> Result<Json<ToolChanged>, Problem> {
    app.delete_tool(&asker, &id).await?;
    Ok(Json(ToolChanged { status: "deleted", tool_id: id }))
}

/// Delete several tools
#[utoipa::path(delete, path = "/v1/tools/batch", tag = "resources", params(ForceParams), request_body = BatchInput,
    responses((status = 200, description = "Which are gone, which were not there, which are built in", body = BatchOutcome),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete_batch(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<BatchInput>,
) -> Result<Json<BatchOutcome>, Problem> {
    app.delete_tools(&asker, input).await.map(Json)
}

/// Call a tool without a model
#[utoipa::path(post, path = "/v1/tools/call", tag = "resources", request_body = CallInput,
    responses((status = 200, description = "The result", body = CallResult),
              (status = 400, description = "The request is wrong, or the tool failed: its text is `detail`", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(input): Body<CallInput>,
) -> Result<Json<CallResult>, Problem> {
    let result = app.call_tool(input, caller).await?;
    Ok(Json(CallResult { result }))
}

/// Register the skill in a folder
#[utoipa::path(post, path = "/v1/tools/skill", tag = "resources", params(ForceParams), request_body = SkillInput,
    responses((status = 201, description = "It is registered", body = ToolChanged),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn register_skill(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<SkillInput>,
) -> Result<(StatusCode, Json<ToolChanged>), Problem> {
    let id = app.register_skill(&asker, input).await?;
    Ok((StatusCode::CREATED, Json(ToolChanged { status: "registered", tool_id: id })))
}

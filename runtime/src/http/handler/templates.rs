//! `/v1/prompt-templates` (S1-109 to S1-112).

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
use crate::service::templates::{Preview, PreviewInput, Template, TemplateInput};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, delete, preview))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/prompt-templates", get(list).post(create))
        .route("/v1/prompt-templates/{id}", get(show).put(update).delete(delete))
        .route("/v1/prompt-templates/{id}/preview", post(preview))
}

/// The templates.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateList {
    /// By name.
    pub templates: Vec<Template>,
}

/// What was done to a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateChanged {
    /// `created`, `updated` or `deleted`.
    pub status: &'static str,
    /// Its id.
    pub template_id: String,
}

/// List templates
#[utoipa::path(get, path = "/v1/prompt-templates", tag = "resources",
    responses((status = 200, description = "The templates", body = TemplateList)))]
async fn list(State(app): State<Arc<App>>) -> Json<TemplateList> {
    Json(TemplateList { templates: app.list_templates() })
}

/// Read a template
#[utoipa::path(get, path = "/v1/prompt-templates/{id}", tag = "resources",
    params(("id" = String, Path, description = "The template's id or name, percent-encoded")),
    responses((status = 200, description = "The template", body = Template),
              (status = 404, description = "There is no such template", body = ProblemBody)))]
async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Template>, Problem> {
    app.template(&id).map(Json)
}

/// Create a template, or give the one of its id another text
#[utoipa::path(post, path = "/v1/prompt-templates", tag = "resources", params(ForceParams), request_body = TemplateInput,
    responses((status = 201, description = "It is there", body = TemplateChanged),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn create(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<TemplateInput>,
) -> Result<(StatusCode, Json<TemplateChanged>), Problem> {
    let id = app.create_template(&asker, input).await?;
    Ok((StatusCode::CREATED, Json(TemplateChanged { status: "created", template_id: id })))
}

/// Change a template's text, its id, or both
#[utoipa::path(put, path = "/v1/prompt-templates/{id}", tag = "resources",
    params(("id" = String, Path, description = "The template's id or name, percent-encoded"), ForceParams), request_body = TemplateInput,
    responses((status = 200, description = "It is changed", body = TemplateChanged),
              (status = 404, description = "There is no such template", body = ProblemBody),
              (status = 409, description = "The new id is another template's", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn update(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
    Body(input): Body<TemplateInput>,
) -> Result<Json<TemplateChanged>, Problem> {
    let id = app.update_template(&asker, &id, input).await?;
    Ok(Json(TemplateChanged { status: "updated", template_id: id }))
}

/// Delete a template
#[utoipa::path(delete, path = "/v1/prompt-templates/{id}", tag = "resources",
    params(("id" = String, Path, description = "The template's id or name, percent-encoded"), ForceParams),
    responses((status = 200, description = "It is gone", body = TemplateChanged),
              (status = 404, description = "There is no such template", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(id): Id,
) -> Result<Json<TemplateChanged>, Problem> {
    let id = app.delete_template(&asker, &id).await?;
    Ok(Json(TemplateChanged { status: "deleted", template_id: id }))
}

/// Render a template with arguments
#[utoipa::path(post, path = "/v1/prompt-templates/{id}/preview", tag = "resources",
    params(("id" = String, Path, description = "The template's id or name, percent-encoded")), request_body = Option<PreviewInput>,
    responses((status = 200, description = "The text", body = Preview),
              (status = 404, description = "There is no such template", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn preview(
    State(app): State<Arc<App>>,
    Id(id): Id,
    OptionalBody(input): OptionalBody<PreviewInput>,
) -> Result<Json<Preview>, Problem> {
    app.preview_template(&id, &input.unwrap_or_default()).map(Json)
}

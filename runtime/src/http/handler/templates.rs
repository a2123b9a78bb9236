//! `/v1/prompt-templates` (S1-109 to S1-112).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id, OptionalBody};
use crate::service::templates::{Preview, PreviewInput, Template, TemplateInput};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/prompt-templates", get(list).post(create))
        .route("/v1/prompt-templates/{id}", get(show).put(update).delete(delete))
        .route("/v1/prompt-templates/{id}/preview", post(preview))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"templates": app.list_templates()}))
}

async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Template>, Problem> {
    app.template(&id).map(Json)
}

async fn create(
    State(app): State<Arc<App>>,
    Body(input): Body<TemplateInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = app.create_template(input).await?;
    Ok((StatusCode::CREATED, Json(json!({"status": "created", "template_id": id}))))
}

async fn update(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Body(input): Body<TemplateInput>,
) -> Result<Json<Value>, Problem> {
    let id = app.update_template(&id, input).await?;
    Ok(Json(json!({"status": "updated", "template_id": id})))
}

async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, Problem> {
    let id = app.delete_template(&id).await?;
    Ok(Json(json!({"status": "deleted", "template_id": id})))
}

async fn preview(
    State(app): State<Arc<App>>,
    Id(id): Id,
    OptionalBody(input): OptionalBody<PreviewInput>,
) -> Result<Json<Preview>, Problem> {
    app.preview_template(&id, &input.unwrap_or_default()).map(Json)
}

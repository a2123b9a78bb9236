//! A model as OpenAI's clients ask for it: `GET /v1/models/{id}`. Lists and changes are S1's, in `models`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;

use crate::app::App;
use crate::http::error::openai::{OpenAiErrorBody, OpenAiProblem};
use crate::http::extract::Id;
use crate::service::models::ModelObject;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(show, show_below))]
pub struct Paths;

/// The routes of this file. Clients write the slash of `agent/NAME` as it is, or percent-encoded.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/models/{id}", get(show)).route("/v1/models/{owner}/{name}", get(show_below))
}

/// Read a model in OpenAI's form
#[utoipa::path(get, path = "/v1/models/{id}", tag = "inference",
    params(("id" = String, Path, description = "A model's id or name, or `agent/NAME`, percent-encoded")),
    responses((status = 200, description = "The model", body = ModelObject),
              (status = 404, description = "There is no such model", body = OpenAiErrorBody)))]
async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<ModelObject>, OpenAiProblem> {
    Ok(app.openai_model(&id).await.map(Json)?)
}

/// Read a model in OpenAI's form whose id has a slash
#[utoipa::path(get, path = "/v1/models/{owner}/{name}", tag = "inference",
    params(("owner" = String, Path, description = "`agent`, or what stands before the slash"),
           ("name" = String, Path, description = "What stands behind it")),
    responses((status = 200, description = "The model", body = ModelObject),
              (status = 404, description = "There is no such model", body = OpenAiErrorBody)))]
async fn show_below(
    State(app): State<Arc<App>>,
    Id((owner, name)): Id<(String, String)>,
) -> Result<Json<ModelObject>, OpenAiProblem> {
    Ok(app.openai_model(&format!("{owner}/{name}")).await.map(Json)?)
}

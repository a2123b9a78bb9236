//! `/v1/env` (S1-158 to S1-162): names and masks, never values.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id};
use crate::service::env::{KNOWN, VariableInput};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(list, set, remove, detect))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/env", get(list).post(set))
        .route("/v1/env/detect", post(detect))
        .route("/v1/env/{key}", delete(remove))
}

/// The variables that the service keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Variables {
    /// Each with a mask in place of its value.
    #[schema(value_type = BTreeMap<String, String>)]
    pub env: BTreeMap<String, &'static str>,
}

/// Names of variables.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownVariables {
    /// Those that the service reads.
    #[schema(value_type = Vec<String>)]
    pub keys: [&'static str; KNOWN.len()],
}

/// List the variables that are kept
#[utoipa::path(get, path = "/v1/env", tag = "platform",
    responses((status = 200, description = "Names and masks", body = Variables)))]
async fn list(State(app): State<Arc<App>>) -> Json<Variables> {
    shown(&app)
}

/// Keep a variable
#[utoipa::path(post, path = "/v1/env", tag = "platform", request_body = VariableInput,
    responses((status = 200, description = "Names and masks", body = Variables),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn set(State(app): State<Arc<App>>, Body(input): Body<VariableInput>) -> Result<Json<Variables>, Problem> {
    app.set_variable(input).await?;
    Ok(shown(&app))
}

/// Remove a variable; one that is not there is no error
#[utoipa::path(delete, path = "/v1/env/{key}", tag = "platform",
    params(("key" = String, Path, description = "The variable's name, percent-encoded")),
    responses((status = 200, description = "Names and masks", body = Variables),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn remove(State(app): State<Arc<App>>, Id(key): Id) -> Result<Json<Variables>, Problem> {
    app.delete_variable(&key).await?;
    Ok(shown(&app))
}

/// List the variables that the service reads
#[utoipa::path(post, path = "/v1/env/detect", tag = "platform",
    responses((status = 200, description = "Their names", body = KnownVariables)))]
async fn detect() -> Json<KnownVariables> {
    Json(KnownVariables { keys: KNOWN })
}

fn shown(app: &App) -> Json<Variables> {
    Json(Variables { env: app.list_variables() })
}

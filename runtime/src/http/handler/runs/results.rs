//! What came of a run: its steps, and the results that are kept as artifacts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::Id;
use crate::service::rights::Asker;
use crate::service::runs::steps::{Step, steps};
use crate::service::runs::view::Artifact;

/// The timeline of a run.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepList {
    /// Model steps with attempts and calls, sub-agents' included.
    pub steps: Vec<Step>,
}

/// Read a run's steps
#[utoipa::path(get, path = "/v1/runs/{id}/steps", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The steps", body = StepList),
              (status = 404, description = "There is no such run", body = ProblemBody)))]
pub(super) async fn list_steps(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
) -> Result<Json<StepList>, Problem> {
    let known = app.known_run(app.run_for(&asker, &id, "get").await?).await?;
    Ok(Json(StepList { steps: steps(&known.events) }))
}

/// Results that were cut, kept whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArtifactList {
    /// The results.
    pub artifacts: Vec<Artifact>,
}

/// List a run's artifacts
#[utoipa::path(get, path = "/v1/runs/{id}/artifacts", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The artifacts", body = ArtifactList),
              (status = 404, description = "There is no such run", body = ProblemBody)))]
pub(super) async fn list_artifacts(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
) -> Result<Json<ArtifactList>, Problem> {
    let run = app.run_for(&asker, &id, "get").await?;
    Ok(Json(ArtifactList { artifacts: app.artifacts_of(run).await? }))
}

/// Download an artifact
#[utoipa::path(get, path = "/v1/runs/{id}/artifacts/{hash}", tag = "runs",
    params(("id" = String, Path, description = "The run"), ("hash" = String, Path, description = "Its address")),
    responses((status = 200, description = "The whole result", content_type = "application/octet-stream"),
              (status = 404, description = "The run has no such artifact", body = ProblemBody)))]
pub(super) async fn download(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id((id, hash)): Id<(String, String)>,
) -> Result<Response, Problem> {
    let (artifact, content) = app.artifact_of(app.run_for(&asker, &id, "get").await?, &hash).await?;
    let name = format!("attachment; filename=\"{}.txt\"", artifact.hash);
    let name = HeaderValue::from_str(&name).map_err(|error| Problem::internal(&error))?;
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, name);
    // It is what a tool gave: never to be shown as a page of this origin.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

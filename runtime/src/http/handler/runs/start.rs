//! Starting runs: of agents, once more of what is over, of drafts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Id, Raw, read};
use crate::service::rights::{Asker, Caller};
use crate::service::runs::start::{Begun, RunInput};
use crate::service::runs::view::Run;

/// Run an agent
///
/// The run is kept: disconnecting does not stop it. Follow it with its events, or `wait` for its end.
#[utoipa::path(post, path = "/v1/agents/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The agent's name or id"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run")),
    request_body = RunInput,
    responses((status = 201, description = "The run was created", body = Run),
              (status = 200, description = "The run that the same key made before; or a dry run", body = Run),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Id(agent): Id,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Response, Problem> {
    let input: RunInput = read(&body)?;
    let caller = caller.on(&format!("POST /v1/agents/{agent}/runs"), &body);
    match app.start_run(&agent, input, caller).await? {
        Begun::Dry(dry) => Ok(Json(dry).into_response()),
        Begun::Run(run, existing) => created(&app.run_view(run).await?, existing),
    }
}

fn created(run: &Run, existing: bool) -> Result<Response, Problem> {
    let status = if existing { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = (status, Json(run)).into_response();
    let place = HeaderValue::from_str(&format!("/v1/runs/{}", run.summary.id));
    response.headers_mut().insert(header::LOCATION, place.map_err(|error| Problem::internal(&error))?);
    Ok(response)
}

fn unserved(kind: &str, name: &str) -> Problem {
    Problem::not_found(format!("{kind} {name:?} cannot be run: {kind}s are not served yet; run an agent instead"))
}

/// Run a team (not served yet)
#[utoipa::path(post, path = "/v1/teams/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The team's name or id")),
    responses((status = 404, description = "Teams are not served yet", body = ProblemBody)))]
pub(super) async fn create_of_team(Id(id): Id) -> Problem {
    unserved("team", &id)
}

/// Run a workflow (not served yet)
#[utoipa::path(post, path = "/v1/workflows/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The workflow's name or id")),
    responses((status = 404, description = "Workflows are not served yet", body = ProblemBody)))]
pub(super) async fn create_of_workflow(Id(id): Id) -> Problem {
    unserved("workflow", &id)
}

/// Run a skill (not served yet)
#[utoipa::path(post, path = "/v1/skills/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The skill's name or id")),
    responses((status = 404, description = "Skills are not served yet", body = ProblemBody)))]
pub(super) async fn create_of_skill(Id(id): Id) -> Problem {
    unserved("skill", &id)
}

/// Run once more what is over
///
/// The same input: with the agent as it is now, or with the same composition of a model and tools.
#[utoipa::path(post, path = "/v1/runs/{id}/retry", tag = "runs",
    params(("id" = String, Path, description = "The run"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run")),
    responses((status = 201, description = "The new run", body = Run),
              (status = 409, description = "The run is not over", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn retry(State(app): State<Arc<App>>, Id(id): Id, caller: Caller) -> Result<Response, Problem> {
    let run = app.run_for(&caller.asker, &id, "update").await?;
    let caller = caller.on(&format!("POST /v1/runs/{run}/retry"), &[]);
    let (again, existing) = app.retry_run(run, caller).await?;
    created(&app.run_view(again).await?, existing)
}

/// Dispatch a draft, or a run that is dispatched by name
#[utoipa::path(post, path = "/v1/runs/{id}/dispatch", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = Run),
              (status = 409, description = "The run is over", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn dispatch(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Run>, Problem> {
    Ok(Json(app.dispatch_run(&asker, &id).await?))
}

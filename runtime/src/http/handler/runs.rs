//! Runs: list and read; what starts them, follows them, answers them and reads their results stands in files beside.

pub mod answer;
pub mod events;
pub mod results;
pub mod start;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use troupe_core::id::Timestamp;
use troupe_core::port::RunState;
use troupe_store::RunFilter;
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::App;
use crate::frame::event::RunEvent;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Id, Params};
use crate::service::rights::Asker;
use crate::service::runs::run_id;
use crate::service::runs::start::DryRun;
use crate::service::runs::view::{Run, RunSummary, summary};
use crate::wire::parse_timestamp;

/// How many entries a page has where the request does not say, and at most.
const PAGE: (usize, usize) = (50, 500);

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        start::create,
        start::create_of_team,
        start::create_of_workflow,
        start::create_of_skill,
        list,
        read_one,
        events::events,
        answer::cancel,
        answer::approve,
        answer::input,
        start::retry,
        start::dispatch,
        results::list_steps,
        results::list_artifacts,
        results::download
    ),
    components(schemas(RunEvent, DryRun))
)]
pub struct Paths;

/// The routes of runs.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/agents/{id}/runs", post(start::create))
        .route("/v1/teams/{id}/runs", post(start::create_of_team))
        .route("/v1/workflows/{id}/runs", post(start::create_of_workflow))
        .route("/v1/skills/{id}/runs", post(start::create_of_skill))
        .route("/v1/runs", get(list))
        .route("/v1/runs/{id}", get(read_one))
        .route("/v1/runs/{id}/events", get(events::events))
        .route("/v1/runs/{id}/cancel", post(answer::cancel))
        .route("/v1/runs/{id}/approvals/{call_id}", post(answer::approve))
        .route("/v1/runs/{id}/input", post(answer::input))
        .route("/v1/runs/{id}/retry", post(start::retry))
        .route("/v1/runs/{id}/dispatch", post(start::dispatch))
        .route("/v1/runs/{id}/steps", get(results::list_steps))
        .route("/v1/runs/{id}/artifacts", get(results::list_artifacts))
        .route("/v1/runs/{id}/artifacts/{hash}", get(results::download))
}

/// Which runs are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// `agent` or `adhoc`.
    kind: Option<String>,
    /// The target's name.
    target: Option<String>,
    /// The session.
    session: Option<String>,
    /// `draft`, `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    status: Option<String>,
    /// Only those created at this time (RFC 3339) or later.
    since: Option<String>,
    /// Only those created before this time (RFC 3339).
    until: Option<String>,
    /// At most this many; 50, at most 500.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// What to send as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The answer to a parameter or field with a wrong value.
pub(super) fn wrong(field: &str, problem: &str) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
}

/// A time that a parameter gives.
pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let read = |text| parse_timestamp(text).ok_or_else(|| wrong(field, "use a time such as 2026-04-21T00:00:00Z"));
    text.map(read).transpose()
}

fn page(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        Some(limit) if limit == 0 || limit > PAGE.1 => Err(wrong("limit", &format!("from 1 to {}", PAGE.1))),
        limit => Ok(limit.unwrap_or(PAGE.0)),
    }
}

/// List runs
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(ListParams),
    responses((status = 200, description = "A page of runs", body = RunList),
              (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(params): Params<ListParams>,
) -> Result<Json<RunList>, Problem> {
    let limit = page(params.limit)?;
    let state = params.status.as_deref().map(|word| {
        RunState::parse(word)
            .ok_or_else(|| wrong("status", "use draft, queued, running, waiting, completed, failed or cancelled"))
    });
    let after = params.cursor.as_deref().map(|cursor| run_id(cursor).map_err(|_| wrong("cursor", "it is no cursor")));
    let filter = RunFilter {
        since: time("since", params.since.as_deref())?,
        until: time("until", params.until.as_deref())?,
        kind: params.kind,
        target: params.target,
        session: params.session,
        state: state.transpose()?,
        owner: app.whose_runs(&asker).await?,
        after: after.transpose()?,
        limit,
    };
    let rows = app.store.runs(&filter).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(Json(RunList { runs: rows.iter().map(summary).collect(), next_cursor }))
}

/// Read a run
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = Run),
              (status = 404, description = "There is no such run", body = ProblemBody)))]
async fn read_one(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Run>, Problem> {
    Ok(Json(app.run_view(app.run_for(&asker, &id, "get").await?).await?))
}

//! What was used: `GET /v1/usage`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use troupe_core::model::Usage;
use troupe_store::UsageFilter;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::runs::time;
use crate::app::App;
use crate::frame::event::Tokens;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::Params;
use crate::service::rights::Asker;
use crate::wire::instant;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(usage))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/usage", get(usage))
}

/// Whose usage is summed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// The session.
    session: Option<String>,
    /// Runs created at this time or later (RFC 3339).
    since: Option<String>,
    /// Runs created before this time (RFC 3339).
    until: Option<String>,
}

/// What one target used with one model on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageOfDay {
    /// The day (UTC), such as `2026-04-21`.
    pub day: String,
    /// `agent` or `adhoc`.
    pub kind: String,
    /// The target.
    pub target: String,
    /// The model.
    pub model: String,
    /// Runs.
    pub runs: i64,
    /// Tokens.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
}

/// Usage by day, target and model, latest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageReport {
    /// The rows.
    pub usage: Vec<UsageOfDay>,
    /// Tokens of all of them.
    pub total: Tokens,
    /// Cost of all of them, in micro-units.
    pub cost: i64,
}

/// Read what was used
#[utoipa::path(get, path = "/v1/usage", tag = "platform", params(UsageParams),
    responses((status = 200, description = "Tokens and cost of kept runs", body = UsageReport),
              (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn usage(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(params): Params<UsageParams>,
) -> Result<Json<UsageReport>, Problem> {
    let (since, until) = (time("since", params.since.as_deref())?, time("until", params.until.as_deref())?);
    let owner = app.whose_runs(&asker).await?;
    let rows = app.store.usage(&UsageFilter { owner, session: params.session, since, until }).await?;
    let mut total = Usage::default();
    let mut cost = 0;
    let mut days = Vec::with_capacity(rows.len());
    for row in rows {
        total.add(&row.usage);
        cost += row.cost;
        // Days are counted in microseconds' days; the first ten letters of a time are its date.
        let day = instant(row.day.saturating_mul(86_400_000_000)).chars().take(10).collect();
        let usage = (&row.usage).into();
        let (kind, target, model) = (row.kind, row.target, row.model);
        days.push(UsageOfDay { day, kind, target, model, runs: row.runs, usage, cost: row.cost });
    }
    Ok(Json(UsageReport { usage: days, total: (&total).into(), cost }))
}

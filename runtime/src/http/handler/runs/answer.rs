//! What people and callers tell a run: to end, whether to make a call, what a call of their own gave.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use troupe_core::engine::Command;
use troupe_core::tool::ToolResult;
use utoipa::ToSchema;

use super::wrong;
use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id, OptionalBody};
use crate::service::rights::Asker;
use crate::service::runs::call_id;
use crate::service::runs::view::Run;

/// How a run is ended.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInput {
    /// Kill its processes at once.
    #[serde(default)]
    forced: Option<bool>,
    /// Why; it is kept with the run.
    #[serde(default)]
    reason: Option<String>,
}

/// Cancel a run
///
/// What it said so far stays. Cancelling what is over changes nothing.
#[utoipa::path(post, path = "/v1/runs/{id}/cancel", tag = "runs", params(("id" = String, Path, description = "The run")),
    request_body = Option<CancelInput>,
    responses((status = 200, description = "The run", body = Run),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    OptionalBody(input): OptionalBody<CancelInput>,
) -> Result<Json<Run>, Problem> {
    let input = input.unwrap_or_default();
    let by = input.reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "cancelled by the user".to_owned());
    let command = Command::Cancel { by, forced: input.forced.unwrap_or(false) };
    Ok(Json(app.tell_run(app.run_for(&asker, &id, "delete").await?, command).await?))
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Make the call.
    Approve,
    /// Do not.
    Reject,
}

/// An answer to a request for approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalInput {
    /// The answer.
    decision: Decision,
    /// Other arguments for the call; only with `approve`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    arguments: Option<Map<String, Value>>,
    /// Why; the model is told on refusal.
    #[serde(default)]
    comment: Option<String>,
}

/// Approve or reject a call
#[utoipa::path(post, path = "/v1/runs/{id}/approvals/{call_id}", tag = "runs",
    params(("id" = String, Path, description = "The run"), ("call_id" = String, Path, description = "The call")),
    request_body = ApprovalInput,
    responses((status = 200, description = "The run", body = Run),
              (status = 409, description = "The call does not wait for approval", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id((id, call)): Id<(String, String)>,
    Body(input): Body<ApprovalInput>,
) -> Result<Json<Run>, Problem> {
    let (run, call) = (app.run_for(&asker, &id, "update").await?, call_id(&call)?);
    let approved = input.decision == Decision::Approve;
    if !approved && input.arguments.is_some() {
        return Err(wrong("arguments", "a rejected call has none; approve it, or leave them out"));
    }
    let comment = input.comment.filter(|comment| !comment.is_empty());
    let by = comment.map_or_else(|| "the user".to_owned(), |comment| format!("the user: {comment}"));
    let arguments = input.arguments.map(|arguments| Value::Object(arguments).to_string());
    Ok(Json(app.tell_run(run, Command::Decide { call, approved, arguments, by }).await?))
}

/// The result of a call that the caller made itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultInput {
    /// The call.
    call_id: String,
    /// The result: a text, or any JSON.
    #[schema(value_type = Value)]
    content: Value,
    /// The call failed; `content` says how.
    #[serde(default)]
    is_error: Option<bool>,
}

/// Give the result of a call of one of the caller's tools
#[utoipa::path(post, path = "/v1/runs/{id}/input", tag = "runs", params(("id" = String, Path, description = "The run")),
    request_body = ResultInput,
    responses((status = 200, description = "The run", body = Run),
              (status = 409, description = "The call does not wait for a result", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn input(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Body(input): Body<ResultInput>,
) -> Result<Json<Run>, Problem> {
    let run = app.run_for(&asker, &id, "update").await?;
    let call = call_id(&input.call_id).map_err(|problem| wrong("call_id", problem.detail()))?;
    let (text, structured) = match input.content {
        Value::String(text) => (text, None),
        other => (other.to_string(), Some(other)),
    };
    let result = match input.is_error {
        Some(true) => ToolResult { structured, ..ToolResult::error(text) },
        _ => ToolResult { structured, ..ToolResult::text(text) },
    };
    Ok(Json(app.tell_run(run, Command::Input { call, result }).await?))
}

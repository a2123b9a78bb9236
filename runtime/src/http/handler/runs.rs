//! Runs: start, list, read, follow, answer, cancel; and what they used.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use troupe_core::engine::Command;
use troupe_core::port::RunState;
use troupe_core::stream::ItemId;
use troupe_core::tool::ToolResult;
use troupe_store::{RunFilter, UsageFilter};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::App;
use crate::frame::Framer;
use crate::frame::event::{RunEvent, Tokens};
use crate::frame::resume::Resuming;
use crate::frame::s1::{About, S1Framer};
use crate::frame::typed::TypedFramer;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id, OptionalBody, Params, Raw, read};
use crate::http::sse;
use crate::service::rights::{Asker, Caller};
use crate::service::runs::start::{Begun, DryRun, RunInput};
use crate::service::runs::steps::{Step, steps};
use crate::service::runs::view::{Artifact, Run, RunSummary, summary};
use crate::service::runs::{call_id, run_id};
use crate::wire::{instant, parse_timestamp};

/// How many entries a page has where the request does not say, and at most.
const PAGE: (usize, usize) = (50, 500);

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        create,
        create_of_team,
        create_of_workflow,
        create_of_skill,
        list,
        read_one,
        events,
        cancel,
        approve,
        input,
        retry,
        dispatch,
        list_steps,
        list_artifacts,
        download,
        usage
    ),
    components(schemas(RunEvent, DryRun))
)]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/agents/{id}/runs", post(create))
        .route("/v1/teams/{id}/runs", post(create_of_team))
        .route("/v1/workflows/{id}/runs", post(create_of_workflow))
        .route("/v1/skills/{id}/runs", post(create_of_skill))
        .route("/v1/runs", get(list))
        .route("/v1/runs/{id}", get(read_one))
        .route("/v1/runs/{id}/events", get(events))
        .route("/v1/runs/{id}/cancel", post(cancel))
        .route("/v1/runs/{id}/approvals/{call_id}", post(approve))
        .route("/v1/runs/{id}/input", post(input))
        .route("/v1/runs/{id}/retry", post(retry))
        .route("/v1/runs/{id}/dispatch", post(dispatch))
        .route("/v1/runs/{id}/steps", get(list_steps))
        .route("/v1/runs/{id}/artifacts", get(list_artifacts))
        .route("/v1/runs/{id}/artifacts/{hash}", get(download))
        .route("/v1/usage", get(usage))
}

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
async fn create(
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
async fn create_of_team(Id(id): Id) -> Problem {
    unserved("team", &id)
}

/// Run a workflow (not served yet)
#[utoipa::path(post, path = "/v1/workflows/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The workflow's name or id")),
    responses((status = 404, description = "Workflows are not served yet", body = ProblemBody)))]
async fn create_of_workflow(Id(id): Id) -> Problem {
    unserved("workflow", &id)
}

/// Run a skill (not served yet)
#[utoipa::path(post, path = "/v1/skills/{id}/runs", tag = "runs",
    params(("id" = String, Path, description = "The skill's name or id")),
    responses((status = 404, description = "Skills are not served yet", body = ProblemBody)))]
async fn create_of_skill(Id(id): Id) -> Problem {
    unserved("skill", &id)
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

fn wrong(field: &str, problem: &str) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
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
    let time = |field: &str, text: Option<&str>| {
        let read = text.map(|text| parse_timestamp(text).ok_or_else(|| wrong(field, "it is no RFC 3339 time")));
        read.transpose()
    };
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

/// How a run's events are read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// `typed` (default), or `s1`: the frames of `/v1/infer/stream`.
    format: Option<String>,
    /// The last id received; the header `Last-Event-ID` wins.
    last_event_id: Option<String>,
    /// Answer with a page of JSON: the events behind this id; `0.0` for the first page.
    after: Option<String>,
    /// The most events of a page of JSON; 50, at most 500.
    limit: Option<usize>,
}

/// A page of a run's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    pub events: Vec<RunEvent>,
    /// What to send as `after` for the next page.
    pub next: String,
    /// Whether the run is over and nothing follows.
    pub done: bool,
}

fn item_id(field: &str, text: &str) -> Result<ItemId, Problem> {
    text.parse().map_err(|error: troupe_core::stream::NotAnItemId| wrong(field, &error.to_string()))
}

/// Follow a run
///
/// Server-sent events, each one `RunEvent` as JSON with its id; ends with the run. `Last-Event-ID` goes on behind an id
/// without loss or repetition. With `after` a page of JSON instead.
#[utoipa::path(get, path = "/v1/runs/{id}/events", tag = "runs",
    params(("id" = String, Path, description = "The run"), EventParams,
           ("Last-Event-ID" = Option<String>, Header, description = "The last id received")),
    responses((status = 200, description = "The events",
               content((RunEvent = "text/event-stream"), (EventPage = "application/json"))),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn events(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Params(params): Params<EventParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (run, limit) = (app.run_for(&asker, &id, "get").await?, page(params.limit)?);
    if let Some(after) = &params.after {
        let after = item_id("after", after)?;
        return event_page(&app, run, after, limit).await;
    }
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let last = match (header, params.last_event_id.as_deref()) {
        (Some(id), _) => Some(item_id("Last-Event-ID", id)?),
        (None, Some(id)) => Some(item_id("last_event_id", id)?),
        (None, None) => None,
    };
    let typed = match params.format.as_deref() {
        None | Some("typed") => true,
        Some("s1") => false,
        Some(_) => return Err(wrong("format", "use typed or s1")),
    };
    let (subscription, snapshot) = app.follow(run).await?;
    let framer: Box<dyn Framer> = if typed {
        Box::new(TypedFramer::new(run, snapshot))
    } else {
        let title = app.title_of(run).await?;
        Box::new(S1Framer::new(run, snapshot, About { title, has_system_prompt: false }))
    };
    let framer = match last {
        Some(last) => Box::new(Resuming::new(framer, last)),
        None => framer,
    };
    Ok(sse::stream(subscription, framer, None))
}

/// A page never splits the events of one cause: they share an id.
async fn event_page(
    app: &Arc<App>,
    run: troupe_core::id::RunId,
    after: ItemId,
    limit: usize,
) -> Result<Response, Problem> {
    let (mut subscription, snapshot) = app.follow(run).await?;
    let mut framer = TypedFramer::new(run, snapshot);
    let (mut events, mut next) = (Vec::new(), after);
    while events.len() < limit {
        let Some(item) = subscription.ready() else { break };
        let mut of_item = Vec::new();
        framer.take(&item, &mut of_item);
        if item.id() > after {
            events.extend(of_item);
            next = item.id();
        }
    }
    let done = subscription.is_over();
    Ok(Json(EventPage { events, next: next.to_string(), done }).into_response())
}

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
async fn cancel(
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
async fn approve(
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
async fn input(
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

/// Run once more what is over
///
/// The same input: with the agent as it is now, or with the same composition of a model and tools.
#[utoipa::path(post, path = "/v1/runs/{id}/retry", tag = "runs",
    params(("id" = String, Path, description = "The run"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run")),
    responses((status = 201, description = "The new run", body = Run),
              (status = 409, description = "The run is not over", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn retry(State(app): State<Arc<App>>, Id(id): Id, caller: Caller) -> Result<Response, Problem> {
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
async fn dispatch(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Run>, Problem> {
    Ok(Json(app.dispatch_run(&asker, &id).await?))
}

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
async fn list_steps(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<StepList>, Problem> {
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
async fn list_artifacts(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<ArtifactList>, Problem> {
    let run = app.run_for(&asker, &id, "get").await?;
    Ok(Json(ArtifactList { artifacts: app.artifacts_of(run).await? }))
}

/// Download an artifact
#[utoipa::path(get, path = "/v1/runs/{id}/artifacts/{hash}", tag = "runs",
    params(("id" = String, Path, description = "The run"), ("hash" = String, Path, description = "Its address")),
    responses((status = 200, description = "The whole result", content_type = "application/octet-stream"),
              (status = 404, description = "The run has no such artifact", body = ProblemBody)))]
async fn download(
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
    let time = |field: &str, text: Option<&String>| {
        let read = |text: &String| {
            parse_timestamp(text).ok_or_else(|| wrong(field, "use a time such as 2026-04-21T00:00:00Z"))
        };
        text.map(read).transpose()
    };
    let (since, until) = (time("since", params.since.as_ref())?, time("until", params.until.as_ref())?);
    let owner = app.whose_runs(&asker).await?;
    let rows = app.store.usage(&UsageFilter { owner, session: params.session, since, until }).await?;
    let mut total = troupe_core::model::Usage::default();
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

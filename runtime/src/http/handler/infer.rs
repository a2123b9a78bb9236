//! S1's inference: `/v1/infer`, `/v1/infer/stream`, `/v1/infer/abort` (S1-53 to S1-64).

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Map, Value};
use troupe_core::engine::Command;
use troupe_core::id::RunId;
use utoipa::OpenApi;

use crate::app::App;
use crate::frame::described::{S1Answer, S1Frame};
use crate::frame::s1::{Collected, Failure, S1Delta};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Raw, read};
use crate::http::sse;
use crate::service::infer::{InferInput, Inference};
use crate::service::rights::{Asker, Caller};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(infer, stream, abort))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/infer", post(infer))
        .route("/v1/infer/stream", post(stream))
        .route("/v1/infer/abort", post(abort))
}

/// Cancels a stateless run when its caller is gone.
pub struct CancelOnDrop {
    app: Arc<App>,
    run: RunId,
}

impl CancelOnDrop {
    /// Watches over `run`.
    pub fn new(app: &Arc<App>, run: RunId) -> Self {
        Self { app: Arc::clone(app), run }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let (app, run) = (Arc::clone(&self.app), self.run);
        if !app.engine.is_live(run) {
            return;
        }
        let tasks = app.tasks.clone();
        tasks.spawn(async move {
            // S1-64. A run that ended in the meantime, or was journalled, needs nothing.
            let cancel = Command::Cancel { by: "user interrupted".to_owned(), forced: false };
            let _ = app.engine.command_stateless(run, cancel).await;
        });
    }
}

/// Answer, in one JSON object
#[utoipa::path(post, path = "/v1/infer", tag = "inference", request_body = InferInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run")),
    responses((status = 200, description = "The turns of this call, `stat`, `run_id`, `session_id`", body = S1Answer),
              (status = 500, description = "The call failed; the same body with `error`", body = S1Answer),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn infer(State(app): State<Arc<App>>, caller: Caller, Raw(body): Raw) -> Result<Response, Problem> {
    let input: InferInput = read(&body)?;
    let mut inference = match app.infer(input, caller.on("POST /v1/infer", &body)).await {
        Ok(inference) => inference,
        Err(problem) => return Ok(failed(problem)),
    };
    let run = inference.started.run;
    let _guard = inference.stateless.then(|| CancelOnDrop::new(&app, run));
    let collected = inference.collect().await;
    Ok(render(collected, inference.session.as_deref(), run))
}

/// S1-54: this call's turns; 200 if it went well, else 500 with the same body.
fn render(collected: Collected, session: Option<&str>, run: RunId) -> Response {
    let Collected { messages, stat, error } = collected;
    let mut answer = Map::new();
    answer.insert("success".to_owned(), error.is_none().into());
    answer.insert("messages".to_owned(), messages.iter().map(message).collect());
    answer.insert("run_id".to_owned(), run.to_string().into());
    let mut note = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            answer.insert(name.to_owned(), value);
        }
    };
    note("session_id", session.map(Value::from));
    note("stat", stat);
    let status = if error.is_some() { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    if let Some(Failure { message, code }) = error {
        note("error", Some(message.into()));
        note("error_code", code.map(Value::String));
    }
    let mut response = (status, Json(Value::Object(answer))).into_response();
    name_session(&mut response, session);
    response
}

fn message(message: &S1Delta) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}

fn name_session(response: &mut Response, session: Option<&str>) {
    if let Some(session) = session.and_then(|session| HeaderValue::from_str(session).ok()) {
        response.headers_mut().insert("x-session-id", session);
    }
}

/// A request that was not begun, in S1's shape beside the problem's.
fn failed(problem: Problem) -> Response {
    problem.with("success", false).with("messages", Value::Array(Vec::new())).into_response()
}

/// Answer, as server-sent events
#[utoipa::path(post, path = "/v1/infer/stream", tag = "inference", request_body = InferInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run")),
    responses((status = 200, description = "`event: init`, message deltas, a usage frame a round, `[DONE]`",
               content((S1Frame = "text/event-stream"))),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn stream(State(app): State<Arc<App>>, caller: Caller, Raw(body): Raw) -> Result<Response, Problem> {
    let input: InferInput = read(&body)?;
    let inference = app.infer(input, caller.on("POST /v1/infer/stream", &body)).await?;
    let Inference { started, framer, session, stateless } = inference;
    let run = started.run;
    let guard = stateless.then(|| Box::new(CancelOnDrop::new(&app, run)) as sse::Guard);
    let mut response = sse::stream(started.subscription, Box::new(framer), guard);
    name_session(&mut response, session.as_deref());
    // The first frame of a run that is queued comes when it begins; whoever waits may want to cancel it before.
    if let Ok(run) = HeaderValue::from_str(&run.to_string()) {
        response.headers_mut().insert("x-run-id", run);
    }
    Ok(response)
}

/// Which session's run is ended.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct AbortInput {
    /// The session.
    session_id: Option<String>,
    /// Kill its processes at once.
    #[serde(default)]
    forced: Option<bool>,
}

/// What came of it.
#[derive(Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Aborted {
    /// `true`.
    pub ok: bool,
    /// Its processes were killed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced: Option<bool>,
    /// Why nothing was to be ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// End a session's run
#[utoipa::path(post, path = "/v1/infer/abort", tag = "inference", request_body = AbortInput,
    responses((status = 200, description = "`ok`, and a `note` where nothing ran", body = Aborted),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn abort(
    State(app): State<Arc<App>>,
    asker: Asker,
    Body(input): Body<AbortInput>,
) -> Result<Json<Aborted>, Problem> {
    let session = input.session_id.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing_field("session_id"))?;
    let forced = input.forced.unwrap_or(false);
    Ok(Json(match (app.abort(&asker, &session, forced).await?, forced) {
        (false, _) => Aborted { ok: true, note: Some("session not found or already done"), forced: None },
        (true, forced) => Aborted { ok: true, note: None, forced: forced.then_some(true) },
    }))
}

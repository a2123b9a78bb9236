//! Sessions: `/v1/sessions` (S1-137 to S1-146), with pages, search and context beside S1's.

pub mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use troupe_core::port::StoreError;
use utoipa::{IntoParams, OpenApi};

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id, OptionalBody, Params};
use crate::http::sse;
use crate::service::context::ContextView;
use crate::service::resolve::sentence;
use crate::service::rights::Asker;
use crate::service::sessions::edit::{SessionInput, SessionPatch};
use crate::service::sessions::events::{SessionEvent, SessionEvents};
use crate::service::sessions::{RevokeInput, Window};
use view::{
    Conversation, ConversationMeta, Deleted, Done, Found, FoundList, MessagePage, RevokedView, SessionEntry,
    SessionList, Titled, turns,
};

/// A comment goes out after this long without an event, so that gateways and clients know that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, events, search, conversation, edit, context, messages, delete, generate_title, revoke, read),
    components(schemas(SessionEvent)),
    tags((name = "sessions", description = "Conversations: list, read, revoke, search, follow"))
)]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/sessions", get(list).post(create))
        .route("/v1/sessions/events", get(events))
        .route("/v1/sessions/search", get(search))
        .route("/v1/sessions/{id}", get(conversation).patch(edit).delete(delete))
        .route("/v1/sessions/{id}/context", get(context))
        .route("/v1/sessions/{id}/messages", get(messages))
        .route("/v1/sessions/{id}/generate-title", post(generate_title))
        .route("/v1/sessions/{id}/revoke", post(revoke))
        .route("/v1/sessions/{id}/read", post(read))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// How many, at most 500; all of them without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those that are put away (`true`), or that are not (`false`).
    archived: Option<bool>,
    /// Follow the sessions instead, as `/v1/sessions/events` does.
    #[serde(default)]
    watch: bool,
}

/// List sessions, the one with the latest inference first
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(ListParams),
    responses((status = 200, description = "The sessions; with `watch`, events",
               content((SessionList = "application/json"), (SessionEvent = "text/event-stream"))),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn list(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<ListParams>,
) -> Result<Response, Problem> {
    if query.watch {
        return Ok(watch(&app, app.whose(&asker).await?));
    }
    let window = Window { limit: query.limit, cursor: query.cursor };
    let (rows, next_cursor) = app.sessions(&asker, &window, query.archived).await?;
    let sessions = rows.iter().map(SessionEntry::from).collect();
    Ok(Json(SessionList { sessions, next_cursor }).into_response())
}

/// Make a session before anything is said in it
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = Option<SessionInput>,
    responses((status = 201, description = "The session", body = SessionEntry),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn create(
    State(app): State<Arc<App>>,
    asker: Asker,
    OptionalBody(input): OptionalBody<SessionInput>,
) -> Result<(StatusCode, Json<SessionEntry>), Problem> {
    let row = app.create_session(&asker, input.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(SessionEntry::from(&row))))
}

/// Name a session, pin it, put it away, or give it a folder
#[utoipa::path(patch, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    request_body = SessionPatch,
    responses((status = 200, description = "The session as it is now", body = SessionEntry),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn edit(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Body(patch): Body<SessionPatch>,
) -> Result<Json<SessionEntry>, Problem> {
    let row = app.edit_session(&asker, &id, patch).await?;
    Ok(Json(SessionEntry::from(&row)))
}

/// Read a session with every turn
///
/// Reading does not make it read: `POST …/read` does.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    responses((status = 200, description = "The session", body = Conversation),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn conversation(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Conversation>, Problem> {
    let (row, said) = app.conversation(&asker, &id).await?;
    Ok(Json(Conversation { meta: ConversationMeta::from(&row), messages: turns(&said) }))
}

/// Read what the next run is told of a session: summary, memories, numbers
#[utoipa::path(get, path = "/v1/sessions/{id}/context", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    responses((status = 200, description = "The context", body = ContextView),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn context(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<ContextView>, Problem> {
    app.session(&asker, &id, "get").await?;
    let context = app.session_context(&id).await?;
    context.map(Json).ok_or_else(|| StoreError::NoSession(id).into())
}

/// Read a page of a session's turns, oldest first
#[utoipa::path(get, path = "/v1/sessions/{id}/messages", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded"), Window),
    responses((status = 200, description = "The turns", body = MessagePage),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn messages(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Params(window): Params<Window>,
) -> Result<Json<MessagePage>, Problem> {
    let (said, next_cursor) = app.messages(&asker, &id, &window).await?;
    Ok(Json(MessagePage { messages: turns(&said), next_cursor }))
}

/// Delete a session
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    responses((status = 200, description = "It is gone", body = Deleted),
              (status = 409, description = "A run of it is active", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Deleted>, Problem> {
    app.delete_session(&asker, &id).await?;
    Ok(Json(Deleted { status: "deleted", session_id: id }))
}

/// Make a title of what was said first
#[utoipa::path(post, path = "/v1/sessions/{id}/generate-title", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    responses((status = 200, description = "The title", body = Titled),
              (status = 500, description = "No model is set, or it failed", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn generate_title(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Titled>, Problem> {
    app.session(&asker, &id, "update").await?;
    let title = app.generate_title(&id).await?;
    Ok(Json(Titled { status: "success", session_id: id, title }))
}

/// Delete a user's message and everything after it
#[utoipa::path(post, path = "/v1/sessions/{id}/revoke", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    request_body = RevokeInput,
    responses((status = 200, description = "It is done", body = RevokedView),
              (status = 409, description = "A run of it is active, and `forced` was not asked for", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn revoke(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Body(input): Body<RevokeInput>,
) -> Result<Json<RevokedView>, Problem> {
    let revoked = app.revoke(&asker, &id, input).await?;
    Ok(Json(RevokedView { status: "success", session_id: id, removed_count: revoked.turns }))
}

/// Make an unread session idle
#[utoipa::path(post, path = "/v1/sessions/{id}/read", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, percent-encoded")),
    responses((status = 200, description = "It is done", body = Done),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn read(State(app): State<Arc<App>>, asker: Asker, Id(id): Id) -> Result<Json<Done>, Problem> {
    app.read_session(&asker, &id).await?;
    Ok(Json(Done { ok: true }))
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// Words, each the beginning of one.
    #[serde(default)]
    #[param(required = true)]
    q: String,
    /// How many places; 50 by default, at most 500.
    limit: Option<usize>,
}

/// Find words in titles and turns
#[utoipa::path(get, path = "/v1/sessions/search", tag = "sessions", params(SearchParams),
    responses((status = 200, description = "Where they are, the best first", body = FoundList),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn search(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<SearchParams>,
) -> Result<Json<FoundList>, Problem> {
    let hits = app.search_sessions(&asker, &query.q, query.limit).await?;
    let results = hits.into_iter().map(|hit| Found::new(hit, &query.q)).collect();
    Ok(Json(FoundList { results }))
}

/// Follow statuses and titles as server-sent events
#[utoipa::path(get, path = "/v1/sessions/events", tag = "sessions",
    responses((status = 200, description = "`data:` lines, each a SessionEvent; `init` is the first",
               content_type = "text/event-stream", body = SessionEvent)))]
async fn events(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Problem> {
    Ok(watch(&app, app.whose(&asker).await?))
}

/// The feed as SSE. A client that does not read is not waited for: its connection's buffer and the feed's ring are all
/// that is kept for it, and when it reads again it is told every status anew.
fn watch(app: &Arc<App>, owner: Option<String>) -> Response {
    let events = SessionEvents::new(app, owner);
    sse::events(stream::unfold(events, |mut events| async move {
        let next = match tokio::time::timeout(HEARTBEAT, events.next()).await {
            Err(_) => Some(Bytes::from_static(b": heartbeat\n\n")),
            // JSON has no line breaks of its own, so that one `data:` line holds it.
            Ok(Ok(event)) => event
                .and_then(|event| serde_json::to_string(&event).ok())
                .map(|json| Bytes::from(format!("data: {json}\n\n"))),
            Ok(Err(error)) => {
                tracing::error!(error = %sentence(&error), "the feed of sessions ends");
                None
            }
        };
        next.map(|bytes| (bytes, events))
    }))
}

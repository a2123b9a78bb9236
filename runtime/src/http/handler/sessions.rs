//! Sessions: `/v1/sessions` (S1-137 to S1-146), with pages, search and context beside S1's.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_core::port::StoreError;
use troupe_store::{SearchHit, SessionRow};

use super::infer::caller;
use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id, Params};
use crate::http::sse;
use crate::service::context::ContextView;
use crate::service::resolve::sentence;
use crate::service::sessions::events::SessionEvents;
use crate::service::sessions::{RevokeInput, Window};
use crate::wire;

/// A comment goes out after this long without an event, so that gateways and clients know that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What of a found turn is shown before the words, and in all, in characters.
const EXCERPT: (usize, usize) = (80, 300);

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/sessions", get(list))
        .route("/v1/sessions/events", get(events))
        .route("/v1/sessions/search", get(search))
        .route("/v1/sessions/{id}", get(conversation).delete(delete))
        .route("/v1/sessions/{id}/context", get(context))
        .route("/v1/sessions/{id}/messages", get(messages))
        .route("/v1/sessions/{id}/generate-title", post(generate_title))
        .route("/v1/sessions/{id}/revoke", post(revoke))
        .route("/v1/sessions/{id}/read", post(read))
}

/// Who asks.
fn viewer(headers: &HeaderMap) -> String {
    caller(headers, "", &[]).user
}

#[derive(Deserialize)]
struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    #[serde(default)]
    watch: bool,
}

async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(query): Params<ListQuery>,
) -> Result<Response, Problem> {
    if query.watch {
        return Ok(watch(&app, viewer(&headers)));
    }
    let window = Window { limit: query.limit, cursor: query.cursor };
    let (rows, next) = app.sessions(&viewer(&headers), &window).await?;
    let sessions: Vec<Value> = rows.iter().map(index_entry).collect();
    let mut answer = json!({"sessions": sessions});
    note(&mut answer, "next_cursor", next.map(Value::String));
    Ok(Json(answer).into_response())
}

/// A session in the list (S1-28), with its status beside it.
fn index_entry(row: &SessionRow) -> Value {
    let mut entry = json!({
        "session_id": row.id,
        "title": row.title,
        "created_at": wire::timestamp(row.created_at),
        "last_inference_at": wire::timestamp(row.last_inference_at),
        "turn_count": row.turn_count,
        "status": row.status,
    });
    note(&mut entry, "last_total_tokens", row.last_total_tokens.map(Value::from));
    entry
}

async fn conversation(State(app): State<Arc<App>>, headers: HeaderMap, Id(id): Id) -> Result<Json<Value>, Problem> {
    let (row, turns) = app.conversation(&viewer(&headers), &id).await?;
    let messages: Vec<Value> = turns.iter().map(wire::turn).collect();
    Ok(Json(json!({"meta": meta(&row), "messages": messages})))
}

/// What `conversation.json` says of a session (S1-36), with its title and status beside it.
fn meta(row: &SessionRow) -> Value {
    let mut meta = json!({
        "session_id": row.id,
        "created_at": wire::timestamp(row.created_at),
        "updated_at": wire::timestamp(row.updated_at),
        "turn_count": row.turn_count,
        "title": row.title,
        "status": row.status,
    });
    note(&mut meta, "last_total_tokens", row.last_total_tokens.map(Value::from));
    note(&mut meta, "parent_session_id", row.parent.clone().map(Value::String));
    for name in ["tool_ids", "model_id", "agent_id", "workspace"] {
        note(&mut meta, name, row.meta.get(name).cloned());
    }
    meta
}

fn note(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(members), Some(value)) = (object, value) {
        members.insert(name.to_owned(), value);
    }
}

async fn context(State(app): State<Arc<App>>, headers: HeaderMap, Id(id): Id) -> Result<Json<ContextView>, Problem> {
    app.session(&viewer(&headers), &id).await?;
    let context = app.session_context(&id).await?;
    context.map(Json).ok_or_else(|| StoreError::NoSession(id).into())
}

async fn messages(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Id(id): Id,
    Params(window): Params<Window>,
) -> Result<Json<Value>, Problem> {
    let (turns, next) = app.messages(&viewer(&headers), &id, &window).await?;
    let turns: Vec<Value> = turns.iter().map(wire::turn).collect();
    let mut answer = json!({"messages": turns});
    note(&mut answer, "next_cursor", next.map(Value::String));
    Ok(Json(answer))
}

async fn delete(State(app): State<Arc<App>>, headers: HeaderMap, Id(id): Id) -> Result<Json<Value>, Problem> {
    app.delete_session(&viewer(&headers), &id).await?;
    Ok(Json(json!({"status": "deleted", "session_id": id})))
}

async fn generate_title(State(app): State<Arc<App>>, headers: HeaderMap, Id(id): Id) -> Result<Json<Value>, Problem> {
    app.session(&viewer(&headers), &id).await?;
    let title = app.generate_title(&id).await?;
    Ok(Json(json!({"status": "success", "session_id": id, "title": title})))
}

async fn revoke(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Id(id): Id,
    Body(input): Body<RevokeInput>,
) -> Result<Json<Value>, Problem> {
    let revoked = app.revoke(&viewer(&headers), &id, input).await?;
    Ok(Json(json!({"status": "success", "session_id": id, "removed_count": revoked.turns})))
}

async fn read(State(app): State<Arc<App>>, headers: HeaderMap, Id(id): Id) -> Result<Json<Value>, Problem> {
    app.read_session(&viewer(&headers), &id).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
struct SearchQuery {
    #[serde(default)]
    q: String,
    limit: Option<usize>,
}

async fn search(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Value>, Problem> {
    let hits = app.search_sessions(&viewer(&headers), &query.q, query.limit).await?;
    let results: Vec<Value> = hits.iter().map(|hit| found(hit, &query.q)).collect();
    Ok(Json(json!({"results": results})))
}

fn found(hit: &SearchHit, words: &str) -> Value {
    let mut shown = Map::new();
    shown.insert("session_id".to_owned(), hit.session.clone().into());
    shown.insert("title".to_owned(), hit.title.clone().into());
    if let Some(at) = hit.at {
        shown.insert("timestamp".to_owned(), wire::timestamp(at).into());
        shown.insert("excerpt".to_owned(), excerpt(&hit.content, words).into());
    }
    Value::Object(shown)
}

/// The part of a text around the first of the words that it has.
fn excerpt(text: &str, words: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let lower: Vec<char> = letters.iter().map(|letter| letter.to_lowercase().next().unwrap_or(*letter)).collect();
    let place = |word: &str| {
        let word: Vec<char> = word.chars().map(|letter| letter.to_lowercase().next().unwrap_or(letter)).collect();
        lower.windows(word.len()).position(|part| part == word)
    };
    let at = words.split_whitespace().filter_map(place).min().unwrap_or(0);
    letters.iter().skip(at.saturating_sub(EXCERPT.0)).take(EXCERPT.1).collect()
}

async fn events(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    watch(&app, viewer(&headers))
}

/// The feed as SSE. A client that does not read is not waited for: its connection's buffer and the feed's ring are all
/// that is kept for it, and when it reads again it is told every status anew.
fn watch(app: &Arc<App>, viewer: String) -> Response {
    let events = SessionEvents::new(app, viewer);
    sse::events(stream::unfold(events, |mut events| async move {
        let next = match tokio::time::timeout(HEARTBEAT, events.next()).await {
            Err(_) => Some(Bytes::from_static(b": heartbeat\n\n")),
            Ok(Ok(event)) => event.and_then(|event| serde_json::to_string(&event).ok()).map(|json| {
                // JSON has no line breaks of its own, so that one `data:` line holds it.
                Bytes::from(format!("data: {json}\n\n"))
            }),
            Ok(Err(error)) => {
                tracing::error!(error = %sentence(&error), "the feed of sessions ends");
                None
            }
        };
        next.map(|bytes| (bytes, events))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_begins_before_the_first_word_that_is_there() {
        let text = format!("{}Ärger in Oslo{}", "x".repeat(500), "y".repeat(500));
        let shown = excerpt(&text, "missing OSLO ärger");
        assert_eq!(shown.chars().count(), 300);
        assert!(shown.starts_with(&format!("{}Ärger in Oslo", "x".repeat(80))));
        assert_eq!(excerpt("short", "missing"), "short");
        assert_eq!(excerpt("", "word"), "");
    }
}

//! OpenAI's chat completions: `POST /v1/chat/completions`.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use utoipa::OpenApi;

use crate::app::App;
use crate::frame::openai::collect::Collector;
use crate::frame::openai::shape::{ChatCompletion, ChatCompletionChunk};
use crate::frame::openai::{Failure, Out, frame};
use crate::http::error::Problem;
use crate::http::error::openai::{OpenAiErrorBody, OpenAiProblem};
use crate::http::extract::read;
use crate::http::handler::infer::CancelOnDrop;
use crate::http::sse;
use crate::service::chat::Chat;
use crate::service::chat::request::ChatInput;
use crate::service::rights::Caller;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(completions), components(schemas(ChatCompletionChunk)))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/chat/completions", post(completions))
}

/// Answer a conversation, in OpenAI's form
///
/// `model` is `agent/NAME`, or a model's name or id. An agent's own tools run on the server and never appear; calls of
/// the request's tools come back as `tool_calls`, and the run goes on when their tool messages come.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "inference",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key answers with the same run"),
        ("X-Session-Id" = Option<String>, Header, description = "`new`, or an existing session"),
    ),
    request_body = ChatInput,
    responses(
        (status = 200, description = "The answer; with `stream`, chunks as server-sent events and `[DONE]`",
         content((ChatCompletion = "application/json"), (ChatCompletionChunk = "text/event-stream"))),
        (status = "4XX", description = "The request is wrong, or too many are waiting", body = OpenAiErrorBody),
        (status = "5XX", description = "The provider or the service failed", body = OpenAiErrorBody),
    )
)]
async fn completions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, OpenAiProblem> {
    let body = body.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let mut input: ChatInput = read(&body)?;
    if input.session_id.is_none() {
        let named = headers.get("x-session-id").and_then(|id| id.to_str().ok());
        input.session_id = named.filter(|id| !id.is_empty()).map(str::to_owned);
    }
    let streamed = input.stream.unwrap_or(false);
    let chat = app.chat(input, caller.on("POST /v1/chat/completions", &body)).await?;
    let names = [("x-session-id", chat.session.clone()), ("x-run-id", Some(chat.run.to_string()))];
    let guard = chat.stateless.then(|| CancelOnDrop::new(&app, chat.run));
    let mut response = if streamed { stream(chat, guard).await? } else { whole(chat, guard).await? };
    for (name, value) in names {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn whole(mut chat: Chat, guard: Option<CancelOnDrop>) -> Result<Response, Problem> {
    let (mut collector, mut out) = (Collector::default(), Vec::new());
    loop {
        match chat.subscription.next().await {
            Some(item) => chat.framer.take(&item, &mut out),
            None => chat.framer.broken_off(&mut out),
        }
        let over = out.iter().any(|out| !matches!(out, Out::Chunk(_)));
        out.drain(..).for_each(|out| collector.take(out));
        if over {
            break;
        }
    }
    drop(guard);
    Ok(Json(collector.finish().map_err(failed)?).into_response())
}

/// The answer begins with its first words, so that a failure before them has a status of its own; unless they take so
/// long that whatever stands between would give up.
async fn stream(mut chat: Chat, guard: Option<CancelOnDrop>) -> Result<Response, Problem> {
    let mut out = Vec::new();
    let first = async {
        while out.is_empty() {
            match chat.subscription.next().await {
                Some(item) => chat.framer.take(&item, &mut out),
                None => chat.framer.broken_off(&mut out),
            }
        }
    };
    // Nothing is lost by giving up: an item is either not taken yet, or its chunks are in `out`.
    let _ = tokio::time::timeout(sse::HEARTBEAT, first).await;
    if let Some(Out::Failure(failure)) = out.first() {
        return Err(failed(failure.clone()));
    }
    let frames = out.iter().map(frame).collect();
    let guard = guard.map(|guard| Box::new(guard) as sse::Guard);
    Ok(sse::stream_behind(frames, chat.subscription, Box::new(chat.framer), guard))
}

/// Why there is no answer, as a status: a provider's refusal of the request is the caller's, the rest is not.
fn failed(failure: Failure) -> Problem {
    let Failure { code, message } = failure;
    let problem = match code.as_str() {
        "400" | "413" | "422" => Problem::bad_request(message),
        "429" | "RATE_LIMITED" => Problem::too_many(message, 1),
        "STOPPING" => Problem::unavailable(message),
        _ => Problem::bad_gateway(message),
    };
    problem.with("error_code", code)
}

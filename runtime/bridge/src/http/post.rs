//! `POST`: one message of a client.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::answer::{self, Call};
use super::backend::{Backend, OUTLET_QUEUE};
use super::{Bridge, Refusal, SESSION_HEADER, session_id};
use crate::client::{Identity, PROTOCOL_VERSIONS, ServerInfo};
use crate::message::{Message, Raw, RequestId, RpcError, progress_token, raw};
use crate::peer::{RequestError, RequestOptions};
use crate::pool::StdioError;

/// Takes one message, and answers it if it is a request.
pub(super) async fn handle(
    State(bridge): State<Arc<Bridge>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    bridge.admit(&headers)?;
    if bridge.stop.is_cancelled() {
        return Err(Refusal::Stopping);
    }
    if !answer::accepts(&headers, "application/json") {
        return Err(Refusal::Accept("application/json and text/event-stream"));
    }
    match read(&bridge, &headers, body).await? {
        Message::Request { id, method, params } if method == "initialize" => {
            initialize(&bridge, id, params.as_ref()).await
        }
        Message::Request { id, method, params } => request(&bridge, &headers, id, method, params).await,
        Message::Notification { method, params } => {
            let session = session_id(&headers)?;
            let backend = bridge.sessions.find(session.as_deref())?;
            notification(&bridge, &backend, session.as_deref(), &method, params).await;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        response @ Message::Response { .. } => {
            let backend = bridge.sessions.find(session_id(&headers)?.as_deref())?;
            if !bridge.shared() {
                backend.pool().respond(response).await;
            }
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

async fn read(bridge: &Bridge, headers: &HeaderMap, body: Body) -> Result<Message, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Refusal::ContentType);
    }
    let limit = bridge.limits.max_request_bytes;
    let bytes = tokio::time::timeout(bridge.limits.body_timeout, axum::body::to_bytes(body, limit))
        .await
        .map_err(|_| Refusal::BodyTimeout)?
        .map_err(|_| Refusal::BodyTooLarge(limit))?;
    Ok(Message::parse(&bytes)?)
}

/// Answered from the server's own result: shared processes were introduced to Troupe, a process of its own to this client.
async fn initialize(bridge: &Bridge, id: RequestId, params: Option<&Raw>) -> Result<Response, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        protocol_version: String,
        #[serde(default)]
        capabilities: Value,
        client_info: Value,
    }
    let params: Params = match params.map(|params| serde_json::from_str(params.get())) {
        Some(Ok(params)) => params,
        Some(Err(error)) => return Ok(invalid(id, &format!("invalid parameters of `initialize`: {error}"))),
        None => return Ok(invalid(id, "`initialize` needs parameters")),
    };
    let asked = params.protocol_version;
    let offered = if PROTOCOL_VERSIONS.contains(&asked.as_str()) { asked.as_str() } else { PROTOCOL_VERSIONS[0] };
    let identity = Identity {
        protocol_version: offered.to_owned(),
        capabilities: if params.capabilities.is_object() { params.capabilities } else { json!({}) },
        info: params.client_info,
    };
    let (session, backend) = bridge.sessions.open(&bridge.server, identity, &bridge.tasks)?;
    let line = match backend.pool().info().await {
        Ok(info) => {
            let result = raw(&introduce(&info, offered, bridge.shared()));
            Message::Response { id, outcome: Ok(result) }.to_line()
        }
        Err(error) => return Ok(answer::json(Message::Response { id, outcome: Err(rpc_error(&error)) }.to_line())),
    };
    let mut response = answer::json(line);
    if let Ok(session) = HeaderValue::from_str(&session) {
        response.headers_mut().insert(SESSION_HEADER, session);
    }
    Ok(response)
}

fn invalid(id: RequestId, message: &str) -> Response {
    let outcome = Err(RpcError::new(RpcError::INVALID_PARAMS, message));
    answer::json(Message::Response { id, outcome }.to_line())
}

/// The older of the two versions, which all three can speak. Shared processes offer no tasks: a task has no owner there,
/// and one client could read or end another's.
fn introduce(info: &ServerInfo, offered: &str, shared: bool) -> Map<String, Value> {
    let mut result = info.initialize_result.clone();
    let server = result.get("protocolVersion").and_then(Value::as_str).unwrap_or(offered);
    // The versions are dates, so the text order is theirs.
    let version = if offered < server { offered.to_owned() } else { server.to_owned() };
    result.insert("protocolVersion".to_owned(), version.into());
    if shared && let Some(Value::Object(capabilities)) = result.get_mut("capabilities") {
        capabilities.remove("tasks");
    }
    result
}

async fn request(
    bridge: &Bridge,
    headers: &HeaderMap,
    id: RequestId,
    method: String,
    params: Option<Raw>,
) -> Result<Response, Refusal> {
    // Only a server of protocol 2026-07-28 has it. The bridge speaks with a handshake; told so, a client falls back.
    if method == "server/discover" {
        let outcome = Err(RpcError::new(RpcError::METHOD_NOT_FOUND, "use `initialize`"));
        return Ok(answer::json(Message::Response { id, outcome }.to_line()));
    }
    let session = session_id(headers)?;
    let backend = bridge.sessions.find(session.as_deref())?;
    let Some(running) = backend.begin(session.as_deref().unwrap_or_default(), &id) else {
        let outcome = Err(RpcError::new(RpcError::INVALID_REQUEST, "a request with this id is still running"));
        return Ok(answer::json(Message::Response { id, outcome }.to_line()));
    };
    let token = progress_token(params.as_deref());
    let (progress, reports) = mpsc::channel(OUTLET_QUEUE);
    let options = RequestOptions {
        timeout: bridge.server.call_timeout,
        cancel: running.cancel.clone(),
        progress: token.is_some().then_some(progress),
    };
    let shared = bridge.shared();
    let (outlet, requests) = backend.outlet();
    let answer = Box::pin(async move {
        let _until_answered = (running, outlet);
        let outcome = perform(&backend, shared, &method, params, options).await;
        Message::Response { id, outcome: outcome.map_err(|error| rpc_error(&error)) }.to_line()
    });
    Ok(Call { answer, progress: reports, token, requests }.respond(headers).await)
}

async fn perform(
    backend: &Backend,
    shared: bool,
    method: &str,
    params: Option<Raw>,
    options: RequestOptions,
) -> Result<Raw, StdioError> {
    match method {
        "ping" => Ok(raw(&json!({}))),
        // In one piece and from memory: a cursor would belong to one of several processes.
        "tools/list" if shared => Ok(raw(&json!({ "tools": backend.pool().tools().await? }))),
        _ => backend.pool().request(method, params, options).await,
    }
}

async fn notification(bridge: &Bridge, backend: &Backend, session: Option<&str>, method: &str, params: Option<Raw>) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Cancelled {
        request_id: RequestId,
    }
    match method {
        "notifications/cancelled" => {
            let cancelled = params.and_then(|params| serde_json::from_str::<Cancelled>(params.get()).ok());
            if let Some(Cancelled { request_id }) = cancelled {
                backend.cancel(session.unwrap_or_default(), &request_id);
            }
        }
        // The process was told by the bridge, right after its handshake.
        "notifications/initialized" => {}
        // What one client says of itself does not concern processes that all share.
        _ if bridge.shared() => {}
        _ => backend.pool().notify(method, params).await,
    }
}

/// What the server itself answered stays as it is; the rest is said in a JSON-RPC error of the bridge.
fn rpc_error(error: &StdioError) -> RpcError {
    let code = match error {
        StdioError::Request(RequestError::Rejected(own)) => return own.clone(),
        StdioError::Request(RequestError::TimedOut { .. }) => RpcError::TIMED_OUT,
        StdioError::Request(RequestError::Cancelled { .. }) => RpcError::CANCELLED,
        _ => RpcError::SERVER,
    };
    RpcError::new(code, error.to_string())
}

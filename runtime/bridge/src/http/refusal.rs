//! Requests that are turned away before they reach a server, as HTTP answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::message::{MessageError, RpcError};

/// Why a request was turned away.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// A web page elsewhere made it.
    #[error("this origin is not allowed")]
    Origin,
    /// The header names a version that the bridge does not speak.
    #[error("protocol version {0:?} is not supported; supported are {supported}", supported = crate::PROTOCOL_VERSIONS.join(", "))]
    Version(String),
    /// The client cannot read any kind of answer.
    #[error("the `Accept` header must allow {0}")]
    Accept(&'static str),
    /// The body is not declared as JSON.
    #[error("the `Content-Type` must be application/json")]
    ContentType,
    /// The body is longer than allowed.
    #[error("the request body is larger than the limit of {0} bytes")]
    BodyTooLarge(usize),
    /// The body did not arrive.
    #[error("the request body did not arrive in time")]
    BodyTimeout,
    /// The body is no message.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// The request needs a session and names none.
    #[error("the `Mcp-Session-Id` header is missing; start with `initialize`")]
    SessionMissing,
    /// The session was never there, or has ended.
    #[error("there is no such session; start again with `initialize`")]
    SessionUnknown,
    /// As many sessions as processes are allowed.
    #[error("all {0} sessions are in use")]
    SessionsFull(usize),
    /// The bridge is stopping.
    #[error("the bridge is stopping")]
    Stopping,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Version(_) | Self::Message(_) | Self::SessionMissing => StatusCode::BAD_REQUEST,
            Self::Accept(_) => StatusCode::NOT_ACCEPTABLE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::SessionUnknown => StatusCode::NOT_FOUND,
            Self::SessionsFull(_) | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> i64 {
        match self {
            Self::Message(MessageError::Json(error)) if error.is_syntax() || error.is_eof() => RpcError::PARSE,
            Self::Message(_) | Self::Version(_) | Self::ContentType | Self::Accept(_) => RpcError::INVALID_REQUEST,
            _ => RpcError::SERVER,
        }
    }
}

impl IntoResponse for Refusal {
    /// The body is a JSON-RPC error without id (MCP 2025-11-25, transports), so that a client can show its message.
    fn into_response(self) -> Response {
        let error = RpcError::new(self.code(), self.to_string());
        (self.status(), Json(json!({ "jsonrpc": "2.0", "id": null, "error": error }))).into_response()
    }
}

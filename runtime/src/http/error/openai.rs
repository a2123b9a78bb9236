//! Problems in OpenAI's envelope, `{"error": {message, type, param, code}}`, for the routes that its clients call.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Problem, say_how_to_be_known};

/// A problem that is answered in OpenAI's envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAiProblem(pub Problem);

/// OpenAI's envelope of errors.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenAiErrorBody {
    /// The error.
    pub error: OpenAiError,
}

/// An error in OpenAI's form.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenAiError {
    /// What is wrong, and the remedy.
    pub message: String,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The field of the request that is wrong.
    pub param: Option<String>,
    /// A word for programs, such as `model_not_found`.
    pub code: Option<String>,
}

impl From<Problem> for OpenAiProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl OpenAiProblem {
    fn error(&self) -> OpenAiError {
        let text = |name: &str| self.0.member(name).and_then(Value::as_str).map(str::to_owned);
        let (kind, code) = match self.0.status() {
            StatusCode::TOO_MANY_REQUESTS => ("rate_limit_error", Some("rate_limit_exceeded")),
            StatusCode::UNAUTHORIZED => ("invalid_request_error", Some("invalid_api_key")),
            status if status.is_server_error() => ("server_error", None),
            _ => ("invalid_request_error", None),
        };
        let code = text("error_code").or_else(|| code.map(str::to_owned));
        OpenAiError { message: self.0.detail().to_owned(), kind, param: text("field"), code }
    }
}

impl IntoResponse for OpenAiProblem {
    fn into_response(self) -> Response {
        let mut response = (self.0.status(), Json(OpenAiErrorBody { error: self.error() })).into_response();
        say_how_to_be_known(&mut response);
        let headers = response.headers_mut();
        if let Some(seconds) = self.0.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status() == StatusCode::BAD_GATEWAY {
            // The engine has tried again already; OpenAI's clients would pay for the same failure twice more.
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        response
    }
}

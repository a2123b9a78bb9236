//! Errors as HTTP: RFC 9457 problems, with `error` beside `detail` for S1's clients. The only place where it happens.

pub mod openai;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A problem as it is answered (RFC 9457).
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the status says the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, and the remedy.
    pub detail: String,
    /// The same as `detail`.
    pub error: String,
    /// The field of the request that is wrong.
    pub field: Option<String>,
    /// Every field that is wrong, where the request brings a resource.
    pub findings: Option<Vec<ProblemFinding>>,
}

/// Something wrong with a request that brings a resource.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ProblemFinding {
    /// The field; empty for the whole.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
    /// `error` or `warning`.
    pub severity: String,
    /// The line in the text that was sent, from 1, where one is known.
    pub line: Option<usize>,
    /// The column, from 1, where one is known.
    pub column: Option<usize>,
}

/// An answer that is no success. A 4xx names the field and the remedy; a 5xx says nothing internal.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    retry_after: Option<u64>,
    more: Map<String, Value>,
}

impl Problem {
    /// A problem of `status`, told in a sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, more: Map::new() }
    }

    /// 400: the request is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 in S1's words.
    pub fn missing_field(field: &str) -> Self {
        Self::bad_request(format!("Missing required field: {field}"))
    }

    /// 401: not known; bring a token.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403: known, and not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: it does not fit the state of things.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 422: understood, and refused.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 429: too much at once; come again after so many seconds.
    pub fn too_many(detail: impl Into<String>, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// 503: stopping, or not ready yet.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// 502: a provider failed.
    pub fn bad_gateway(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, detail)
    }

    /// 500: our fault. What happened is logged here, once, and not told.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut causes = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            causes = format!("{causes}: {cause}");
            next = cause.source();
        }
        tracing::error!(error = %causes, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service failed; its log says why")
    }

    /// The same with another member in its body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Another member of its body.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.more.get(name)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds after which to come again, where it says so.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }
}

/// A refusal that is made before a handler is chosen, in the form that the clients of the path read: OpenAI's for its
/// chat completions and single models, problems for all others.
pub fn in_the_callers_words(method: &Method, path: &str, problem: Problem) -> Response {
    let model = *method == Method::GET && path.starts_with("/v1/models/");
    let openai = path == "/v1/chat/completions" || model;
    if openai { openai::OpenAiProblem::from(problem).into_response() } else { problem.into_response() }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "error": self.detail,
        });
        if let Value::Object(members) = &mut body {
            members.extend(self.more);
        }
        let mut response = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        say_how_to_be_known(&mut response);
        response
    }
}

/// RFC 9110: a 401 says which credentials are wanted.
fn say_how_to_be_known(response: &mut Response) {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

impl From<troupe_core::port::StoreError> for Problem {
    fn from(error: troupe_core::port::StoreError) -> Self {
        use troupe_core::port::StoreError;
        match &error {
            StoreError::IdempotencyMismatch(_) => Self::unprocessable(format!("{error}; use another key")),
            StoreError::NoSession(id) => Self::not_found(format!("Session not found: {id}")),
            StoreError::Fenced(_) => Self::conflict(error.to_string()),
            StoreError::SessionBusy(id) => {
                Self::conflict(format!("a run of session {id:?} is active; wait for its end, or abort it first"))
            }
            StoreError::Database { .. } => Self::internal(&error),
        }
    }
}

impl From<troupe_core::engine::StartError> for Problem {
    fn from(error: troupe_core::engine::StartError) -> Self {
        use troupe_core::engine::StartError;
        match error {
            StartError::QueueFull { .. } | StartError::SessionQueueFull { .. } => Self::too_many(error.to_string(), 1),
            StartError::Stopping => Self::unavailable(error.to_string()),
            StartError::Store(error) => error.into(),
        }
    }
}

impl From<troupe_core::engine::CommandError> for Problem {
    fn from(error: troupe_core::engine::CommandError) -> Self {
        use troupe_core::engine::CommandError;
        match error {
            CommandError::NoRun(_) => Self::not_found(error.to_string()),
            CommandError::Conflict(_) => Self::conflict(error.to_string()),
            CommandError::Store(error) => error.into(),
        }
    }
}

impl From<crate::service::sessions::title::TitleError> for Problem {
    fn from(error: crate::service::sessions::title::TitleError) -> Self {
        use crate::service::context::AskError;
        use crate::service::sessions::title::TitleError;
        match error {
            TitleError::NothingSaid(_) => Self::bad_request(error.to_string()),
            TitleError::Changed(_) => Self::conflict(error.to_string()),
            // S1-140: no model, and a model that failed, are a 500 on this route.
            TitleError::NoModel | TitleError::Empty | TitleError::Ask(AskError::Timeout) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
            TitleError::Ask(AskError::Model { code, message }) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).with("error_code", code)
            }
            TitleError::Store(error)
            | TitleError::Ask(AskError::Start(troupe_core::engine::StartError::Store(error))) => error.into(),
            TitleError::Ask(AskError::Start(error)) => error.into(),
            TitleError::Ask(AskError::Pin(error)) => Self::internal(&error),
            TitleError::Ask(error @ AskError::Cancelled(_)) => Self::unavailable(error.to_string()),
        }
    }
}

impl From<crate::service::workspace::place::FileError> for Problem {
    fn from(error: crate::service::workspace::place::FileError) -> Self {
        use crate::service::workspace::place::FileError;
        match &error {
            FileError::Missing(_) => Self::not_found(error.to_string()),
            FileError::Denied(_) => Self::forbidden(error.to_string()),
            FileError::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
            FileError::Name { field, .. } => Self::bad_request(error.to_string()).with("field", *field),
            FileError::Outside(_)
            | FileError::Circle(_)
            | FileError::NoFolder(_)
            | FileError::NoFile(_)
            | FileError::NoPicture(_)
            | FileError::Special(_)
            | FileError::Root(_) => Self::bad_request(error.to_string()).with("field", "path"),
            FileError::NoWorkspace | FileError::Exists(_) => Self::bad_request(error.to_string()),
            FileError::Ended => Self::unavailable(error.to_string()),
            FileError::Io { .. } => Self::internal(&error),
        }
    }
}

impl From<crate::service::workspace::upload::UploadError> for Problem {
    fn from(error: crate::service::workspace::upload::UploadError) -> Self {
        use crate::service::workspace::upload::UploadError;
        let status = match error {
            UploadError::File(error) => return error.into(),
            UploadError::Refused(problem) => return *problem,
            UploadError::Request(_) | UploadError::Target(_) | UploadError::Size(_) => StatusCode::BAD_REQUEST,
            UploadError::NoUpload(_) | UploadError::NoChunk(_) => StatusCode::NOT_FOUND,
            UploadError::Cancelled | UploadError::NotReady(_) => StatusCode::CONFLICT,
            UploadError::Stalled => StatusCode::REQUEST_TIMEOUT,
            UploadError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        let detail = error.to_string();
        let code = detail.split(':').next().unwrap_or_default().to_owned();
        Self::new(status, detail).with("error_code", code)
    }
}

impl From<troupe_catalog::WriteError> for Problem {
    fn from(error: troupe_catalog::WriteError) -> Self {
        use troupe_catalog::WriteError;
        match &error {
            WriteError::Invalid(_) | WriteError::Secret => Self::bad_request(error.to_string()),
            WriteError::NotFound { .. } => Self::not_found(error.to_string()),
            WriteError::Changed { .. } => Self::new(StatusCode::PRECONDITION_FAILED, error.to_string()),
            WriteError::Managed { manager, .. } => {
                Self::conflict(format!("{error} with ?force=true")).with("managed_by", manager.as_ref())
            }
            WriteError::Exists { .. }
            | WriteError::DuplicateId { .. }
            | WriteError::DefinedEarlier { .. }
            | WriteError::NoFolder
            | WriteError::Edit { .. } => Self::conflict(error.to_string()),
            WriteError::Cluster(refused) => of_cluster(refused),
            WriteError::Busy(_) => Self::unavailable(error.to_string()),
            WriteError::File { .. } => Self::internal(&error),
        }
    }
}

fn of_cluster(refused: &troupe_catalog::ClusterError) -> Problem {
    let code = StatusCode::from_u16(refused.code()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    Problem::new(code, refused.to_string())
}

impl From<troupe_catalog::SecretFileError> for Problem {
    fn from(error: troupe_catalog::SecretFileError) -> Self {
        use troupe_catalog::SecretFileError;
        match &error {
            SecretFileError::Malformed { .. } => Self::conflict(error.to_string()),
            SecretFileError::Cluster(refused) => of_cluster(refused),
            SecretFileError::Write { .. } => Self::internal(&error),
        }
    }
}

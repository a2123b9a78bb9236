//! Turns what went wrong into the errors of the port: S1's codes, a sentence that names the model, and no secret.

pub(crate) mod provider;
pub(crate) mod retry;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use troupe_core::id::Timestamp;
use troupe_core::model::{FinishReason, ModelError, ModelSnapshot};
use troupe_core::port::SecretError;
use troupe_net::NetError;

use crate::decode::Fault;
use provider::ProviderError;

/// How much of somebody's text an error repeats, in characters: enough to recognise it, too little to fill a log.
const EXCERPT: usize = 160;

/// How much of a provider's own message an error repeats, in characters.
const MESSAGE: usize = 1000;

/// The beginning of a text, on one line, readable whatever it holds.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT * 4)]);
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&mut words, EXCERPT);
    words
}

fn shorten(text: &mut String, characters: usize) {
    if let Some((place, _)) = text.char_indices().nth(characters) {
        text.truncate(place);
        text.push('…');
    }
}

/// Makes the errors of one call: knows the model's name, and the secrets that no message may hold.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    model: Arc<ModelSnapshot>,
    secrets: Vec<Arc<str>>,
}

impl Reporter {
    /// For calls of `model`.
    pub(crate) fn new(model: Arc<ModelSnapshot>) -> Self {
        Self { model, secrets: Vec::new() }
    }

    /// Never say this.
    pub(crate) fn hide(&mut self, secret: Arc<str>) {
        if !secret.is_empty() {
            self.secrets.push(secret);
        }
    }

    fn error(&self, code: &str, retryable: bool, happened: &str) -> ModelError {
        let message = format!("model {:?} {happened}", self.model.name);
        ModelError { code: code.to_owned(), message, retryable, retry_after_ms: None }
    }

    /// A text of others, without secrets.
    fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, "[hidden]"))
    }

    /// A request that cannot be made.
    pub(crate) fn request(&self, problem: &str) -> ModelError {
        self.error("REQUEST_ERROR", false, &format!("cannot be asked: {problem}"))
    }

    /// A protocol that is not spoken (S1-49).
    pub(crate) fn protocol(&self) -> ModelError {
        let happened = format!("has the protocol {:?}: Unsupported api_protocol", self.model.protocol);
        self.error("PROTOCOL_NOT_FOUND", false, &happened)
    }

    /// A secret that cannot be read.
    pub(crate) fn secret(&self, error: &SecretError) -> ModelError {
        let code = match error {
            SecretError::Missing { .. } | SecretError::Unreadable { .. } => "REQUEST_ERROR",
            SecretError::Lost => "CREDENTIAL_LOST",
        };
        self.error(code, false, &format!("cannot be asked: {error}"))
    }

    /// A time limit that has passed.
    pub(crate) fn timeout(&self, what: &str, after: Duration) -> ModelError {
        self.error("TIMEOUT", true, &format!("{what} within {after:?}"))
    }

    /// A connection that failed.
    pub(crate) fn net(&self, error: &NetError) -> ModelError {
        let happened = format!("could not be reached: {}", self.masked(&error.to_string()));
        match error {
            NetError::Configure { .. }
            | NetError::InvalidRequest { .. }
            | NetError::Refused { .. }
            | NetError::Redirect { .. } => self.error("REQUEST_ERROR", false, &happened),
            error if error.is_timeout() => {
                self.error("TIMEOUT", true, &format!("took too long: {}", self.masked(&error.to_string())))
            }
            NetError::Interrupted { .. } => {
                self.error("CONNECTION_ERROR", true, &format!("broke off: {}", self.masked(&error.to_string())))
            }
            _ => self.error("CONNECTION_ERROR", true, &happened),
        }
    }

    /// A body that is no answer.
    pub(crate) fn fault(&self, fault: &Fault) -> ModelError {
        match fault {
            Fault::Malformed { reason, excerpt, .. } if excerpt.is_empty() => {
                self.error("PARSE_ERROR", false, &format!("sent an answer that cannot be read: {reason}"))
            }
            Fault::Malformed { reason, excerpt, .. } => {
                let excerpt = self.masked(excerpt);
                self.error(
                    "PARSE_ERROR",
                    false,
                    &format!("sent an answer that cannot be read: {reason}; it begins {excerpt:?}"),
                )
            }
            Fault::Page => self.error("PARSE_ERROR", false, "answered with a web page; is its baseUrl right?"),
            Fault::Provider(error) => self.provider(error.status.unwrap_or(500), error, "failed in its answer"),
            Fault::BrokeOff => {
                self.error("CONNECTION_ERROR", true, "broke off: its answer ended without saying that it was finished")
            }
            Fault::Empty(finish) => {
                let why = match finish {
                    FinishReason::Length => "; it reached its token limit before it said anything",
                    FinishReason::ContentFilter => "; the provider's filter withheld it",
                    FinishReason::Stop | FinishReason::ToolCalls => "",
                };
                self.error("EMPTY_RESPONSE", false, &format!("answered with neither text nor tool calls{why}"))
            }
        }
    }

    /// A status that is no success.
    pub(crate) fn status(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> ModelError {
        let error = ProviderError::of_body(body);
        let mut failure = self.provider(status.as_u16(), &error, &format!("answered {status}"));
        failure.retry_after_ms = retry::after(status, headers, now);
        if status == StatusCode::NOT_FOUND {
            failure.message.push_str("; are its baseUrl and model right?");
        }
        failure
    }

    fn provider(&self, status: u16, error: &ProviderError, happened: &str) -> ModelError {
        let mut said = self.masked(&error.message);
        shorten(&mut said, MESSAGE);
        let happened = if said.is_empty() { happened.to_owned() } else { format!("{happened}: {said}") };
        // A used-up balance is a 429 as well, and does not come back by waiting.
        let retryable = (matches!(status, 408 | 409 | 425 | 429) || status >= 500) && !error.exhausted;
        self.error(&status.to_string(), retryable, &happened)
    }
}

//! The three wire protocols, and which path belongs to which.

use hyper::Method;
use serde::Deserialize;

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Protocol {
    /// OpenAI chat completions.
    #[serde(alias = "openai")]
    OpenAI,
    /// Anthropic Messages.
    #[serde(alias = "anthropic")]
    Anthropic,
    /// Ollama's native chat.
    #[serde(alias = "ollama")]
    Ollama,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// An answer of the model.
    Infer(Protocol),
    /// The list of models.
    Models(Protocol),
    /// Nothing that is served; the error has this protocol's envelope.
    Unknown(Protocol),
}

impl Route {
    /// Finds the route. OpenAI and Anthropic share `/v1/models`; `anthropic` says whether the request has an `anthropic-version` header.
    pub(crate) fn find(method: &Method, path: &str, anthropic: bool) -> Self {
        let shared = if anthropic { Protocol::Anthropic } else { Protocol::OpenAI };
        match (method, path) {
            (&Method::POST, "/v1/chat/completions" | "/chat/completions") => Self::Infer(Protocol::OpenAI),
            (&Method::POST, "/v1/messages" | "/messages") => Self::Infer(Protocol::Anthropic),
            (&Method::POST, "/api/chat") => Self::Infer(Protocol::Ollama),
            (&Method::GET, "/v1/models" | "/models") => Self::Models(shared),
            (&Method::GET, "/api/tags") => Self::Models(Protocol::Ollama),
            (_, path) if path.starts_with("/api/") => Self::Unknown(Protocol::Ollama),
            (_, "/v1/messages" | "/messages") => Self::Unknown(Protocol::Anthropic),
            _ => Self::Unknown(shared),
        }
    }
}

//! One door to the three wire formats.

use serde_json::Value;

use crate::{
    Protocol, answer::Answer, anthropic, exchange::Exchange, ollama, openai, refusal::Refusal, rendered::Rendered,
};

impl Protocol {
    /// Reads a request body leniently.
    pub(crate) fn read(self, body: &Value, body_bytes: usize) -> Exchange<'_> {
        match self {
            Self::OpenAI => openai::read(body, body_bytes),
            Self::Anthropic => anthropic::read(body, body_bytes),
            Self::Ollama => ollama::read(body, body_bytes),
        }
    }

    /// Refuses what the provider would refuse.
    pub(crate) fn check(self, body: &Value) -> Result<(), Refusal> {
        match self {
            Self::OpenAI => openai::check(body),
            Self::Anthropic => anthropic::check(body),
            Self::Ollama => ollama::check(body),
        }
    }

    /// Renders an answer.
    pub(crate) fn render(self, answer: &Answer, stream: bool) -> Rendered {
        match self {
            Self::OpenAI => openai::render(answer, stream),
            Self::Anthropic => anthropic::render(answer, stream),
            Self::Ollama => ollama::render(answer, stream),
        }
    }

    /// The provider's error body.
    pub(crate) fn error_body(self, refusal: &Refusal) -> Value {
        match self {
            Self::OpenAI => openai::error_body(refusal),
            Self::Anthropic => anthropic::error_body(refusal),
            Self::Ollama => ollama::error_body(refusal),
        }
    }

    /// The provider's error within a stream.
    pub(crate) fn error_event(self, refusal: &Refusal) -> String {
        match self {
            Self::OpenAI => openai::error_event(refusal),
            Self::Anthropic => anthropic::error_event(refusal),
            Self::Ollama => ollama::error_event(refusal),
        }
    }

    /// A piece of a stream that no client can parse.
    pub(crate) fn broken_delta(self) -> &'static str {
        match self {
            Self::OpenAI => openai::broken_delta(),
            Self::Anthropic => anthropic::broken_delta(),
            Self::Ollama => ollama::broken_delta(),
        }
    }

    /// The list of models.
    pub(crate) fn models(self, names: &[String], created: u64) -> Value {
        match self {
            Self::OpenAI => openai::models(names, created),
            Self::Anthropic => anthropic::models(names),
            Self::Ollama => ollama::models(names),
        }
    }

    /// The refusal of a body that is no JSON.
    pub(crate) fn no_json(self, error: &serde_json::Error) -> Refusal {
        Refusal::invalid(match self {
            Self::OpenAI => format!(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON: {error})"
            ),
            Self::Anthropic => format!("The request body is not valid JSON: {error}"),
            Self::Ollama => format!("invalid character in request body: {error}"),
        })
    }

    /// The refusal of a model that does not exist.
    pub(crate) fn no_model(self, name: &str) -> Refusal {
        Refusal::status(
            404,
            match self {
                Self::OpenAI => format!("The model `{name}` does not exist or you do not have access to it."),
                Self::Anthropic => format!("model: {name}"),
                Self::Ollama => format!("model '{name}' not found"),
            },
        )
    }

    /// What the provider usually says with a status.
    pub(crate) fn usual_message(self, status: u16) -> &'static str {
        match (status, self) {
            (401, Self::Anthropic) => "invalid x-api-key",
            (401, _) => "Incorrect API key provided.",
            (403, _) => "Your account does not have access to this resource.",
            (404, _) => "Not found.",
            (408 | 504, _) => "The request timed out.",
            (413, _) => "Request exceeds the maximum size.",
            (429, Self::OpenAI) => "Rate limit reached for requests per minute. Please try again later.",
            (429, Self::Anthropic) => "This request would exceed your organization's rate limit.",
            (429, Self::Ollama) => "server busy, please try again. maximum pending requests exceeded",
            (500, Self::Anthropic) => "Internal server error",
            (500, _) => "The server had an error while processing your request.",
            (529, _) => "Overloaded",
            (status, _) if status >= 500 => "The service is unavailable.",
            _ => "The request was refused.",
        }
    }
}

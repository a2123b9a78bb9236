//! An error as a provider would report it, before it has a provider's envelope.

/// Why a request is refused, or how a scripted failure reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The sentence.
    pub(crate) message: String,
    /// The parameter at fault (OpenAI shows it).
    pub(crate) param: Option<String>,
    /// The machine's word for it (OpenAI shows it).
    pub(crate) code: Option<&'static str>,
}

impl Refusal {
    /// A 400 with this message.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::status(400, message)
    }

    /// Any status with this message.
    pub(crate) fn status(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    /// The same with a parameter.
    pub(crate) fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same with a code.
    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

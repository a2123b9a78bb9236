//! Why a call to an MCP server has no result, in words that name the server and say what happened.

use std::time::Duration;

use troupe_bridge::{RequestError, RpcError, StdioError};

/// Why there is no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum McpError {
    /// No process came up, or no connection: nothing was asked.
    #[error("MCP server {server} is not available: {reason}")]
    Unavailable {
        /// The resource's name.
        server: String,
        /// What happened.
        reason: String,
    },
    /// The server died or the connection broke while the call ran: whether it was carried out is unknown.
    #[error("MCP server {server} gave no answer to {what}: {reason}")]
    Lost {
        /// The resource's name.
        server: String,
        /// What was asked.
        what: String,
        /// What happened, with the end of the process's standard error.
        reason: String,
    },
    /// No answer in time; the server was told to stop, and may have carried it out.
    #[error("MCP server {server} did not answer {what} within {} s", after.as_secs_f64())]
    TimedOut {
        /// The resource's name.
        server: String,
        /// What was asked.
        what: String,
        /// The time that it had.
        after: Duration,
    },
    /// The caller cancelled it.
    #[error("{what} of MCP server {server} was cancelled")]
    Cancelled {
        /// The resource's name.
        server: String,
        /// What was asked.
        what: String,
    },
    /// The server refused: unknown tool, wrong arguments, or an error of its own.
    #[error("MCP server {server} refused {what}: {message} (code {code})")]
    Rejected {
        /// The resource's name.
        server: String,
        /// What was asked.
        what: String,
        /// The JSON-RPC code.
        code: i64,
        /// What the server says.
        message: String,
    },
    /// The answer was longer than the server's `maxResponseBytes`.
    #[error("the answer of MCP server {server} to {what} is larger than its limit of {limit} bytes")]
    TooLarge {
        /// The resource's name.
        server: String,
        /// What was asked.
        what: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is not what MCP says.
    #[error("MCP server {server} answered with something that is no MCP: {reason}")]
    Unreadable {
        /// The resource's name.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl McpError {
    /// Whether the server may have carried out the call although there is no result.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unavailable { .. } => false,
            // These say that the request was not even begun. Any other may come from a server, or a bridge before it,
            // that failed in the middle.
            Self::Rejected { code, .. } => !matches!(
                *code,
                RpcError::PARSE | RpcError::INVALID_REQUEST | RpcError::METHOD_NOT_FOUND | RpcError::INVALID_PARAMS
            ),
            _ => true,
        }
    }
}

/// A failure below, before the server and the call have names.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was asked.
    Unavailable(String),
    /// Something was.
    Request(RequestError),
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<StdioError> for Failure {
    fn from(error: StdioError) -> Self {
        match error {
            StdioError::Request(error) => Self::Request(error),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl Failure {
    pub(super) fn into_mcp(self, server: &str, tool: Option<&str>) -> McpError {
        let server = server.to_owned();
        let what = tool.map_or_else(|| "the question for its tools".to_owned(), |tool| format!("the call of {tool}"));
        match self {
            Self::Unavailable(reason) => McpError::Unavailable { server, reason },
            Self::Request(RequestError::Undelivered(reason)) => {
                McpError::Unavailable { server, reason: reason.to_string() }
            }
            Self::Request(RequestError::Lost(reason)) => McpError::Lost { server, what, reason: reason.to_string() },
            Self::Request(RequestError::TimedOut { after, .. }) => McpError::TimedOut { server, what, after },
            Self::Request(RequestError::Cancelled { .. }) => McpError::Cancelled { server, what },
            Self::Request(RequestError::TooLarge { limit }) => McpError::TooLarge { server, what, limit },
            Self::Request(RequestError::Rejected(error)) => {
                McpError::Rejected { server, what, code: error.code, message: error.message }
            }
        }
    }
}

//! What the API server refused, or that it did not answer.

use std::time::Duration;

/// How long one request may take; the API server ends most of its own at 60 s.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// The API server did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// It refused.
    #[error("cannot {what}: {message}")]
    Refused {
        /// What was tried.
        what: String,
        /// The HTTP status.
        code: u16,
        /// Its words.
        message: String,
    },
    /// It could not be reached, or answered with something else.
    #[error("cannot {what}: the API server cannot be reached")]
    Unreachable {
        /// What was tried.
        what: String,
        /// What went wrong.
        #[source]
        source: Box<kube::Error>,
    },
    /// There was no answer in time.
    #[error("cannot {what}: the API server did not answer within {} s", TIMEOUT.as_secs())]
    Timeout {
        /// What was tried.
        what: String,
    },
}

impl ClusterError {
    /// The HTTP status that says the same: the API server's own where it is the caller's matter, else 503.
    pub fn code(&self) -> u16 {
        match self {
            // 401 would tell the caller that its own token is wrong.
            Self::Refused { code: code @ (400 | 403 | 404 | 409 | 413 | 422), .. } => *code,
            _ => 503,
        }
    }

    pub(super) fn is(&self, asked: u16) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == asked)
    }
}

/// Waits for an answer, within limits.
pub(super) async fn answer<T>(
    what: impl FnOnce() -> String,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(TIMEOUT, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => {
            let message = if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
            Err(ClusterError::Refused { what: what(), code: status.code, message })
        }
        Ok(Err(source)) => Err(ClusterError::Unreachable { what: what(), source: Box::new(source) }),
        Err(_) => Err(ClusterError::Timeout { what: what() }),
    }
}

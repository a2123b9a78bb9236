//! What can go wrong with a request, in words and without secrets.

pub(crate) mod classify;

use std::time::Duration;

use url::Url;

use crate::Refusal;

/// Why a request has no (whole) response. Hosts and URLs in it are without user names, passwords, queries, fragments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The client, its allow-list, proxy or certificates are configured wrongly.
    #[error("the HTTP client cannot be configured: {reason}")]
    Configure {
        /// What is wrong.
        reason: String,
    },
    /// The request cannot be sent as it is; trying again does not help.
    #[error("the request is not valid: {reason}")]
    InvalidRequest {
        /// What is wrong.
        reason: String,
    },
    /// The host has no address.
    #[error("cannot resolve {host}: {reason}")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// The guard forbids the address; nothing was sent.
    #[error("refused to connect: {refusal}, which this request may not reach")]
    Refused {
        /// Host, address, and what the address is.
        refusal: Refusal,
    },
    /// No connection; nothing of the request was sent.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// The host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// No connection in time; nothing of the request was sent.
    #[error("cannot connect to {host} within {after:?}")]
    ConnectTimeout {
        /// The host and port.
        host: String,
        /// How long it was tried.
        after: Duration,
    },
    /// No secure connection; nothing of the request was sent.
    #[error("cannot secure the connection to {host}: {reason}")]
    Tls {
        /// The host and port.
        host: String,
        /// What was wrong with the certificate or the handshake.
        reason: String,
    },
    /// The head of the response did not come in time; the server may have acted on the request.
    #[error("{url} sent no response within {after:?}")]
    FirstByteTimeout {
        /// The URL.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The body paused for too long.
    #[error("{url} paused for more than {after:?} in the middle of its response")]
    IdleTimeout {
        /// The URL.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// Everything together took too long.
    #[error("{url} took longer than {after:?} in all")]
    TotalTimeout {
        /// The URL.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection ended before the head of the response; the server may have acted on the request.
    #[error("{url} ended the connection without a response: {reason}")]
    NoResponse {
        /// The URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The connection broke in the middle of the body.
    #[error("{url} broke off in the middle of its response: {reason}")]
    Interrupted {
        /// The URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// A redirect that is not followed.
    #[error("{url} redirects, but {reason}")]
    Redirect {
        /// The URL that redirects.
        url: String,
        /// Why it is not followed.
        reason: String,
    },
}

impl NetError {
    /// Nothing of the request reached a server, so it may be sent again whatever it does. A refusal by the guard is not
    /// among these: it would be refused again.
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Resolve { .. } | Self::Connect { .. } | Self::ConnectTimeout { .. } | Self::Tls { .. })
    }

    /// Something took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout { .. }
                | Self::FirstByteTimeout { .. }
                | Self::IdleTimeout { .. }
                | Self::TotalTimeout { .. }
        )
    }

    /// The guard forbids the address.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// The response had begun: some of its body may have been seen.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::IdleTimeout { .. })
    }
}

/// A URL without user name, password, query and fragment, any of which may hold a secret.
pub fn shown_url(url: &Url) -> String {
    let mut shown = String::with_capacity(url.as_str().len());
    shown.push_str(url.scheme());
    shown.push_str("://");
    shown.push_str(&shown_host(url));
    shown.push_str(url.path());
    shown
}

/// The host of a URL, with the port where it is not the scheme's own.
pub(crate) fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

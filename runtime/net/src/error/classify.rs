//! From the layers' errors to ours: what happened is found in the chain of causes.

use std::error::Error;
use std::io;
use std::time::Duration;

use url::Url;

use super::{NetError, shown_host, shown_url};
use crate::Refusal;
use crate::resolve::ResolveFailure;

/// An error before the head of the response. `connect_timeout` is what the connector was given.
pub(crate) fn before_response(error: &reqwest::Error, url: &Url, connect_timeout: Duration) -> NetError {
    let host = shown_host(url);
    if let Some(refusal) = cause::<Refusal>(error) {
        return NetError::Refused { refusal: refusal.clone() };
    }
    if let Some(failure) = cause::<ResolveFailure>(error) {
        return NetError::Resolve { host, reason: failure.reason.clone() };
    }
    if let Some(failure) = cause::<rustls::Error>(error) {
        return NetError::Tls { host, reason: failure.to_string() };
    }
    if error.is_builder() {
        return NetError::InvalidRequest { reason: innermost(error) };
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => NetError::ConnectTimeout { host, after: connect_timeout },
        (true, false) => NetError::Connect { host, reason: innermost(error) },
        (false, _) => NetError::NoResponse { url: shown_url(url), reason: innermost(error) },
    }
}

/// An error in the middle of the body.
pub(crate) fn in_body(error: &reqwest::Error, url: &Url) -> NetError {
    NetError::Interrupted { url: shown_url(url), reason: innermost(error) }
}

/// The first cause of this type. An `io::Error` hides what it wraps from `source`, so it is opened.
fn cause<'error, Wanted: Error + 'static>(error: &'error (dyn Error + 'static)) -> Option<&'error Wanted> {
    causes(error).find_map(|cause| cause.downcast_ref::<Wanted>())
}

fn causes<'error>(error: &'error (dyn Error + 'static)) -> impl Iterator<Item = &'error (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'error (dyn Error + 'static)| {
        let cause: &'error (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

/// The text of the innermost cause. reqwest's own errors print the URL with its query, so the outermost is never printed.
fn innermost(error: &reqwest::Error) -> String {
    match causes(error).skip(1).last() {
        Some(cause) => cause.to_string(),
        None => "the request failed".to_owned(),
    }
}

//! What of a request goes along with a redirect.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, LOCATION,
    PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{Method, StatusCode};
use url::Url;

use crate::allow::normal_host;
use crate::error::shown_url;
use crate::{NetError, Request, Trust};

/// Where a response redirects to; nothing where it is no redirect.
pub(crate) fn target(status: StatusCode, headers: &HeaderMap, url: &Url) -> Result<Option<Url>, NetError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    let wrong = |reason: &str| NetError::Redirect { url: shown_url(url), reason: reason.to_owned() };
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| wrong("its location is no text"))?;
    let mut next = url.join(location).map_err(|_| wrong("its location is no URL"))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(wrong("its location is neither http nor https"));
    }
    // A server does not choose who we are elsewhere; neither call can fail for these schemes.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    Ok(Some(next))
}

/// Turns the request into the one for `next`. To another host go no secrets, and the trust that a manifest gave to the
/// first host does not reach further; what was dropped stays dropped, also on the way back.
pub(crate) fn follow(request: &mut Request, status: StatusCode, next: Url) -> Result<(), NetError> {
    let becomes_get = match status.as_u16() {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body.clear();
        request.secret_body = false;
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
            request.headers.remove(name);
        }
    }
    if !keeps_secrets(&request.url, &next) {
        if request.secret_body {
            let reason = "its body holds a secret that may not go to another host".to_owned();
            return Err(NetError::Redirect { url: shown_url(&request.url), reason });
        }
        drop_secrets(&mut request.headers);
    }
    if !same_host(&request.url, &next) {
        request.trust = Trust::Guarded;
        request.headers.remove(HOST);
    }
    request.url = next;
    Ok(())
}

/// The same host over the same scheme and port, or upgraded from plain HTTP to HTTPS on the customary ports.
fn keeps_secrets(from: &Url, to: &Url) -> bool {
    let same_origin = from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default();
    let upgrade = from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
    same_host(from, to) && (same_origin || upgrade)
}

fn same_host(from: &Url, to: &Url) -> bool {
    match (from.host_str(), to.host_str()) {
        (Some(from), Some(to)) => normal_host(from).eq_ignore_ascii_case(normal_host(to)),
        _ => false,
    }
}

fn drop_secrets(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
    let secret: Vec<_> =
        headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
    for name in secret {
        headers.remove(name);
    }
}

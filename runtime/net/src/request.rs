//! A request as callers describe it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use crate::NetError;
use crate::error::shown_url;

/// How many redirects are followed, as browsers and RFC 9110's authors advise.
const MAX_REDIRECTS: u8 = 10;

/// Where the host of a URL came from, which decides what addresses it may have (security.md, "Addresses").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Written literally in a manifest: private addresses are normal, metadata services are refused.
    Literal,
    /// From arguments, an inline `api_base`, an image URL, `fetch`: public addresses only.
    Guarded,
}

/// One request. Cheap to clone: the body is shared.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) trust: Trust,
    /// A value that is marked sensitive is a secret.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) secret_body: bool,
    pub(crate) first_byte_timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) max_redirects: u8,
}

impl Request {
    /// A request without headers and body, with the client's time-outs. A user name and password in the URL become an
    /// `Authorization` header when it is sent.
    pub fn new(method: Method, url: Url, trust: Trust) -> Self {
        Self {
            method,
            url,
            trust,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            secret_body: false,
            first_byte_timeout: None,
            idle_timeout: None,
            total_timeout: None,
            max_redirects: MAX_REDIRECTS,
        }
    }

    /// Sets a header, in place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header whose value is a secret: a redirect to another host does not carry it.
    #[must_use]
    pub fn secret_header(self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.header(name, value)
    }

    /// Sets a header from texts, which a manifest gave; wrong ones are errors that do not repeat the value.
    pub fn text_header(self, name: &str, value: &str, secret: bool) -> Result<Self, NetError> {
        let wrong = |what: &str| NetError::InvalidRequest { reason: format!("the header {name:?} has a wrong {what}") };
        let name = HeaderName::try_from(name).map_err(|_| wrong("name"))?;
        let mut parsed = HeaderValue::try_from(value).map_err(|_| wrong("value"))?;
        parsed.set_sensitive(secret);
        Ok(self.header(name, parsed))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body and its content type.
    pub fn json(self, value: &impl Serialize) -> Result<Self, NetError> {
        let body = serde_json::to_vec(value)
            .map_err(|error| NetError::InvalidRequest { reason: format!("the body is no JSON: {error}") })?;
        Ok(self.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body))
    }

    /// Sets a body of form fields (`a=1&b=2`, escaped) and its content type.
    #[must_use]
    pub fn form<Name: AsRef<str>, Text: AsRef<str>>(self, fields: impl IntoIterator<Item = (Name, Text)>) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")).body(body)
    }

    /// Says that the body holds a secret (a client's password in a form): a redirect to another host is an error then.
    #[must_use]
    pub fn secret_body(mut self) -> Self {
        self.secret_body = true;
        self
    }

    /// How long to wait for the head of the response, connecting included; each redirect has as long again.
    #[must_use]
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.first_byte_timeout = Some(timeout);
        self
    }

    /// How long the body may pause between two chunks.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// How long everything may take, to the end of the body. None by default, since a stream ends when it ends.
    #[must_use]
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// How many redirects to follow, 10 by default; with 0 a redirect is returned like any response.
    #[must_use]
    pub fn max_redirects(mut self, count: u8) -> Self {
        self.max_redirects = count;
        self
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// Without values of headers, query and body.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("url", &shown_url(&self.url))
            .field("trust", &self.trust)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

//! Who may speak to a service on loopback: requests whose `Host` and `Origin` are ours.
//!
//! Without it a web page anywhere could drive an agent that has `bash`: the browser sends its requests from this machine.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::authorize::token;
use super::error::{Problem, in_the_callers_words};

/// Which hosts and origins are ours.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Further host names under which the service is reached.
    pub hosts: Vec<String>,
    /// Origins of other sites that may call it from a browser (`--cors-origin`).
    pub cors: Vec<String>,
    /// The bearer token that every request to `/v1` must bring; `None` on loopback.
    pub token: Option<String>,
    /// Everyone who calls is known by a token of their own, which a page elsewhere does not have.
    pub identified: bool,
}

impl Origins {
    /// A host is ours if it is an address literal of this machine's loopback, `localhost`, or named. With a token it
    /// does not matter: a page elsewhere cannot know that.
    fn knows_host(&self, host: &str) -> bool {
        let bare = host.parse::<IpAddr>().is_ok();
        let port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let name = match host.rsplit_once(':') {
            Some((name, end)) if !bare && port(end) => name,
            _ => host,
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn knows_origin(&self, origin: &str) -> bool {
        if self.cors.iter().any(|allowed| allowed == origin || allowed == "*") {
            return true;
        }
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| self.knows_host(host))
    }
}

/// Refuses requests from elsewhere, and answers preflights of the sites that may call.
pub async fn guard(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    let origin = text(request.headers(), &header::ORIGIN).map(str::to_owned);
    let cross = origin.filter(|origin| origins.cors.iter().any(|allowed| allowed == origin || allowed == "*"));
    let mut response = match check(&origins, &request) {
        // What is refused is told to the pages that may call, too.
        Err(problem) => in_the_callers_words(request.method(), request.uri().path(), problem),
        Ok(()) if request.method() == Method::OPTIONS => StatusCode::OK.into_response(),
        Ok(()) => next.run(request).await,
    };
    if let Some(origin) = cross.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
        allow(response.headers_mut(), origin);
    }
    response
}

fn check(origins: &Origins, request: &Request) -> Result<(), Problem> {
    let (headers, target, path) = (request.headers(), request.uri().host(), request.uri().path());
    if let Some(expected) = &origins.token {
        // Browsers send no token in a preflight, which is answered here and reaches nothing.
        let open = !path.starts_with("/v1") || path == "/v1/openapi.json" || request.method() == Method::OPTIONS;
        if !open && token(headers) != Some(expected) {
            let detail = "this service wants a token: send \"Authorization: Bearer …\"";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
        }
    } else if !origins.identified {
        let host = text(headers, &header::HOST).or(target).unwrap_or_default();
        if !origins.knows_host(host) {
            let detail = format!("the host {host:?} is not this service's; use localhost, or name it with --host-name");
            return Err(Problem::forbidden(detail));
        }
    }
    match text(headers, &header::ORIGIN) {
        // The console is served from where the API is, by whatever name that is reached.
        Some(origin) if origins.identified && is_same(origin, text(headers, &header::HOST).or(target)) => Ok(()),
        Some(origin) if !origins.knows_origin(origin) => Err(Problem::forbidden(format!(
            "pages of {origin:?} may not call this service; allow them with --cors-origin"
        ))),
        _ => Ok(()),
    }
}

fn is_same(origin: &str, host: Option<&str>) -> bool {
    let of_origin = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    of_origin.zip(host).is_some_and(|(of_origin, host)| of_origin.eq_ignore_ascii_case(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id, X-Upload-Offset, X-Upload-Size, X-File-Size";
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("X-Session-Id, X-Run-Id, X-Request-Id"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_are_ours() {
        let origins = Origins { hosts: vec!["box.local".to_owned()], ..Origins::default() };
        for host in ["localhost", "localhost:7988", "127.0.0.1:7988", "[::1]:7988", "::1", "127.8.8.8", "box.local:80"]
        {
            assert!(origins.knows_host(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org:7988", "127.0.0.1.example.org", "192.168.0.1:7988", ""] {
            assert!(!origins.knows_host(host), "{host}");
        }
    }

    #[test]
    fn where_everyone_is_known_the_service_is_reached_by_any_name() {
        let origins = Origins { identified: true, ..Origins::default() };
        let checked = |host, origin| {
            let request = Request::get("/v1/agents").header(header::HOST, host).header(header::ORIGIN, origin);
            check(&origins, &request.body(axum::body::Body::empty()).unwrap())
        };
        assert_eq!(checked("agents.example.org", "https://agents.example.org"), Ok(()));
        assert_eq!(checked("agents.example.org", "http://localhost:5173"), Ok(()));
        assert!(checked("agents.example.org", "https://evil.example").is_err());
        assert!(checked("agents.example.org", "null").is_err());
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let origins = Origins::default();
        assert!(origins.knows_origin("http://localhost:5173"));
        assert!(!origins.knows_origin("https://evil.example"));
        assert!(!origins.knows_origin("null"));
    }
}

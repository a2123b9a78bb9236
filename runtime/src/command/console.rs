//! `troupe console`: a namespace's console and API on this machine's loopback, signed in as one of its accounts.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::UsageError;
use super::namespace::{Forwarded, NamespaceOptions, Reached};
use super::service::CONNECT;
use crate::http::error::Problem;
use crate::http::guard::{Origins, guard};

/// How old a token may be when it is used: half of its life.
const YOUNG: Duration = Duration::from_mins(30);

/// Headers that belong to one connection (RFC 9110, section 7.6.1), and those that are set anew.
const OWN: [HeaderName; 10] = [
    header::CONNECTION,
    header::HOST,
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::ORIGIN,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
];

/// What `console` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ConsoleArguments {
    /// The port of this machine's loopback; 0 = a free one
    #[arg(long, env = "TROUPE_PORT", value_name = "PORT", default_value_t = 7988)]
    port: u16,
    #[command(flatten)]
    cluster: NamespaceOptions,
}

/// Serves until Ctrl-C.
pub async fn console(arguments: ConsoleArguments) -> anyhow::Result<ExitCode> {
    let Some(namespace) = &arguments.cluster.namespace else {
        return Err(UsageError("name a namespace: troupe console -n NAMESPACE".to_owned()).into());
    };
    let reached = arguments.cluster.reach(namespace).await?;
    let token = reached.token().await?;
    let forwarded = reached.forward().await?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another port with --port"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let client = reqwest::Client::builder().connect_timeout(CONNECT).build()?;
    let proxy = Proxy { client, forwarded, reached, token: Mutex::new((Instant::now(), token)) };
    // Whoever reaches this port is signed in: a page of another site must not.
    let origins = Arc::new(Origins::default());
    let routes =
        Router::new().fallback(pass).layer(middleware::from_fn_with_state(origins, guard)).with_state(Arc::new(proxy));
    super::revisions::say(&format!("The console of namespace {namespace:?} is at {url}; Ctrl-C ends it.\n"))?;
    tokio::select! {
        ended = axum::serve(listener, routes) => ended?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Passes requests on.
struct Proxy {
    client: reqwest::Client,
    forwarded: Forwarded,
    reached: Reached,
    /// The token, and when it was made.
    token: Mutex<(Instant, String)>,
}

impl Proxy {
    /// A token with half of its life before it.
    async fn token(&self) -> anyhow::Result<String> {
        let mut token = self.token.lock().await;
        if token.0.elapsed() > YOUNG {
            *token = (Instant::now(), self.reached.token().await?);
        }
        Ok(token.1.clone())
    }

    async fn pass(&self, request: Request) -> anyhow::Result<Response> {
        let token = self.token().await?;
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let answer = self
            .client
            .request(parts.method, format!("{}{path}", self.forwarded.url()))
            .headers(carried(&parts.headers))
            .bearer_auth(token)
            .body(reqwest::Body::wrap_stream(body.into_data_stream()))
            .send()
            .await?;
        let status = answer.status();
        let headers = carried(answer.headers());
        let mut response = (status, Body::from_stream(answer.bytes_stream())).into_response();
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn pass(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    proxy.pass(request).await.unwrap_or_else(|error| {
        Problem::bad_gateway(format!("the runtime cannot be reached: {error:#}")).into_response()
    })
}

/// The headers that go on.
fn carried(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get(header::CONNECTION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named: Vec<_> = named.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let goes_on = |name: &HeaderName| !OWN.contains(name) && !named.iter().any(|own| own == name.as_str());
    let pairs = headers.iter().filter(|(name, _)| goes_on(name));
    pairs.map(|(name, value): (&HeaderName, &HeaderValue)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_connection_does_not_go_on() {
        let headers: HeaderMap = [
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("authorization", "Bearer theirs"),
            ("accept", "text/event-stream"),
            ("last-event-id", "3.1"),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        let mut names: Vec<_> = carried(&headers).keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        assert_eq!(names, ["accept", "last-event-id"]);
    }
}

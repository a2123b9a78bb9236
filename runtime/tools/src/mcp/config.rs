//! How an MCP server is reached, with every secret resolved.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use troupe_bridge::{Sharing, StdioServer};
use url::Url;

/// One server. Two configurations that hash alike share a connection.
#[derive(Debug, Clone, Hash)]
pub struct McpServerConfig {
    /// The resource's name.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// How long a call may take that says nothing else.
    pub timeout: Duration,
}

/// The way to a server.
#[derive(Debug, Clone, Hash)]
pub enum McpTransport {
    /// A program that we start.
    Stdio(StdioServer),
    /// An address.
    Http(HttpServer),
}

/// A server at an address.
#[derive(Clone)]
pub struct HttpServer {
    /// The endpoint; written in a manifest, so it may be private.
    pub url: Url,
    /// Sent with every request, authorization included. All are treated as secrets: none follows a redirect elsewhere.
    pub headers: Vec<(String, String)>,
    /// Which of the two transports.
    pub protocol: HttpProtocol,
    /// Whether callers share a session.
    pub sharing: Sharing,
    /// A connection without calls ends after this time.
    pub idle_timeout: Duration,
    /// The longest answer that is read, in bytes.
    pub max_response_bytes: usize,
    /// Makes the requests; a server with a certificate authority of its own has a client of its own.
    pub client: troupe_net::Client,
    /// Stands for the client in the hash of the configuration: for example the PEM text of the authority.
    pub client_identity: String,
}

/// The transports over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpProtocol {
    /// MCP since 2025-03-26.
    StreamableHttp,
    /// The transport of 2024-11-05.
    Sse,
}

impl HttpServer {
    /// A server with the defaults of the `McpServer` resource.
    pub fn new(url: Url, protocol: HttpProtocol, client: troupe_net::Client) -> Self {
        Self {
            url,
            headers: Vec::new(),
            protocol,
            sharing: Sharing::Shared,
            idle_timeout: Duration::from_mins(5),
            max_response_bytes: 100 * 1024 * 1024,
            client,
            client_identity: String::new(),
        }
    }
}

impl Hash for HttpServer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { url, headers, protocol, sharing, idle_timeout, max_response_bytes, client: _, client_identity } =
            self;
        (url, headers, protocol, sharing, idle_timeout, max_response_bytes, client_identity).hash(state);
    }
}

/// Without the values of the headers.
impl fmt::Debug for HttpServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("HttpServer")
            .field("url", &troupe_net::error::shown_url(&self.url))
            .field("headers", &names)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl McpServerConfig {
    pub(super) fn sharing(&self) -> Sharing {
        match &self.transport {
            McpTransport::Stdio(stdio) => stdio.sharing,
            McpTransport::Http(http) => http.sharing,
        }
    }
}

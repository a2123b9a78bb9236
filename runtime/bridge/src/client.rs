//! An MCP client over a `Peer`: the handshake of any protocol version, the list of tools, calls.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::message::{Raw, RpcError, raw};
use crate::peer::{Peer, RequestError, RequestOptions};

/// The versions that have a handshake, newest first; the first is offered. Every result that a newer one added is an
/// addition, so an answer is passed on to a client of an older version as it is.
pub const PROTOCOL_VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The version without handshake: each request describes its client in `_meta`.
pub const STATELESS_VERSION: &str = "2026-07-28";

/// A server that never says that its list is complete would otherwise be asked for ever.
const MAX_PAGES: usize = 1000;

/// What the client says of itself in `initialize`.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The version offered, one of [`PROTOCOL_VERSIONS`].
    pub protocol_version: String,
    /// MCP client capabilities: what the server may ask of the client.
    pub capabilities: Value,
    /// `name` and `version`.
    pub info: Value,
}

impl Default for Identity {
    /// Troupe itself, which answers no requests of servers.
    fn default() -> Self {
        Self {
            protocol_version: PROTOCOL_VERSIONS[0].to_owned(),
            capabilities: json!({}),
            info: json!({ "name": "troupe", "version": env!("CARGO_PKG_VERSION") }),
        }
    }
}

/// What the server said of itself.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// The version that both sides speak.
    pub protocol_version: String,
    /// The result of `initialize`, as the server wrote it; of a server without handshake, the same members taken from
    /// `server/discover`.
    pub initialize_result: Map<String, Value>,
}

/// Why the two sides could not come together.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HandshakeError {
    /// `initialize` had no result.
    #[error("the server refused `initialize`: {0}")]
    Initialize(RequestError),
    /// The result of `initialize` made no sense.
    #[error("the server answered `initialize` with something else: {0}")]
    Unreadable(String),
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    server: ServerInfo,
    tools: Mutex<Option<CachedTools>>,
}

#[derive(Debug)]
struct CachedTools {
    version: u64,
    tools: Arc<[Raw]>,
}

impl Client {
    /// Introduces both sides. A server that knows no `initialize` is asked for `server/discover`.
    pub async fn connect(peer: Peer, identity: &Identity, timeout: Duration) -> Result<Self, HandshakeError> {
        let params = json!({
            "protocolVersion": identity.protocol_version,
            "capabilities": identity.capabilities,
            "clientInfo": identity.info,
        });
        let server = match peer.request("initialize", Some(raw(&params)), RequestOptions::within(timeout)).await {
            Ok(result) => {
                let server = read_initialize_result(&result)?;
                peer.notify("notifications/initialized", None).await;
                server
            }
            Err(RequestError::Rejected(refusal)) => discover(&peer, identity, timeout, refusal).await?,
            Err(error) => return Err(HandshakeError::Initialize(error)),
        };
        Ok(Self { peer, server, tools: Mutex::new(None) })
    }

    /// The connection itself.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the server said of itself.
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// Every tool as the server describes it, from memory until the server says that they changed.
    pub async fn tools(&self, timeout: Duration) -> Result<Arc<[Raw]>, RequestError> {
        // Held while asking: callers that come together ask once.
        let mut cached = self.tools.lock().await;
        // Read before asking: a change during the listing makes the result old.
        let version = self.peer.tools_version();
        if let Some(cached) = cached.as_ref().filter(|cached| cached.version == version) {
            return Ok(Arc::clone(&cached.tools));
        }
        let tools = self.list_tools(timeout).await?;
        *cached = Some(CachedTools { version, tools: Arc::clone(&tools) });
        Ok(tools)
    }

    /// The tools in memory, if they were asked for and have not changed since.
    pub(crate) fn current_tools(&self) -> Option<Arc<[Raw]>> {
        let version = self.peer.tools_version();
        let cached = self.tools.try_lock().ok()?;
        cached.as_ref().filter(|cached| cached.version == version).map(|cached| Arc::clone(&cached.tools))
    }

    /// Asks the server for every page of its list of tools.
    pub async fn list_tools(&self, timeout: Duration) -> Result<Arc<[Raw]>, RequestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            tools: Vec<Raw>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let mut tools = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let params = cursor.as_ref().map(|cursor| raw(&json!({ "cursor": cursor })));
            let page = match self.peer.request("tools/list", params, RequestOptions::within(timeout)).await {
                Err(RequestError::Rejected(error)) if error.code == RpcError::METHOD_NOT_FOUND => break,
                page => page?,
            };
            let page: Page = serde_json::from_str(page.get()).map_err(|error| unreadable(&error))?;
            tools.extend(page.tools);
            if page.next_cursor.is_none() || page.next_cursor == cursor {
                break;
            }
            cursor = page.next_cursor;
        }
        Ok(tools.into())
    }
}

fn unreadable(error: &serde_json::Error) -> RequestError {
    let message = format!("the server answered `tools/list` with something else: {error}");
    RequestError::Rejected(RpcError::new(RpcError::INVALID_REQUEST, message))
}

fn read_initialize_result(result: &Raw) -> Result<ServerInfo, HandshakeError> {
    let initialize_result: Map<String, Value> =
        serde_json::from_str(result.get()).map_err(|error| HandshakeError::Unreadable(error.to_string()))?;
    let version = initialize_result.get("protocolVersion").and_then(Value::as_str);
    let Some(version) = version.map(ToOwned::to_owned) else {
        return Err(HandshakeError::Unreadable("there is no `protocolVersion`".to_owned()));
    };
    if !PROTOCOL_VERSIONS.contains(&version.as_str()) {
        return Err(HandshakeError::Unreadable(format!("protocol version {version:?} is not one of ours")));
    }
    Ok(ServerInfo { protocol_version: version, initialize_result })
}

/// The way in of protocol 2026-07-28, tried second: nearly all servers of today have the handshake, and an old one may
/// fall silent at a method that it does not know.
async fn discover(
    peer: &Peer,
    identity: &Identity,
    timeout: Duration,
    refusal: RpcError,
) -> Result<ServerInfo, HandshakeError> {
    let refused = |error| HandshakeError::Initialize(RequestError::Rejected(error));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS_VERSION,
        "io.modelcontextprotocol/clientInfo": identity.info,
        "io.modelcontextprotocol/clientCapabilities": identity.capabilities,
    });
    let params = raw(&json!({ "_meta": meta }));
    let Ok(result) = peer.request("server/discover", Some(params), RequestOptions::within(timeout)).await else {
        return Err(refused(refusal));
    };
    let mut found: Map<String, Value> =
        serde_json::from_str(result.get()).map_err(|error| HandshakeError::Unreadable(error.to_string()))?;
    let supported = found.get("supportedVersions").and_then(Value::as_array);
    if !supported.is_some_and(|versions| versions.iter().any(|version| version == STATELESS_VERSION)) {
        return Err(refused(refusal));
    }
    if let Value::Object(meta) = meta {
        peer.set_meta(meta);
    }
    let server_info = found.get("_meta").and_then(|meta| meta.get("io.modelcontextprotocol/serverInfo")).cloned();
    let mut initialize_result = Map::new();
    initialize_result.insert("protocolVersion".to_owned(), PROTOCOL_VERSIONS[0].into());
    initialize_result.insert("capabilities".to_owned(), found.remove("capabilities").unwrap_or_else(|| json!({})));
    initialize_result
        .insert("serverInfo".to_owned(), server_info.unwrap_or_else(|| json!({ "name": "unknown", "version": "0" })));
    if let Some(instructions) = found.remove("instructions") {
        initialize_result.insert("instructions".to_owned(), instructions);
    }
    Ok(ServerInfo { protocol_version: STATELESS_VERSION.to_owned(), initialize_result })
}

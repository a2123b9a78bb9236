//! `mcp`: a tool of an MCP server, from what a run pins of it to what the model reads.

mod oauth;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::id::ContentHash;
use troupe_core::message::Media;
use troupe_core::model::{ConfigValue, NamedValue, SecretRef};
use troupe_core::port::{SecretError, SecretSource};
use troupe_core::tool::{
    Approval, McpServerSnapshot, McpTool, McpTransport as Pinned, OnInterrupted, ToolKind, ToolResult, ToolSnapshot,
    ToolSpec,
};
use troupe_net::{Client, ClientConfig, NetError};
use url::Url;

use crate::mcp::{
    CallContext, HttpProtocol, HttpServer, McpError, McpPart, McpPool, McpResult, McpServerConfig, McpToolInfo,
    McpTransport, Processes, Sharing, StdioServer,
};
use oauth::{OAuthError, Tokens};

/// How long a call may take where neither its tool nor its server says.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Why a tool of an MCP server gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum McpToolError {
    /// A secret of the server is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The server's address is none.
    #[error("the URL of MCP server {server} cannot be used: {reason}")]
    Url {
        /// The server.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The server's certificate authority cannot be used.
    #[error("the certificate authority of MCP server {server} cannot be used: {source}")]
    Authority {
        /// The server.
        server: String,
        /// What is wrong.
        source: NetError,
    },
    /// The server's authorization server gave no token.
    #[error("MCP server {server} cannot be signed in to: {source}")]
    SignIn {
        /// The server.
        server: String,
        /// What is wrong.
        source: OAuthError,
    },
    /// The server gave no result.
    #[error(transparent)]
    Call(#[from] McpError),
}

/// Calls tools of MCP servers over one pool of connections.
pub(crate) struct McpTools {
    pool: McpPool,
    client: Client,
    network: ClientConfig,
    secrets: Arc<dyn SecretSource>,
    /// Clients of servers with an authority of their own, by its PEM text's hash: each has its own connections.
    clients: Mutex<HashMap<String, Client>>,
    tokens: Tokens,
}

/// A server's configuration with its secrets in it, and these once more, to be masked.
struct Resolved {
    config: McpServerConfig,
    secrets: Vec<String>,
}

impl McpTools {
    pub(crate) fn new(
        tasks: TaskTracker,
        client: Client,
        network: ClientConfig,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        let (pool, tokens) = (McpPool::new(tasks), Tokens::new(client.clone()));
        Self { pool, client, network, secrets, clients: Mutex::default(), tokens }
    }

    pub(crate) fn pool(&self) -> &McpPool {
        &self.pool
    }

    /// Calls a tool; `secrets` learns those of the server.
    pub(crate) async fn call(
        &self,
        tool: &McpTool,
        arguments: &Map<String, Value>,
        context: CallContext,
        secrets: &mut Vec<String>,
    ) -> ToolResult {
        let called = async {
            let resolved = self.resolve(&tool.server).await?;
            secrets.extend(resolved.secrets);
            Ok::<_, McpToolError>(self.pool.call(&resolved.config, &tool.tool, arguments, context).await?)
        };
        called.await.map_or_else(ToolResult::error, shown)
    }

    /// Every tool of a server.
    pub(crate) async fn tools(&self, server: &McpServerSnapshot) -> Result<Vec<McpToolInfo>, McpToolError> {
        let resolved = self.resolve(server).await?;
        Ok(self.pool.tools(&resolved.config).await?)
    }

    async fn resolve(&self, server: &McpServerSnapshot) -> Result<Resolved, McpToolError> {
        let mut secrets = Vec::new();
        let timeout = server.timeout_ms.map_or(TIMEOUT, Duration::from_millis);
        let most = usize::try_from(server.max_response_bytes).unwrap_or(usize::MAX);
        let transport = match &server.transport {
            Pinned::Stdio { command, args, env, min_processes, max_processes, idle_timeout_ms, per_session } => {
                let processes = Processes {
                    min: count(*min_processes),
                    max: count(*max_processes).max(1),
                    idle_timeout: if *idle_timeout_ms == 0 {
                        Duration::MAX
                    } else {
                        Duration::from_millis(*idle_timeout_ms)
                    },
                };
                let env: BTreeMap<_, _> = self.values(env, &mut secrets).await?.into_iter().collect();
                let sharing = if *per_session { Sharing::PerSession } else { Sharing::Shared };
                let base = StdioServer::new(command, args);
                McpTransport::Stdio(StdioServer {
                    env,
                    processes,
                    sharing,
                    call_timeout: timeout,
                    max_response_bytes: most,
                    ..base
                })
            }
            Pinned::Http { url, headers, sse, oauth, ca, per_session } => {
                let url = Url::parse(url)
                    .map_err(|error| McpToolError::Url { server: server.name.clone(), reason: error.to_string() })?;
                let protocol = if *sse { HttpProtocol::Sse } else { HttpProtocol::StreamableHttp };
                let (client, client_identity) = self.client(&server.name, ca.as_ref()).await?;
                let values = self.values(headers, &mut secrets).await?;
                let mut headers: Vec<_> = headers.iter().zip(values).map(with_scheme).collect();
                if let Some(oauth) = oauth {
                    let id = self.value(&oauth.client_id, &mut secrets).await?;
                    let secret = self.secrets.secret(&oauth.client_secret).await?;
                    let token = self.tokens.token(oauth, &id, &secret).await;
                    let sign_in = |source| McpToolError::SignIn { server: server.name.clone(), source };
                    let token = token.map_err(sign_in)?;
                    headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
                    secrets.extend([token, secret.to_string()]);
                }
                let sharing = if *per_session { Sharing::PerSession } else { Sharing::Shared };
                let base = HttpServer::new(url, protocol, client);
                McpTransport::Http(HttpServer { headers, sharing, max_response_bytes: most, client_identity, ..base })
            }
        };
        Ok(Resolved { config: McpServerConfig { name: server.name.clone(), transport, timeout }, secrets })
    }

    async fn values(
        &self,
        pairs: &[NamedValue],
        secrets: &mut Vec<String>,
    ) -> Result<Vec<(String, String)>, SecretError> {
        let mut values = Vec::with_capacity(pairs.len());
        for pair in pairs {
            values.push((pair.name.clone(), self.value(&pair.value, secrets).await?));
        }
        Ok(values)
    }

    async fn value(&self, value: &ConfigValue, secrets: &mut Vec<String>) -> Result<String, SecretError> {
        match value {
            ConfigValue::Plain(text) => Ok(text.clone()),
            ConfigValue::Secret(reference) => {
                let value = self.secrets.secret(reference).await?.to_string();
                secrets.push(value.clone());
                Ok(value)
            }
        }
    }

    /// The shared client, or one that trusts the server's own authority.
    async fn client(&self, server: &str, ca: Option<&SecretRef>) -> Result<(Client, String), McpToolError> {
        let Some(ca) = ca else { return Ok((self.client.clone(), String::new())) };
        let pem = self.secrets.secret(ca).await?;
        let identity = ContentHash::of(pem.as_bytes()).0;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&identity) {
            return Ok((client.clone(), identity));
        }
        let mut authorities = self.network.extra_authorities.clone().unwrap_or_default();
        authorities.push(b'\n');
        authorities.extend_from_slice(pem.as_bytes());
        let config = ClientConfig { extra_authorities: Some(authorities), ..self.network.clone() };
        let client =
            Client::new(&config).map_err(|source| McpToolError::Authority { server: server.to_owned(), source })?;
        clients.insert(identity.clone(), client.clone());
        Ok((client, identity))
    }
}

/// A header as it is sent. A secret in `Authorization` is a bearer token, unless it names a scheme itself.
fn with_scheme((pinned, (name, value)): (&NamedValue, (String, String))) -> (String, String) {
    let is_token = matches!(pinned.value, ConfigValue::Secret(_)) && !value.trim().contains(char::is_whitespace);
    if is_token && name.eq_ignore_ascii_case("authorization") {
        return (name, format!("Bearer {}", value.trim()));
    }
    (name, value)
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What a call of an MCP tool is made with.
pub(crate) fn context(session: Option<String>, timeout_ms: Option<u64>, stop: &CancellationToken) -> CallContext {
    CallContext { timeout: timeout_ms.map(Duration::from_millis), cancel: stop.clone(), progress: None, session }
}

/// What a run pins of a tool that a server was found to have (S1-95).
pub fn snapshot(server: &McpServerSnapshot, tool: McpToolInfo) -> ToolSnapshot {
    ToolSnapshot {
        id: format!("mcp-{}-{}", server.name, tool.name),
        kind: ToolKind::Mcp(McpTool { server: server.clone(), tool: tool.name.clone() }),
        spec: ToolSpec { name: tool.name, description: tool.description, parameters: tool.input_schema },
        output: tool.output_schema,
        timeout_ms: None,
        approval: Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: tool.read_only,
        idempotent: tool.idempotent,
        destructive: tool.destructive,
        hidden_arguments: Vec::new(),
    }
}

/// S1-94: the texts joined by line breaks; images for models that look; what else there is in a line each.
fn shown(result: McpResult) -> ToolResult {
    let mut lines = Vec::new();
    let mut images = Vec::new();
    for part in result.parts {
        match part {
            McpPart::Text(text) | McpPart::Resource { text: Some(text), .. } => lines.push(text),
            McpPart::Image { data, mime_type } => images.push(Media { mime: mime_type, data }),
            McpPart::Audio { mime_type, .. } => lines.push(format!("(a recording, {mime_type})")),
            McpPart::ResourceLink { uri, name, description, .. } => {
                let description = description.map(|text| format!(": {text}")).unwrap_or_default();
                lines.push(format!("{name} <{uri}>{description}"));
            }
            McpPart::Resource { uri, mime_type, .. } => {
                lines.push(format!("(a resource, {}, <{uri}>)", mime_type.as_deref().unwrap_or("binary")));
            }
            McpPart::Other(value) => lines.push(value.to_string()),
        }
    }
    let mut content = lines.join("\n");
    if content.is_empty()
        && let Some(structured) = &result.structured
    {
        content = structured.to_string();
    }
    if result.is_error {
        return ToolResult { images, ..ToolResult::error(content) };
    }
    ToolResult { structured: result.structured, images, ..ToolResult::text(content) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(parts: Vec<McpPart>, structured: Option<Value>, is_error: bool) -> ToolResult {
        shown(McpResult { parts, structured, is_error })
    }

    #[test]
    fn texts_are_joined_and_other_parts_described() {
        let parts = vec![
            McpPart::Text("one".into()),
            McpPart::Image { data: "AA==".into(), mime_type: "image/png".into() },
            McpPart::ResourceLink { uri: "a://b".into(), name: "b".into(), description: None, mime_type: None },
            McpPart::Resource { uri: "a://c".into(), mime_type: None, text: Some("two".into()), blob: None },
        ];
        let shown = result(parts, None, false);
        assert_eq!(shown.content, "one\nb <a://b>\ntwo");
        assert_eq!(shown.images, [Media { mime: "image/png".into(), data: "AA==".into() }]);
    }

    #[test]
    fn an_error_says_so_and_structured_content_stands_in_for_missing_text() {
        let failed = result(vec![McpPart::Text("no".into())], None, true);
        assert_eq!((failed.content.as_str(), failed.is_error), ("Error: no", true));
        let structured = result(Vec::new(), Some(json!({"a": 1})), false);
        assert_eq!((structured.content.as_str(), structured.structured), ("{\"a\":1}", Some(json!({"a": 1}))));
    }
}

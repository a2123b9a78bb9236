//! McpServers: how they are reached, and which of their tools are offered under which names.

use std::time::Duration;

use troupe_core::model::{ConfigValue, NamedValue};
use troupe_core::tool::{
    McpServerSnapshot, McpTool, McpTransport, OAuthClientCredentials, OnInterrupted, ToolKind, ToolSnapshot, ToolSpec,
};
use troupe_crds::mcp_server::{HttpServer, McpProtocol, Sharing, StdioServer, ToolFilter};
use troupe_crds::{Kind, McpServerSpec};

use super::{DiscoveredTool, McpDirectory, ResolveError, model, serving_resource};
use crate::view::View;

/// The longest call, where the server says nothing.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

/// How long a process may idle, where the server says nothing.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// The port of a server's Service, at which its bridge listens.
const SERVICE_PORT: u16 = 8_080;

/// The longest name that models take.
const MAX_NAME: usize = 64;

/// A tool that a server offers.
pub(super) struct Offered {
    /// The server's own name of it.
    pub(super) listed: String,
    /// What is pinned of it.
    pub(super) snapshot: ToolSnapshot,
}

/// How a server is reached.
pub(super) fn snapshot(view: &View, name: &str) -> Result<McpServerSnapshot, ResolveError> {
    let missing = || ResolveError::NotFound { kind: Kind::McpServer, name: name.to_owned() };
    serving_resource(view.get(Kind::McpServer, name).ok_or_else(missing)?)?;
    let spec = view.mcp_server(name).ok_or_else(missing)?;
    let transport = match (&spec.stdio, &spec.http) {
        (Some(server), _) => match &view.namespace {
            Some(namespace) => service(name, namespace, server),
            None => stdio(server),
        },
        (None, Some(server)) => http(server),
        // The rules demand one of the two.
        (None, None) => return Err(missing()),
    };
    Ok(McpServerSnapshot {
        name: name.to_owned(),
        transport,
        timeout_ms: Some(model::millis(spec.timeout.as_ref(), TIMEOUT)),
        max_response_bytes: spec.max_response_bytes,
    })
}

/// A server in a cluster: a bridge runs its command in pods of its own, behind the Service that the operator makes.
fn service(name: &str, namespace: &str, server: &StdioServer) -> McpTransport {
    let slug = troupe_crds::id::slug(name);
    McpTransport::Http {
        url: format!("http://mcp-{slug}.{namespace}.svc:{SERVICE_PORT}/mcp"),
        headers: Vec::new(),
        sse: false,
        oauth: None,
        ca: None,
        per_session: server.sharing == Sharing::PerSession,
    }
}

fn stdio(server: &StdioServer) -> McpTransport {
    let pool = server.pool();
    let env = server.env.iter();
    McpTransport::Stdio {
        command: server.command.clone(),
        args: server.args.clone(),
        env: env.map(|env| model::named(&env.name, env.value.as_deref(), env.secret_key_ref.as_ref())).collect(),
        min_processes: pool.min,
        max_processes: pool.max,
        idle_timeout_ms: model::millis(pool.idle_timeout.as_ref(), IDLE_TIMEOUT),
        per_session: server.sharing == Sharing::PerSession,
    }
}

fn http(server: &HttpServer) -> McpTransport {
    let mut headers: Vec<NamedValue> = server.headers.iter().map(model::header).collect();
    let auth = server.auth.as_ref();
    if let Some(bearer) = auth.and_then(|auth| auth.bearer_secret_key_ref.as_ref()) {
        // A secret in `Authorization` is sent as a bearer token, unless it names a scheme itself.
        let value = ConfigValue::Secret(model::secret(bearer));
        headers.push(NamedValue { name: "Authorization".to_owned(), value });
    }
    McpTransport::Http {
        url: server.url.clone(),
        headers,
        sse: server.protocol == McpProtocol::Sse,
        oauth: auth.and_then(|auth| auth.oauth_client_credentials.as_ref()).map(|oauth| OAuthClientCredentials {
            token_url: oauth.token_url.clone(),
            client_id: ConfigValue::Plain(oauth.client_id.clone()),
            client_secret: model::secret(&oauth.client_secret_key_ref),
            scopes: oauth.scopes.clone(),
        }),
        ca: server.tls.as_ref().and_then(|tls| tls.ca_secret_key_ref.as_ref()).map(model::secret),
        per_session: false,
    }
}

/// The tools that a server offers, filtered and renamed, in the order in which it lists them.
pub(super) async fn offered(view: &View, mcp: &dyn McpDirectory, name: &str) -> Result<Vec<Offered>, ResolveError> {
    let server = snapshot(view, name)?;
    let listed = mcp.tools(&server).await;
    let listed = listed.map_err(|message| ResolveError::Discovery { server: name.to_owned(), message })?;
    let none = ToolFilter::default();
    let filter = view.mcp_server(name).and_then(|spec: &McpServerSpec| spec.tool_filter.as_ref()).unwrap_or(&none);
    Ok(listed
        .into_iter()
        .filter(|tool| admits(filter, &tool.name))
        .map(|tool| convert(&server, filter, tool))
        .collect())
}

fn admits(filter: &ToolFilter, name: &str) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
    (filter.include.is_empty() || any(&filter.include)) && !any(&filter.exclude)
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let found = parts.try_fold(rest, |rest, part| rest.find(part).map(|at| &rest[at + part.len()..]));
    found.is_some_and(|rest| rest.ends_with(last))
}

fn convert(server: &McpServerSnapshot, filter: &ToolFilter, tool: DiscoveredTool) -> Offered {
    let shown = filter.rename.get(&tool.name).unwrap_or(&tool.name);
    let spec = ToolSpec {
        name: shown_name(shown),
        description: tool.description,
        parameters: super::tool::object_schema(Some(tool.input_schema)),
    };
    let snapshot = ToolSnapshot {
        spec,
        id: format!("mcp-{}-{}", server.name, tool.name),
        output: tool.output_schema,
        kind: ToolKind::Mcp(McpTool { server: server.clone(), tool: tool.name.clone() }),
        timeout_ms: server.timeout_ms,
        approval: troupe_core::tool::Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: tool.read_only,
        idempotent: tool.idempotent,
        destructive: tool.destructive,
        hidden_arguments: Vec::new(),
    };
    Offered { listed: tool.name, snapshot }
}

/// A name that models take: servers also use dots and slashes.
pub(super) fn shown_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    name.chars().map(plain).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name) in
            [("*", "x"), ("get_*", "get_a"), ("*_a", "get_a"), ("g*t*a", "get_a"), ("x", "x"), ("a*a", "aa")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("get_*", "set_a"), ("x", "xy"), ("a*a", "a"), ("g*x*a", "get_a"), ("", "x")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}

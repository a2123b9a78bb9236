//! A server that is not registered yet, as it can be connected to: its posted secrets are held in memory.

use std::collections::HashMap;
use std::time::Duration;

use troupe_core::model::{ConfigValue, NamedValue, SecretRef};
use troupe_core::tool::{McpServerSnapshot, McpTransport, OAuthClientCredentials};
use troupe_crds::mcp_server::{HttpServer, McpProtocol, Sharing, StdioServer};
use troupe_crds::reference::SecretKeyReference;
use troupe_crds::{GoDuration, Kind, Resource};

use super::Prepared;
use crate::http::error::Problem;
use crate::secrets::Secrets;
use crate::service::manifest::missing;

/// How long a process may idle, where the server says nothing (S1-100).
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// The longest call, where the server says nothing.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Finds secrets: those that were just posted in memory, the others where they are kept.
struct References<'a> {
    held: HashMap<(&'a str, &'a str), SecretRef>,
}

/// How a prepared server is reached.
pub(super) fn snapshot(prepared: &Prepared, secrets: &Secrets) -> Result<McpServerSnapshot, Problem> {
    let name = prepared.resource.name().to_owned();
    let Resource::McpServer(server) = &prepared.resource else { return Err(missing(Kind::McpServer, &name)) };
    let held =
        prepared.values.iter().map(|posted| ((posted.name.as_str(), posted.key.as_str()), secrets.hold(&posted.value)));
    let references = References { held: held.collect() };
    let transport = match (&server.spec.stdio, &server.spec.http) {
        (Some(stdio), _) => references.stdio(stdio),
        (None, Some(http)) => references.http(http),
        (None, None) => return Err(Problem::missing_field("command (or url)")),
    };
    let timeout_ms = Some(millis(server.spec.timeout.as_ref(), TIMEOUT));
    Ok(McpServerSnapshot { name, transport, timeout_ms, max_response_bytes: server.spec.max_response_bytes })
}

impl References<'_> {
    fn secret(&self, reference: &SecretKeyReference) -> SecretRef {
        let held = self.held.get(&(reference.name.as_str(), reference.key.as_str())).cloned();
        held.unwrap_or_else(|| SecretRef::Key { name: reference.name.clone(), key: reference.key.clone() })
    }

    fn named(&self, name: &str, value: Option<&String>, reference: Option<&SecretKeyReference>) -> NamedValue {
        let value = match reference {
            Some(reference) => ConfigValue::Secret(self.secret(reference)),
            None => ConfigValue::Plain(value.cloned().unwrap_or_default()),
        };
        NamedValue { name: name.to_owned(), value }
    }

    fn stdio(&self, server: &StdioServer) -> McpTransport {
        let processes = server.processes.as_ref();
        let env = server.env.iter();
        McpTransport::Stdio {
            command: server.command.clone(),
            args: server.args.clone(),
            env: env.map(|env| self.named(&env.name, env.value.as_ref(), env.secret_key_ref.as_ref())).collect(),
            min_processes: processes.map_or(0, |processes| processes.min),
            max_processes: processes.map_or(1, |processes| processes.max),
            idle_timeout_ms: millis(processes.and_then(|processes| processes.idle_timeout.as_ref()), IDLE_TIMEOUT),
            per_session: server.sharing == Sharing::PerSession,
        }
    }

    fn http(&self, server: &HttpServer) -> McpTransport {
        let auth = server.auth.as_ref();
        let header = |header: &troupe_crds::connection::Header| {
            self.named(&header.name, header.value.as_ref(), header.secret_key_ref.as_ref())
        };
        let mut headers: Vec<NamedValue> = server.headers.iter().map(header).collect();
        if let Some(bearer) = auth.and_then(|auth| auth.bearer_secret_key_ref.as_ref()) {
            headers.push(self.named("Authorization", None, Some(bearer)));
        }
        let oauth = auth.and_then(|auth| auth.oauth_client_credentials.as_ref());
        McpTransport::Http {
            url: server.url.clone(),
            headers,
            sse: server.protocol == McpProtocol::Sse,
            oauth: oauth.map(|oauth| OAuthClientCredentials {
                token_url: oauth.token_url.clone(),
                client_id: ConfigValue::Plain(oauth.client_id.clone()),
                client_secret: self.secret(&oauth.client_secret_key_ref),
                scopes: oauth.scopes.clone(),
            }),
            ca: server.tls.as_ref().and_then(|tls| tls.ca_secret_key_ref.as_ref()).map(|ca| self.secret(ca)),
            per_session: false,
        }
    }
}

fn millis(duration: Option<&GoDuration>, default: Duration) -> u64 {
    let duration = duration.map_or(default, GoDuration::value);
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

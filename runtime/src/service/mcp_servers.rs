//! MCP servers as S1's clients know them (S1-85 to S1-87, S1-99), over `McpServer` resources.

mod connect;
mod load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, WriteOptions};
use troupe_crds::mcp_server::McpProtocol;
use troupe_crds::reference::SecretKeyReference;
use troupe_crds::{Kind, McpServerSpec, Resource};

use crate::app::App;
use crate::http::error::Problem;
use crate::service::key::{Posted, key_name};
use crate::service::manifest::{self, FieldNames, check_id, metadata_for, missing, wrong};
use crate::service::resolve::MASK;
use crate::service::rights::Asker;

/// The longest that registering waits for a server. `npx` and `uvx` may download first.
const PATIENCE: Duration = Duration::from_mins(2);

/// The longest that a deletion waits to learn which tools went.
const MOMENT: Duration = Duration::from_secs(2);

/// The longest value of a variable or header, in characters.
const MOST_VALUE: usize = 32_768;

/// What a body calls the fields of a server.
pub(super) struct Names {
    name: &'static str,
    command: &'static str,
    env: &'static str,
    url: &'static str,
    headers: &'static str,
    fields: FieldNames,
}

/// The fields of `/v1/tools/mcp`.
const OF_SERVER: Names = Names {
    name: "name",
    command: "command",
    env: "env",
    url: "url",
    headers: "headers",
    fields: &[
        ("metadata", "name"),
        ("spec.stdio.command", "command"),
        ("spec.stdio.args", "args"),
        ("spec.stdio.env", "env"),
        ("spec.http.url", "url"),
        ("spec.http.headers", "headers"),
    ],
};

/// The fields of `/v1/tools`, where a server comes with one of its tools (S1-79).
pub(super) const OF_TOOL: Names = Names {
    name: "mcp_server_name",
    command: "mcp_command",
    env: "mcp_env",
    url: "mcp_url",
    headers: "mcp_headers",
    fields: &[
        ("metadata", "mcp_server_name"),
        ("spec.stdio.command", "mcp_command"),
        ("spec.stdio.args", "mcp_args"),
        ("spec.stdio.env", "mcp_env"),
        ("spec.http.url", "mcp_url"),
        ("spec.http.headers", "mcp_headers"),
    ],
};

/// One server as MCP clients write it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct ServerInput {
    /// A program that speaks MCP on its standard input and output.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Option<Vec<String>>,
    /// Its variables; the values become Secrets, a mask keeps the one that is there.
    pub env: Option<BTreeMap<String, String>>,
    /// Or the address of a server.
    pub url: Option<String>,
    /// Headers for it; the values become Secrets, a mask keeps the one that is there.
    pub headers: Option<BTreeMap<String, String>>,
    /// `sse` for the older transport.
    #[serde(alias = "transport", rename = "type")]
    pub type_: Option<String>,
    /// It is left out.
    pub disabled: Option<bool>,
}

/// One server as it is shown: values of variables and headers as masks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ServerConfig {
    /// The program's variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Headers for the address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The address, where there is no program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `sse` for the older transport.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// `true` where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// What S1's clients post (S1-85).
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct ServersInput {
    /// Servers by name.
    #[serde(rename = "mcpServers")]
    #[schema(value_type = BTreeMap<String, ServerInput>)]
    pub servers: Map<String, Value>,
}

/// What came of registering servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Registered {
    /// The servers that answered, by name.
    pub registered_servers: Vec<String>,
    /// The ids of their tools.
    pub registered_tools: Vec<String>,
    /// What went wrong with others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// What is wrong with a server, with its fields named from the body's top.
fn placed(server: &str, problem: &Problem) -> String {
    let place = format!("mcpServers.{server}");
    let detail = problem.detail();
    for start in ["Invalid value for field ", "Missing required field: "] {
        if let Some(rest) = detail.strip_prefix(start) {
            let dot = if rest.starts_with(':') { "" } else { "." };
            return format!("{start}{place}{dot}{rest}");
        }
    }
    format!("{place}: {detail}")
}

/// A server that is ready to be connected to, and then to be written.
pub(super) struct Prepared {
    resource: Resource,
    values: Vec<Posted>,
}

impl App {
    /// Connects to servers, and registers those that list their tools.
    pub async fn register_servers(&self, asker: &Asker, input: ServersInput) -> Result<Registered, Problem> {
        if input.servers.is_empty() {
            return Err(Problem::missing_field("mcpServers (at least one server)"));
        }
        let outcomes = input.servers.into_iter().map(|(name, value)| async move {
            let outcome = self.register_server(asker, &name, value).await;
            (name, outcome)
        });
        let mut registered = Registered::default();
        for (name, outcome) in futures::future::join_all(outcomes).await {
            match outcome {
                Ok(None) => {}
                Ok(Some(tools)) => {
                    registered.registered_servers.push(name);
                    registered.registered_tools.extend(tools);
                }
                // What nobody may do, or nobody can say, is no mistake in the request.
                Err(problem)
                    if [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE].contains(&problem.status()) =>
                {
                    return Err(problem);
                }
                Err(problem) => registered.errors.push(placed(&name, &problem)),
            }
        }
        if registered.registered_servers.is_empty() && !registered.errors.is_empty() {
            let problem = Problem::bad_request(registered.errors.join("; "));
            let problem = problem.with("registered_servers", json!([])).with("registered_tools", json!([]));
            return Err(problem.with("errors", registered.errors));
        }
        Ok(registered)
    }

    /// The ids of the server's tools; nothing for one that is disabled.
    async fn register_server(&self, asker: &Asker, name: &str, value: Value) -> Result<Option<Vec<String>>, Problem> {
        let input: ServerInput = serde_path_to_error::deserialize(value).map_err(|error| {
            let (path, inner) = (error.path().to_string(), error.inner().to_string());
            wrong(if path == "." { "" } else { &path }, inner)
        })?;
        if input.disabled == Some(true) {
            return Ok(None);
        }
        let prepared = self.prepare_server(name, &input, &OF_SERVER)?;
        // Before anything is started or called.
        self.may_register(asker, &prepared).await?;
        let (server, known) = (prepared.resource.name().to_owned(), prepared.is_known(self));
        let snapshot = connect::snapshot(&prepared, &self.secrets)?;
        let failed = |why: String| Problem::bad_request(why);
        match tokio::time::timeout(PATIENCE, self.tools.discover(&snapshot)).await {
            Ok(Ok(_)) => {}
            outcome => {
                if !known {
                    self.tools.mcp().forget(&server);
                }
                let late = format!("it did not list its tools within {} s", PATIENCE.as_secs());
                return Err(failed(
                    outcome.map_or(late, |error| error.map_or_else(|error| error.to_string(), |_| String::new())),
                ));
            }
        }
        self.write_server(asker, prepared).await?;
        let view = self.catalog.view();
        let tools = view.server_tools(&server, self.mcp.as_ref()).await;
        let tools = tools.map_err(|error| failed(crate::service::resolve::sentence(&error)))?;
        Ok(Some(tools.iter().map(|tool| tool.id.clone()).collect()))
    }

    /// The resource of a server as it is posted, over the one that is there. Nothing is written yet.
    pub(super) fn prepare_server(&self, id: &str, input: &ServerInput, names: &Names) -> Result<Prepared, Problem> {
        check_id(names.name, id)?;
        let present = self.catalog.view().find(Kind::McpServer, id).cloned();
        let parts = present.as_deref().and_then(manifest::parts);
        let (metadata, mut spec) = parts.unwrap_or_else(|| (metadata_for(id), json!({})));
        let secret = key_name(Kind::McpServer, metadata.get("name").and_then(Value::as_str).unwrap_or_default());
        let mut values = Vec::new();
        let (transport, other) = match (filled(input.command.as_deref()), filled(input.url.as_deref())) {
            (Some(command), None) => {
                let mut server = spec.get("stdio").cloned().unwrap_or_else(|| json!({}));
                server["command"] = command.into();
                if let Some(args) = &input.args {
                    server["args"] = args.clone().into();
                }
                named_values(&mut server, ("env", names.env), input.env.as_ref(), &secret, &mut values)?;
                (("stdio", server), "http")
            }
            (None, Some(url)) => {
                let mut server = spec.get("http").cloned().unwrap_or_else(|| json!({}));
                server["url"] = url.into();
                named_values(&mut server, ("headers", names.headers), input.headers.as_ref(), &secret, &mut values)?;
                set_protocol(&mut server, input.type_.as_deref())?;
                (("http", server), "stdio")
            }
            (Some(_), Some(_)) => return Err(wrong(names.url, "a server has a command or a url, not both")),
            (None, None) => return Err(Problem::missing_field(&format!("{} (or {})", names.command, names.url))),
        };
        if let Some(fields) = spec.as_object_mut() {
            fields.shift_remove(other);
            fields.insert(transport.0.to_owned(), transport.1);
            fields.shift_remove("suspend");
        }
        include_again(&mut spec);
        let resource = manifest::resource(Kind::McpServer, metadata, spec, names.fields)?;
        if let Some(url) = input.url.as_deref().filter(|_| transport.0 == "http") {
            url::Url::parse(url).map_err(|error| wrong(names.url, error))?;
        }
        Ok(Prepared { resource, values })
    }

    /// Writes a prepared server and its secrets.
    pub(super) async fn write_server(&self, asker: &Asker, prepared: Prepared) -> Result<(), Problem> {
        self.may_register(asker, &prepared).await?;
        self.keep(asker, &prepared.values).await?;
        self.write(asker, prepared.resource, WriteOptions::default()).await?;
        Ok(())
    }

    /// Whether `asker` may write a server and what goes into Secrets with it.
    pub(super) async fn may_register(&self, asker: &Asker, prepared: &Prepared) -> Result<(), Problem> {
        self.may_write(asker, Kind::McpServer, prepared.name()).await?;
        for posted in &prepared.values {
            self.may_keep(asker, &posted.name).await?;
        }
        Ok(())
    }

    /// Every server as MCP clients write it (S1-86); secrets as masks.
    pub fn list_servers(&self) -> BTreeMap<String, ServerConfig> {
        let view = self.catalog.view();
        view.list(Kind::McpServer).filter_map(|entry| Some((entry.id.to_string(), shown(spec(entry)?)))).collect()
    }

    /// Removes a server with its tools, and ends its connections (S1-87); the ids of the tools.
    pub async fn delete_server(&self, asker: &Asker, id: &str) -> Result<Vec<String>, Problem> {
        let view = self.catalog.view();
        let not_found = || Problem::not_found(format!("MCP server not found: {id}"));
        let entry = view.find(Kind::McpServer, id).cloned().ok_or_else(not_found)?;
        let offered = tokio::time::timeout(MOMENT, view.server_tools(&entry.name, self.mcp.as_ref())).await;
        let offered = offered.ok().and_then(Result::ok).unwrap_or_default();
        let mut deleted: Vec<String> = offered.iter().map(|tool| tool.id.clone()).collect();
        let secret = key_name(Kind::McpServer, &entry.name);
        let tools: Vec<&Arc<Entry>> = view.list(Kind::Tool).filter(|tool| is_of_server(tool, &entry.name)).collect();
        // All of it or nothing.
        self.may_forget(asker, &secret).await?;
        for tool in &tools {
            self.may_delete(asker, Kind::Tool, &tool.name).await?;
        }
        self.remove(asker, Kind::McpServer, &entry.name, WriteOptions::default()).await?;
        self.mcp.forget(&entry.name);
        self.forget(asker, &secret).await?;
        for tool in tools {
            self.remove(asker, Kind::Tool, &tool.name, WriteOptions::default()).await?;
            if !deleted.contains(&tool.id.to_string()) {
                deleted.push(tool.id.to_string());
            }
        }
        Ok(deleted)
    }

    /// Takes a discovered tool out of what its server offers (S1-81).
    pub(super) async fn exclude_tool(&self, asker: &Asker, server: &str, tool: &str) -> Result<(), Problem> {
        let entry = self.catalog.view().get(Kind::McpServer, server).cloned();
        let entry = entry.ok_or_else(|| missing(Kind::McpServer, server))?;
        let (metadata, mut spec) = manifest::parts(&entry).ok_or_else(|| missing(Kind::McpServer, server))?;
        let mut excluded: Vec<Value> =
            spec.pointer("/toolFilter/exclude").and_then(Value::as_array).cloned().unwrap_or_default();
        excluded.push(tool.into());
        if spec.get("toolFilter").is_none_or(Value::is_null) {
            spec["toolFilter"] = json!({});
        }
        spec["toolFilter"]["exclude"] = Value::Array(excluded);
        let resource = manifest::resource(Kind::McpServer, metadata, spec, OF_SERVER.fields)?;
        self.write(asker, resource, WriteOptions::default()).await?;
        Ok(())
    }
}

impl Prepared {
    fn is_known(&self, app: &App) -> bool {
        app.catalog.view().get(Kind::McpServer, self.resource.name()).is_some()
    }

    /// The object's name.
    pub(super) fn name(&self) -> &str {
        self.resource.name()
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Makes variables or headers references into `secret`. Absent ones stay, and so does one that is posted as its mask.
fn named_values(
    server: &mut Value,
    (field, shown): (&str, &str),
    posted: Option<&BTreeMap<String, String>>,
    secret: &str,
    values: &mut Vec<Posted>,
) -> Result<(), Problem> {
    let Some(posted) = posted else { return Ok(()) };
    let present = server.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut entries = Vec::with_capacity(posted.len());
    for (name, value) in posted {
        let path = format!("{shown}.{name}");
        let kept = present.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some(name));
        entries.push(match (Posted::read(&path, Some(value), MOST_VALUE)?.flatten(), kept) {
            (None, Some(kept)) => kept.clone(),
            (None, None) => return Err(wrong(&path, "there is no value that this mask stands for: send the value")),
            (Some(value), _) => {
                let key = secret_key(name);
                values.push(Posted { name: secret.to_owned(), key: key.clone(), value });
                let reference = SecretKeyReference { name: secret.to_owned(), key };
                json!({"name": name, "secretKeyRef": reference})
            }
        });
    }
    server[field] = Value::Array(entries);
    Ok(())
}

/// A key as Kubernetes takes it.
fn secret_key(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-._".contains(letter) { letter } else { '_' };
    name.chars().map(plain).collect()
}

fn set_protocol(server: &mut Value, type_: Option<&str>) -> Result<(), Problem> {
    let protocol = match type_.map(str::to_ascii_lowercase).as_deref() {
        None => return Ok(()),
        Some("sse") => "Sse",
        Some("http" | "streamable-http" | "streamable_http" | "streamablehttp") => "StreamableHttp",
        Some(other) => return Err(wrong("type", format!("{other:?} is none of sse, http, streamable-http"))),
    };
    server["protocol"] = protocol.into();
    Ok(())
}

/// Registering a server brings back the tools of it that were deleted one by one; patterns stay.
fn include_again(spec: &mut Value) {
    let Some(excluded) = spec.pointer_mut("/toolFilter/exclude").and_then(Value::as_array_mut) else { return };
    excluded.retain(|name| name.as_str().is_some_and(|name| name.contains('*')));
}

fn spec(entry: &Entry) -> Option<&McpServerSpec> {
    match manifest::shown(entry)?.as_ref() {
        Resource::McpServer(server) => Some(&server.spec),
        _ => None,
    }
}

fn is_of_server(tool: &Entry, server: &str) -> bool {
    match manifest::shown(tool).map(AsRef::as_ref) {
        Some(Resource::Tool(tool)) => tool.spec.mcp.as_ref().is_some_and(|mcp| mcp.server.name == server),
        _ => false,
    }
}

fn shown(spec: &McpServerSpec) -> ServerConfig {
    let masked = |name: &String, value: Option<&String>| (name.clone(), value.map_or(MASK, String::as_str).to_owned());
    let disabled = spec.suspend.then_some(true);
    if let Some(stdio) = &spec.stdio {
        let env = stdio.env.iter().map(|env| masked(&env.name, env.value.as_ref())).collect();
        let (command, args) = (Some(stdio.command.clone()), stdio.args.clone());
        return ServerConfig { env, command, args, disabled, ..ServerConfig::default() };
    }
    let Some(http) = &spec.http else { return ServerConfig { disabled, ..ServerConfig::default() } };
    ServerConfig {
        headers: http.headers.iter().map(|header| masked(&header.name, header.value.as_ref())).collect(),
        url: Some(http.url.clone()),
        kind: (http.protocol == McpProtocol::Sse).then_some("sse"),
        disabled,
        ..ServerConfig::default()
    }
}

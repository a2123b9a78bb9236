//! Tools as S1's clients know them (S1-17, S1-77 to S1-84): Tool resources, what MCP servers offer, built-in tools and
//! registered closures.

mod call;
mod execute;
mod register;
mod step;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use troupe_catalog::{Entry, View, WriteOptions};
use troupe_core::tool::{ToolKind, ToolSnapshot, builtin};
use troupe_crds::{Kind, Resource, ToolSpec};

use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest;
use crate::service::rights::Asker;

pub use call::CallInput;
pub use register::{SkillInput, ToolInput};

/// The longest that a list waits for servers to tell their tools; those that take longer are in the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The built-in tools, in the order of lists.
const BUILTINS: [&str; 6] = ["bash", "fetch", "delegate", "read_file", "write_file", "search_files"];

/// S1's `ToolConfig` as it is shown. What is absent is left out.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ToolConfig {
    /// Its id.
    pub tool_id: String,
    /// `function`, `mcp` or `skill`; http, template and built-in tools are functions.
    pub tool_type: &'static str,
    /// The name that models see.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// The server's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_server_name: Option<String>,
    /// The tool's name on its server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<String>,
    /// The fixed steps of a skill.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub steps: Option<Vec<Value>>,
    /// The file of a function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_file_path: Option<String>,
    /// The function in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// The folder of a skill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill_dir: Option<String>,
    /// It can be neither changed nor deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub builtin: bool,
}

/// S1's deletion of several tools (S1-82).
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct BatchInput {
    /// Their ids.
    pub tool_ids: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct BatchOutcome {
    /// Those that are gone.
    pub deleted: Vec<String>,
    /// Those that were not there.
    pub not_found: Vec<String>,
    /// Built-in ones.
    pub skipped: Vec<String>,
}

/// What an id means.
enum Found {
    /// A Tool resource.
    Resource(Arc<Entry>),
    /// Built in, or registered by the embedding program.
    Builtin,
    /// A tool that a server offers.
    Discovered { server: String, tool: String },
    /// Nothing.
    Nothing,
}

impl App {
    /// Every tool (S1-78).
    pub async fn list_tools(&self) -> Vec<ToolConfig> {
        let view = self.catalog.view();
        let (resources, discovered) = futures::join!(self.tool_resources(&view), self.discovered_tools(&view));
        let taken = |id: &str| resources.iter().any(|tool| tool.tool_id == id);
        let built_in = BUILTINS.iter().filter(|name| !taken(name)).filter_map(|name| builtin::named(name));
        let registered = self.tools.registered().into_iter().filter(|tool| !taken(&tool.id));
        let fixed = built_in.chain(registered).map(|tool| ToolConfig { builtin: true, ..of_snapshot(&tool) });
        let mut tools: Vec<ToolConfig> = fixed.collect();
        let discovered: Vec<ToolConfig> = discovered.into_iter().filter(|tool| !taken(&tool.tool_id)).collect();
        tools.extend(resources);
        tools.extend(discovered);
        tools
    }

    async fn tool_resources(&self, view: &View) -> Vec<ToolConfig> {
        let shown = view.list(Kind::Tool).map(|entry| self.tool_resource(view, entry));
        futures::future::join_all(shown).await.into_iter().flatten().collect()
    }

    async fn tool_resource(&self, view: &View, entry: &Entry) -> Option<ToolConfig> {
        let spec = spec(entry)?;
        let resolved = tokio::time::timeout(PATIENCE, view.resolve_tool(&entry.name, self.mcp.as_ref())).await;
        let resolved = resolved.ok().and_then(Result::ok);
        Some(of_resource(view, entry, spec, resolved.as_deref()))
    }

    /// What servers offer, asked all at once; one that does not answer in time, or at all, is left out.
    async fn discovered_tools(&self, view: &View) -> Vec<ToolConfig> {
        let asked = view.list(Kind::McpServer).map(|entry| async move {
            let tools = tokio::time::timeout(PATIENCE, view.server_tools(&entry.name, self.mcp.as_ref())).await;
            let tools = tools.ok().and_then(Result::ok).unwrap_or_default();
            tools
                .iter()
                .map(|tool| ToolConfig { mcp_server_name: Some(entry.id.to_string()), ..of_snapshot(tool) })
                .collect()
        });
        let found: Vec<Vec<ToolConfig>> = futures::future::join_all(asked).await;
        found.into_iter().flatten().collect()
    }

    /// Deletes a tool (S1-81). One that a server offers is offered no more.
    pub async fn delete_tool(&self, asker: &Asker, id: &str) -> Result<(), Problem> {
        match self.find_tool(id).await {
            Found::Resource(entry) => self.remove(asker, Kind::Tool, &entry.name, WriteOptions::default()).await,
            Found::Builtin => Err(is_builtin(id)),
            Found::Discovered { server, tool } => self.exclude_tool(asker, &server, &tool).await,
            Found::Nothing => Err(tool_missing(id)),
        }
    }

    /// Deletes several tools (S1-82).
    pub async fn delete_tools(&self, asker: &Asker, input: BatchInput) -> Result<BatchOutcome, Problem> {
        let mut outcome = BatchOutcome::default();
        let (built_in, ids): (Vec<String>, Vec<String>) =
            input.tool_ids.into_iter().partition(|id| self.is_built_in(id));
        outcome.skipped = built_in;
        // All of them or none.
        for id in &ids {
            self.may_delete(asker, Kind::Tool, &self.name_for(Kind::Tool, id)).await?;
        }
        for id in ids {
            match self.delete_tool(asker, &id).await {
                Ok(()) => outcome.deleted.push(id),
                Err(problem) if problem.status() == http::StatusCode::NOT_FOUND => outcome.not_found.push(id),
                Err(problem) => return Err(problem),
            }
        }
        Ok(outcome)
    }

    /// Whether an id means a tool that is built in, or registered by the embedding program.
    fn is_built_in(&self, id: &str) -> bool {
        let is_fixed = || builtin::named(id).is_some() || self.tools.registered().iter().any(|tool| tool.id == id);
        self.catalog.view().find(Kind::Tool, id).is_none() && is_fixed()
    }

    async fn find_tool(&self, id: &str) -> Found {
        let view = self.catalog.view();
        if let Some(entry) = view.find(Kind::Tool, id) {
            return Found::Resource(Arc::clone(entry));
        }
        if self.is_built_in(id) {
            return Found::Builtin;
        }
        if !id.starts_with("mcp-") {
            return Found::Nothing;
        }
        let found = tokio::time::timeout(PATIENCE, view.resolve_tool(id, self.mcp.as_ref())).await;
        match found.ok().and_then(Result::ok) {
            Some(tool) if tool.id == id => match &tool.kind {
                ToolKind::Mcp(mcp) => Found::Discovered { server: mcp.server.name.clone(), tool: mcp.tool.clone() },
                _ => Found::Nothing,
            },
            _ => Found::Nothing,
        }
    }
}

fn spec(entry: &Entry) -> Option<&ToolSpec> {
    match manifest::shown(entry)?.as_ref() {
        Resource::Tool(tool) => Some(&tool.spec),
        _ => None,
    }
}

/// S1's type of a Tool.
fn type_of(spec: &ToolSpec) -> &'static str {
    match (&spec.mcp, &spec.skill) {
        (Some(_), _) => "mcp",
        (None, Some(_)) => "skill",
        (None, None) => "function",
    }
}

/// A tool that is no resource, as S1 shows it.
pub(crate) fn of_snapshot(tool: &ToolSnapshot) -> ToolConfig {
    let (tool_type, tool_name) = match &tool.kind {
        ToolKind::Mcp(mcp) => ("mcp", Some(mcp.tool.clone())),
        ToolKind::Skill(_) => ("skill", None),
        _ => ("function", None),
    };
    ToolConfig {
        tool_id: tool.id.clone(),
        tool_type,
        name: tool.spec.name.clone(),
        description: tool.spec.description.clone(),
        parameters: tool.spec.parameters.clone(),
        mcp_server_name: None,
        tool_name,
        steps: None,
        function_file_path: None,
        function_name: None,
        skill_dir: None,
        builtin: false,
    }
}

/// A Tool resource, with what it takes from elsewhere (a server's description, a skill's) where that is known.
fn of_resource(view: &View, entry: &Entry, spec: &ToolSpec, resolved: Option<&ToolSnapshot>) -> ToolConfig {
    let own_name = || spec.tool_name.clone().unwrap_or_else(|| entry.name.to_string());
    let function = spec.function.as_ref();
    let no_arguments = || serde_json::json!({"type": "object", "properties": Map::new()});
    let derived = resolved.map(|tool| tool.spec.parameters.clone());
    let description = spec.description.clone().or_else(|| resolved.map(|tool| tool.spec.description.clone()));
    let server = spec.mcp.as_ref().map(|mcp| {
        view.get(Kind::McpServer, &mcp.server.name)
            .map_or_else(|| mcp.server.name.clone(), |entry| entry.id.to_string())
    });
    let skill = spec.skill.as_ref();
    ToolConfig {
        tool_id: entry.id.to_string(),
        tool_type: type_of(spec),
        name: resolved.map_or_else(own_name, |tool| tool.spec.name.clone()),
        description: description.unwrap_or_default(),
        parameters: spec
            .parameters
            .as_ref()
            .map(troupe_crds::JsonObject::to_value)
            .or(derived)
            .unwrap_or_else(no_arguments),
        mcp_server_name: server,
        tool_name: spec.mcp.as_ref().map(|mcp| mcp.tool.clone()),
        steps: skill.filter(|skill| !skill.steps.is_empty()).map(|skill| step::shown(view, &skill.steps)),
        function_file_path: function.and_then(|function| function.path.clone()),
        function_name: function.and_then(|function| function.entrypoint.clone()),
        skill_dir: skill.and_then(|skill| skill.source.path.clone()),
        builtin: false,
    }
}

fn tool_missing(id: &str) -> Problem {
    Problem::not_found(format!("Tool not found: {id}"))
}

fn is_builtin(id: &str) -> Problem {
    Problem::forbidden(format!("Tool {id} is built in: it can be neither changed nor deleted"))
}

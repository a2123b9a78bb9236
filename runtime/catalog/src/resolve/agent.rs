//! Agents: one and every agent that it may call, theirs included.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use troupe_core::agent::{AgentSnapshot, OutputPolicy, PinnedSnapshot, Snapshot, WorkspacePolicy};
use troupe_core::tool::{ToolKind, ToolSnapshot, builtin};
use troupe_crds::agent::{AgentTool, DEFAULT_MAX_DEPTH};
use troupe_crds::{AgentSpec, Kind, Resource};

use super::{McpDirectory, ResolveError, Resolved, http, model, policy, prompt, server, serving_resource, tool};
use crate::view::View;

/// The snapshot of an agent in the given version; its sub-agents in the versions that serve.
pub(super) async fn resolve(
    view: &View,
    mcp: &dyn McpDirectory,
    name: &str,
    resource: &Resource,
    revision: &str,
) -> Result<Resolved, ResolveError> {
    let generation = mcp.generation();
    let mut agents = BTreeMap::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(next) = waiting.pop() {
        if agents.contains_key(&next) {
            continue;
        }
        let agent = if next == name {
            one(view, mcp, name, resource, revision).await?
        } else {
            let entry = view.required(Kind::Agent, &next)?;
            let revision = entry.serving_revision.as_deref().unwrap_or_default();
            one(view, mcp, &next, serving_resource(entry)?, revision).await?
        };
        waiting.extend(agent.tools.iter().filter_map(|tool| match &tool.kind {
            ToolKind::Agent { agent } => Some(agent.clone()),
            _ => None,
        }));
        agents.insert(next, Arc::new(agent));
    }
    let discovered = |agent: &Arc<AgentSnapshot>| agent.tools.iter().any(|tool| matches!(tool.kind, ToolKind::Mcp(_)));
    let generation = agents.values().any(discovered).then_some(generation);
    let snapshot = PinnedSnapshot::new(Snapshot { target: name.to_owned(), agents })?;
    Ok(Resolved { generation, snapshot })
}

async fn one(
    view: &View,
    mcp: &dyn McpDirectory,
    name: &str,
    resource: &Resource,
    revision: &str,
) -> Result<AgentSnapshot, ResolveError> {
    let Resource::Agent(agent) = resource else {
        return Err(ResolveError::NotFound { kind: Kind::Agent, name: name.to_owned() });
    };
    let spec = &agent.spec;
    let tools = tools(view, mcp, name, spec).await?;
    let models = models(view, name, spec)?;
    let mut parameters = models.first().map(|model| model.parameters.clone()).unwrap_or_default();
    parameters.extend(spec.parameters.0.clone());
    let workspace = spec.workspace.as_ref();
    Ok(AgentSnapshot {
        name: name.to_owned(),
        id: view.get(Kind::Agent, name).map_or_else(|| name.to_owned(), |entry| entry.id.as_ref().to_owned()),
        display_name: spec.display_name.clone().unwrap_or_default(),
        description: spec.description.clone().unwrap_or_default(),
        revision: revision.to_owned(),
        models,
        parameters,
        system: prompt::system(view, spec, &tools)?,
        delegate_only: is_delegate_only(&tools),
        tools,
        max_depth: spec.delegation.as_ref().map_or(DEFAULT_MAX_DEPTH, |delegation| delegation.max_depth),
        limits: policy::limits(view, spec.limits.as_ref()),
        context: policy::context(view, spec.context.as_ref()),
        output: spec
            .output
            .as_ref()
            .map(|output| OutputPolicy { schema: output.schema.to_value(), max_repairs: output.max_repairs }),
        workspace: WorkspacePolicy {
            read_only: workspace.is_some_and(|workspace| workspace.read_only),
            path: workspace.and_then(|workspace| workspace.path.clone()),
        },
        tool_choice: None,
    })
}

fn models(
    view: &View,
    agent: &str,
    spec: &AgentSpec,
) -> Result<Vec<Arc<troupe_core::model::ModelSnapshot>>, ResolveError> {
    let default = || view.runtime()?.defaults.as_ref()?.model_ref.as_ref();
    let reference = spec.model_ref.as_ref().or_else(default);
    let reference = reference.ok_or_else(|| ResolveError::NoModel(agent.to_owned()))?;
    let entry = view.required(Kind::Model, &reference.name)?;
    serving_resource(entry)?;
    Ok(model::with_fallbacks(view, &reference.name))
}

/// S1-119: where other tools stand beside `delegate`, the model sees `delegate` alone and they are what it can give.
/// Agents as tools cannot be given, so where there are some, everything stays in sight.
fn is_delegate_only(tools: &[Arc<ToolSnapshot>]) -> bool {
    let delegates = tools.iter().any(|tool| tool.kind == ToolKind::Delegate);
    let agents = tools.iter().any(|tool| matches!(tool.kind, ToolKind::Agent { .. }));
    delegates && !agents && tools.len() > 1
}

/// The tools of an agent in the order of its entries, `delegation.agents` last.
async fn tools(
    view: &View,
    mcp: &dyn McpDirectory,
    agent: &str,
    spec: &AgentSpec,
) -> Result<Vec<Arc<ToolSnapshot>>, ResolveError> {
    let defaults = view.runtime().and_then(|runtime| runtime.defaults.as_ref());
    let defaults = defaults.map_or(&[][..], |defaults| &defaults.tools);
    let entries = if spec.tools.is_empty() { defaults } else { &spec.tools };
    let mut found = Collected { agent, tools: Vec::new(), sources: HashMap::new() };
    for entry in entries {
        let (tools, source) = of_entry(view, mcp, agent, entry).await?;
        for mut snapshot in tools {
            tool::decide(&mut snapshot, entry.approval, entry.on_interrupted);
            found.add(snapshot, &source)?;
        }
    }
    for member in spec.delegation.iter().flat_map(|delegation| &delegation.agents) {
        let named = |tool: &Arc<ToolSnapshot>| matches!(&tool.kind, ToolKind::Agent { agent } if *agent == member.name);
        if !found.tools.iter().any(named) {
            found.add(sub_agent(view, &member.name)?, &format!("Agent {:?}", member.name))?;
        }
    }
    Ok(found.tools)
}

/// The tools of one entry, and what it names.
async fn of_entry(
    view: &View,
    mcp: &dyn McpDirectory,
    agent: &str,
    entry: &AgentTool,
) -> Result<(Vec<ToolSnapshot>, String), ResolveError> {
    if let Some(reference) = &entry.tool {
        let mut snapshot = tool::named(view, mcp, &reference.name).await?;
        if let Some(overrides) = &entry.overrides {
            let request = view.tool(&reference.name).and_then(|spec| spec.http.as_ref());
            http::overridden(&mut snapshot, request, overrides).map_err(|remedy| ResolveError::Override {
                agent: agent.to_owned(),
                tool: reference.name.clone(),
                remedy,
            })?;
        }
        return Ok((vec![snapshot], format!("Tool {:?}", reference.name)));
    }
    if let Some(reference) = &entry.mcp_server {
        let tools = chosen(view, mcp, &reference.name, &entry.tools).await?;
        return Ok((tools, format!("McpServer {:?}", reference.name)));
    }
    if let Some(builtin) = entry.builtin {
        return Ok((vec![tool::built_in(builtin, None)], format!("built-in {builtin:?}")));
    }
    let name = entry.agent.as_ref().map(|agent| agent.name.as_str()).unwrap_or_default();
    Ok((vec![sub_agent(view, name)?], format!("Agent {name:?}")))
}

/// The tools that an entry chooses of a server, by the names that it shows or the server's own; default all.
async fn chosen(
    view: &View,
    mcp: &dyn McpDirectory,
    name: &str,
    wanted: &[String],
) -> Result<Vec<ToolSnapshot>, ResolveError> {
    let mut offered = server::offered(view, mcp, name).await?;
    if wanted.is_empty() {
        return Ok(offered.into_iter().map(|offered| offered.snapshot).collect());
    }
    let mut tools = Vec::with_capacity(wanted.len());
    for tool in wanted {
        let found = offered.iter().position(|offered| offered.snapshot.spec.name == *tool || offered.listed == *tool);
        let missing = || ResolveError::NoServerTool { server: name.to_owned(), tool: tool.clone() };
        tools.push(offered.remove(found.ok_or_else(missing)?).snapshot);
    }
    Ok(tools)
}

/// An agent as a tool of another one.
fn sub_agent(view: &View, name: &str) -> Result<ToolSnapshot, ResolveError> {
    let entry = view.required(Kind::Agent, name)?;
    serving_resource(entry)?;
    let spec = view.agent(name);
    let described = spec.and_then(|spec| spec.description.clone().or_else(|| spec.goal.clone()));
    let mut tool = tool::of_kind(ToolKind::Agent { agent: entry.name.as_ref().to_owned() }, None);
    entry.id.as_ref().clone_into(&mut tool.id);
    tool.spec.name = super::server::shown_name(&entry.name);
    tool.spec.description = described.unwrap_or_else(|| format!("Give a task to the agent {name} and get its answer."));
    tool.spec.parameters = builtin::agent_parameters();
    Ok(tool)
}

/// Tools with unique names.
struct Collected<'agent> {
    agent: &'agent str,
    tools: Vec<Arc<ToolSnapshot>>,
    sources: HashMap<String, String>,
}

impl Collected<'_> {
    fn add(&mut self, tool: ToolSnapshot, source: &str) -> Result<(), ResolveError> {
        if let Some(first) = self.sources.insert(tool.spec.name.clone(), source.to_owned()) {
            return Err(ResolveError::NameClash {
                agent: self.agent.to_owned(),
                name: tool.spec.name,
                first,
                second: source.to_owned(),
            });
        }
        self.tools.push(Arc::new(tool));
        Ok(())
    }
}

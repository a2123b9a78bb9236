//! What is taken from a spec: whether it is valid, what it refers to, and the little that a status shows of it.

use std::collections::BTreeSet;

use troupe_crds::{
    Kind, McpServerSpec, Resource, RuntimeSpec,
    agent::AgentTool,
    condition::Reason,
    mcp_server::ToolFilter,
    runtime::RUNTIME_NAME,
    tool::{Builtin, ToolSpec},
};
use troupe_rules::{Reference, Served, not_supported, revision};

use crate::standing::Standing;

/// Most names that a status lists.
const MAX_NAMES: usize = 500;

/// What is known of a valid or invalid spec that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The content hash of the spec.
    pub hash: Box<str>,
    /// Whether the spec breaks a rule by itself, or is suspended.
    pub own: Standing,
    /// Whether it asks for what is not served yet.
    pub unserved: Standing,
    /// Whether it breaks a rule, so that the version before it keeps serving.
    pub invalid: bool,
    /// Objects of our kinds, what is implied too.
    pub references: Box<[Reference]>,
    /// Names of Secrets, sorted, each once.
    pub secrets: Box<[Box<str>]>,
    /// Names of ConfigMaps, sorted, each once.
    pub config_maps: Box<[Box<str>]>,
    /// The revision that the spec pins.
    pub pinned: Option<Box<str>>,
    /// What only this kind has.
    pub detail: Detail,
}

/// What only one kind has.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// A Model.
    Model,
    /// A Tool: its type, and the name that models see.
    Tool {
        /// Such as `http`.
        type_: &'static str,
        /// Such as `get_weather`.
        shown: Box<str>,
    },
    /// An McpServer, whole: it becomes a workload.
    McpServer(Box<McpServerSpec>),
    /// A PromptTemplate.
    PromptTemplate {
        /// The gaps.
        placeholders: Box<[Box<str>]>,
        /// Why declared and used names differ.
        warning: Option<Box<str>>,
    },
    /// An Agent.
    Agent {
        /// Its Model; none where the Runtime's default is meant.
        model: Option<Box<str>>,
        /// Its tools; empty where the Runtime's defaults are meant.
        tools: Box<[ToolEntry]>,
        /// Agents that it can call beside its tools.
        members: Box<[Box<str>]>,
        /// Whether it limits how deep agents call each other.
        depth_limited: bool,
    },
    /// A Team.
    Team,
    /// A Workflow.
    Workflow {
        /// Number of its nodes.
        nodes: usize,
    },
    /// A Runtime, whole: it becomes a workload.
    Runtime(Box<RuntimeSpec>),
}

/// One entry of an agent's tools, as far as the names of the tools depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolEntry {
    /// A Tool, by name.
    Tool(Box<str>),
    /// Tools of an McpServer, all where none are named.
    McpServer(Box<str>, Box<[Box<str>]>),
    /// A tool with a fixed name: built in, or an agent.
    Fixed(Box<str>),
}

impl Facts {
    /// Takes the facts from a resource.
    pub fn of(resource: Resource) -> Self {
        let violations = troupe_rules::check(&resource);
        let invalid = Standing::first(Reason::Invalid, &violations);
        let suspended = || {
            let message = "spec.suspend: is true: remove it to serve again";
            is_suspended(&resource).then(|| Standing::new(Reason::Suspended, message))
        };
        let unserved = Standing::first(Reason::NotSupported, &not_supported(&resource, &Served::in_cluster()));
        let own = invalid.clone().or_else(suspended).unwrap_or_default();
        let found = troupe_rules::references(&resource);
        let hash = revision::of(&resource).ok().flatten().unwrap_or_default();
        let mut references = found.objects;
        references.extend(implied(&resource));
        Self {
            hash: hash.into(),
            own,
            unserved: unserved.unwrap_or_default(),
            invalid: invalid.is_some(),
            references: references.into(),
            secrets: names(found.secrets.into_iter().map(|secret| secret.name)),
            config_maps: names(found.config_maps.into_iter().map(|config_map| config_map.name)),
            pinned: pinned(&resource).map(Into::into),
            detail: detail(resource),
        }
    }

    /// The revision that is served: the pinned one, else the newest. A short pin of the newest is written whole.
    pub fn published(&self) -> &str {
        self.pinned.as_deref().filter(|pinned| !revision::is_named(&self.hash, pinned)).unwrap_or(&self.hash)
    }

    /// References to objects of the same kind, along which circles are possible.
    pub fn inner(&self, kind: Kind) -> impl Iterator<Item = &Reference> {
        let limited = matches!(self.detail, Detail::Agent { depth_limited: true, .. });
        self.references.iter().filter(move |reference| reference.kind == kind && !limited)
    }
}

/// An Agent without a Model or tools of its own depends on the Runtime's defaults.
fn implied(resource: &Resource) -> Option<Reference> {
    let Resource::Agent(agent) = resource else { return None };
    let path = if agent.spec.model_ref.is_none() { "spec.modelRef" } else { "spec.tools" };
    let implied = agent.spec.model_ref.is_none() || agent.spec.tools.is_empty();
    implied.then(|| Reference { path: path.to_owned(), kind: Kind::Runtime, name: RUNTIME_NAME.to_owned() })
}

/// Whether a reference is one that the spec does not write.
pub fn is_implied(of: Kind, reference: &Reference) -> bool {
    of == Kind::Agent && reference.kind == Kind::Runtime
}

fn names(names: impl Iterator<Item = String>) -> Box<[Box<str>]> {
    let sorted: BTreeSet<String> = names.collect();
    sorted.into_iter().map(Into::into).collect()
}

fn is_suspended(resource: &Resource) -> bool {
    match resource {
        Resource::Tool(object) => object.spec.suspend,
        Resource::McpServer(object) => object.spec.suspend,
        Resource::PromptTemplate(object) => object.spec.suspend,
        Resource::Agent(object) => object.spec.suspend,
        Resource::Team(object) => object.spec.suspend,
        Resource::Workflow(object) => object.spec.suspend,
        Resource::Model(_) | Resource::Runtime(_) | Resource::Secret(_) => false,
    }
}

fn pinned(resource: &Resource) -> Option<&str> {
    match resource {
        Resource::Tool(object) => object.spec.published_revision.as_deref(),
        Resource::PromptTemplate(object) => object.spec.published_revision.as_deref(),
        Resource::Agent(object) => object.spec.published_revision.as_deref(),
        Resource::Team(object) => object.spec.published_revision.as_deref(),
        Resource::Workflow(object) => object.spec.published_revision.as_deref(),
        Resource::Model(_) | Resource::McpServer(_) | Resource::Runtime(_) | Resource::Secret(_) => None,
    }
}

fn detail(resource: Resource) -> Detail {
    match resource {
        // No watch gives a Secret; a Model has nothing of its own to show.
        Resource::Model(_) | Resource::Secret(_) => Detail::Model,
        Resource::Tool(tool) => {
            let name = troupe_crds::id::name(&tool.metadata);
            Detail::Tool { type_: type_of(&tool.spec), shown: shown(tool.spec.tool_name.as_deref().unwrap_or(name)) }
        }
        Resource::McpServer(server) => Detail::McpServer(Box::new(server.spec)),
        Resource::PromptTemplate(template) => {
            let names = troupe_rules::prompt_template::names(&template.spec);
            Detail::PromptTemplate {
                warning: names.warning().map(Into::into),
                placeholders: names.placeholders.into_iter().take(MAX_NAMES).map(Into::into).collect(),
            }
        }
        Resource::Agent(agent) => Detail::Agent {
            model: agent.spec.model_ref.as_ref().map(|model| model.name.as_str().into()),
            tools: entries(&agent.spec.tools),
            members: agent
                .spec
                .delegation
                .iter()
                .flat_map(|delegation| &delegation.agents)
                .map(|member| member.name.as_str().into())
                .collect(),
            depth_limited: troupe_rules::cycle::is_depth_limited(&agent),
        },
        Resource::Team(_) => Detail::Team,
        Resource::Workflow(workflow) => Detail::Workflow { nodes: workflow.spec.nodes.len() },
        Resource::Runtime(runtime) => Detail::Runtime(Box::new(runtime.spec)),
    }
}

fn type_of(spec: &ToolSpec) -> &'static str {
    let types = [
        ("http", spec.http.is_some()),
        ("mcp", spec.mcp.is_some()),
        ("skill", spec.skill.is_some()),
        ("function", spec.function.is_some()),
        ("template", spec.template.is_some()),
        ("builtin", spec.builtin.is_some()),
    ];
    types.into_iter().find(|(_, present)| *present).map_or("", |(type_, _)| type_)
}

/// The entries of a list of tools.
pub fn entries(tools: &[AgentTool]) -> Box<[ToolEntry]> {
    tools.iter().filter_map(entry).collect()
}

fn entry(tool: &AgentTool) -> Option<ToolEntry> {
    if let Some(reference) = &tool.tool {
        return Some(ToolEntry::Tool(reference.name.as_str().into()));
    }
    if let Some(reference) = &tool.mcp_server {
        let chosen = tool.tools.iter().map(|name| name.as_str().into()).collect();
        return Some(ToolEntry::McpServer(reference.name.as_str().into(), chosen));
    }
    if let Some(reference) = &tool.agent {
        return Some(ToolEntry::Fixed(shown(&reference.name)));
    }
    tool.builtin.map(|builtin| ToolEntry::Fixed(built_in(builtin).into()))
}

fn built_in(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Bash => "bash",
        Builtin::Fetch => "fetch",
        Builtin::Delegate => "delegate",
        Builtin::ReadFile => "read_file",
        Builtin::WriteFile => "write_file",
        Builtin::SearchFiles => "search_files",
    }
}

/// A name as models take it: 64 letters, digits, `-` and `_` at most.
pub fn shown(name: &str) -> Box<str> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let shown: String = name.chars().map(plain).take(64).collect();
    shown.into()
}

/// The tools that a server offers under the names that models see: filtered, chosen by one of its names, renamed.
pub fn offered(filter: Option<&ToolFilter>, discovered: &[Box<str>], chosen: &[Box<str>]) -> Vec<Box<str>> {
    let none = ToolFilter::default();
    let filter = filter.unwrap_or(&none);
    let any = |patterns: &[String], name: &str| patterns.iter().any(|pattern| matches(pattern, name));
    let mut offered = Vec::new();
    for name in discovered {
        let admitted = (filter.include.is_empty() || any(&filter.include, name)) && !any(&filter.exclude, name);
        let renamed = filter.rename.get(&**name).map_or(&**name, String::as_str);
        let asked = chosen.is_empty() || chosen.iter().any(|chosen| **chosen == **name || **chosen == *renamed);
        if admitted && asked {
            offered.push(shown(renamed));
        }
    }
    offered
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let found = parts.try_fold(rest, |rest, part| rest.find(part).and_then(|at| rest.get(at + part.len()..)));
    found.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_admits_and_renames() {
        let discovered: Vec<Box<str>> = ["get_a", "get_b", "put_a"].map(Into::into).into();
        let filter = ToolFilter {
            include: vec!["get_*".into()],
            exclude: vec!["*_b".into()],
            rename: [("get_a".to_owned(), "a".to_owned())].into(),
        };
        assert_eq!(offered(Some(&filter), &discovered, &[]), ["a".into()]);
        assert_eq!(offered(None, &discovered, &["put_a".into()]), ["put_a".into()]);
        assert_eq!(offered(Some(&filter), &discovered, &["put_a".into()]), []);
    }
}

//! Agents: their status shows the Model and the tools that they come to.

use std::collections::BTreeSet;

use troupe_crds::Kind;

use crate::{
    facts::{Detail, ToolEntry, entries, offered, shown},
    key::Key,
    names,
    namespace::{Entry, Namespace},
    ready::{ready, resolved},
    report::with_revisions,
    status::Report,
};

/// Most tools that a status lists.
const MAX_TOOLS: usize = 500;

/// The status of an Agent.
pub fn of(key: &Key, namespace: &Namespace, entry: &Entry) -> Report {
    let mut report = Report::new([ready(&entry.standing, &entry.object.status), resolved(&entry.standing)]);
    if let Some(Detail::Agent { model, tools, members, .. }) = entry.facts().map(|facts| &facts.detail) {
        let defaults = namespace.defaults();
        let default = || defaults.and_then(|defaults| Some(defaults.model_ref.as_ref()?.name.as_str()));
        report = report.field("model", model.as_deref().or_else(default));
        let default_tools = || defaults.map(|defaults| entries(&defaults.tools)).unwrap_or_default();
        let entries = if tools.is_empty() { default_tools() } else { tools.clone() };
        report = report.field("tools", shown_tools(namespace, &entries, members));
    }
    let url = names::runs_url(key, &entry.object.identity.id);
    with_revisions(report.field("url", url), entry)
}

/// The names of the tools in order, each once.
fn shown_tools(namespace: &Namespace, entries: &[ToolEntry], members: &[Box<str>]) -> Vec<String> {
    let mut names: Vec<Box<str>> = Vec::new();
    for entry in entries {
        match entry {
            ToolEntry::Fixed(name) => names.push(name.clone()),
            ToolEntry::Tool(name) => names.extend(tool_name(namespace, name)),
            ToolEntry::McpServer(name, chosen) => names.extend(server_tools(namespace, name, chosen)),
        }
    }
    names.extend(members.iter().map(|member| shown(member)));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.into_iter().take(MAX_TOOLS).map(Into::into).collect()
}

fn tool_name(namespace: &Namespace, name: &str) -> Option<Box<str>> {
    match &namespace.get(Kind::Tool, name)?.facts()?.detail {
        Detail::Tool { shown, .. } => Some(shown.clone()),
        _ => None,
    }
}

fn server_tools(namespace: &Namespace, name: &str, chosen: &[Box<str>]) -> Vec<Box<str>> {
    let Some(entry) = namespace.get(Kind::McpServer, name) else { return Vec::new() };
    match entry.facts().map(|facts| &facts.detail) {
        Some(Detail::McpServer(spec)) => offered(spec.tool_filter.as_ref(), &entry.object.status.discovered, chosen),
        _ => Vec::new(),
    }
}

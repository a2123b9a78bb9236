//! S1's `tool_ids` and an agent's entries of tools, each as the other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use troupe_catalog::View;
use troupe_crds::agent::AgentTool;
use troupe_crds::reference::{McpServerReference, ToolReference};
use troupe_crds::tool::Builtin;
use troupe_crds::{AgentSpec, Kind, id};

use super::missing::Ids;
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::check_id;

/// The longest that a list waits for servers to tell their tools.
const PATIENCE: Duration = Duration::from_secs(2);

/// The tools of servers, by the server's name: the shown names, where the server could be asked.
pub(super) type Offered = BTreeMap<String, Option<Vec<String>>>;

/// What an id means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Tool(String),
    Builtin(Builtin),
    Server { name: String, tool: String },
}

const BUILTINS: [(&str, Builtin); 6] = [
    ("bash", Builtin::Bash),
    ("fetch", Builtin::Fetch),
    ("delegate", Builtin::Delegate),
    ("read_file", Builtin::ReadFile),
    ("write_file", Builtin::WriteFile),
    ("search_files", Builtin::SearchFiles),
];

/// The servers of which an agent has every tool.
pub(super) fn whole_servers(spec: &AgentSpec) -> impl Iterator<Item = String> + '_ {
    let whole = spec.tools.iter().filter(|entry| entry.tools.is_empty());
    whole.filter_map(|entry| entry.mcp_server.as_ref()).map(|server| server.name.clone())
}

/// The ids of an agent's tools. Agents as tools have none: S1 does not know them.
pub(super) fn of(ids: &Ids<'_>, spec: &AgentSpec, offered: &Offered) -> Vec<String> {
    spec.tools.iter().flat_map(|entry| ids_of(|name| ids.id(Kind::Tool, name), entry, offered)).collect()
}

fn ids_of(id: impl Fn(&str) -> String, entry: &AgentTool, offered: &Offered) -> Vec<String> {
    if let Some(tool) = &entry.tool {
        return vec![id(&tool.name)];
    }
    if let Some(builtin) = entry.builtin {
        return BUILTINS.iter().filter(|(_, known)| *known == builtin).map(|(id, _)| (*id).to_owned()).collect();
    }
    let Some(server) = &entry.mcp_server else { return Vec::new() };
    let all = offered.get(&server.name).cloned().flatten().unwrap_or_default();
    let tools = if entry.tools.is_empty() { all } else { entry.tools.clone() };
    tools.into_iter().map(|tool| format!("mcp-{}-{tool}", server.name)).collect()
}

impl App {
    /// What servers offer, asked all at once and not waited for beyond a moment.
    pub(super) async fn offered_by(&self, view: &View, mut servers: Vec<String>) -> Offered {
        servers.sort();
        servers.dedup();
        let asked = servers.into_iter().map(|server| async move {
            let tools = tokio::time::timeout(PATIENCE, view.server_tools(&server, self.mcp.as_ref())).await;
            let prefix = format!("mcp-{server}-");
            let named = |id: &str| id.strip_prefix(&prefix).unwrap_or(id).to_owned();
            let tools = tools.ok().and_then(Result::ok);
            (server, tools.map(|tools| tools.iter().map(|tool| named(&tool.id)).collect()))
        });
        futures::future::join_all(asked).await.into_iter().collect()
    }

    /// The entries that ids ask for. Entries that are there keep what S1 cannot express of them.
    pub(super) async fn tools_of_ids(&self, view: &View, spec: &Value, ids: &[String]) -> Result<Value, Problem> {
        let present: Vec<AgentTool> =
            spec.get("tools").and_then(|tools| serde_json::from_value(tools.clone()).ok()).unwrap_or_default();
        let whole = present.iter().filter(|entry| entry.tools.is_empty()).filter_map(|entry| entry.mcp_server.as_ref());
        let offered = self.offered_by(view, whole.map(|server| server.name.clone()).collect()).await;
        let mut targets = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            check_id(&format!("tool_ids[{index}]"), id)?;
            let target = target(view, &present, &offered, id);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let entries = merged(&present, &targets, &offered);
        serde_json::to_value(entries).map_err(|error| Problem::internal(&error))
    }
}

/// What an id means: a Tool, a built-in tool, a tool of a server (of the longest name, where several fit), what an entry
/// says already although its target is gone, or what will be there under that id.
fn target(view: &View, present: &[AgentTool], offered: &Offered, id: &str) -> Target {
    if let Some(entry) = view.find(Kind::Tool, id) {
        return Target::Tool(entry.name.as_ref().to_owned());
    }
    if let Some((_, builtin)) = BUILTINS.iter().find(|(name, _)| *name == id) {
        return Target::Builtin(*builtin);
    }
    let of_server = |said: &str, name: &str| {
        let tool = id.strip_prefix("mcp-")?.strip_prefix(said)?.strip_prefix('-')?;
        (!tool.is_empty()).then(|| Target::Server { name: name.to_owned(), tool: tool.to_owned() })
    };
    // A server is called by its name, or by its id.
    let servers = view.list(Kind::McpServer).flat_map(|entry| [(&entry.name, &entry.name), (&entry.id, &entry.name)]);
    let found = servers.filter_map(|(said, name)| Some((said.len(), of_server(said, name)?)));
    let longest = found.max_by_key(|(length, _)| *length);
    if let Some((_, found)) = longest {
        return found;
    }
    // A Tool that is not there is known by its name alone.
    let is_kept = |entry: &&AgentTool| ids_of(str::to_owned, entry, offered).iter().any(|known| known == id);
    let kept = present.iter().find(is_kept).and_then(|kept| match (&kept.tool, &kept.mcp_server) {
        (Some(tool), _) => Some(Target::Tool(tool.name.clone())),
        (None, Some(server)) => of_server(&server.name, &server.name),
        (None, None) => None,
    });
    kept.or_else(|| server_to_come(id)).unwrap_or_else(|| Target::Tool(id::slug(id)))
}

/// A tool of a server that is not there yet. Names of tools have underscores rather than hyphens: the last hyphen is
/// taken for the one between server and tool.
fn server_to_come(id: &str) -> Option<Target> {
    let (name, tool) = id.strip_prefix("mcp-")?.rsplit_once('-')?;
    let named = id::slug(name) == name && !tool.is_empty();
    named.then(|| Target::Server { name: name.to_owned(), tool: tool.to_owned() })
}

fn merged(present: &[AgentTool], targets: &[Target], offered: &Offered) -> Vec<AgentTool> {
    let mut entries: Vec<AgentTool> = Vec::new();
    for target in targets {
        match target {
            Target::Tool(name) => {
                let known = present.iter().find(|entry| entry.tool.as_ref().is_some_and(|tool| tool.name == *name));
                let new = || AgentTool { tool: Some(ToolReference { name: name.clone() }), ..AgentTool::default() };
                entries.push(known.cloned().unwrap_or_else(new));
            }
            Target::Builtin(builtin) => {
                let known = present.iter().find(|entry| entry.builtin == Some(*builtin));
                let new = || AgentTool { builtin: Some(*builtin), ..AgentTool::default() };
                entries.push(known.cloned().unwrap_or_else(new));
            }
            Target::Server { name, tool } => add_server_tool(&mut entries, present, name, tool),
        }
    }
    for entry in &mut entries {
        restore_whole(entry, present, offered);
    }
    // What has no id, or could not be asked for its ids, was not taken away by leaving it out.
    let unsaid = present.iter().filter(|entry| match &entry.mcp_server {
        Some(server) => {
            let unknown = entry.tools.is_empty() && offered.get(&server.name).is_some_and(Option::is_none);
            unknown && !entries.iter().any(|known| known.mcp_server.as_ref() == Some(server))
        }
        None => entry.agent.is_some(),
    });
    let unsaid: Vec<AgentTool> = unsaid.cloned().collect();
    entries.extend(unsaid);
    entries
}

/// Adds a tool to the entry of its server that has the same approval and so on, or makes one.
fn add_server_tool(entries: &mut Vec<AgentTool>, present: &[AgentTool], name: &str, tool: &str) {
    let of_server = |entry: &&AgentTool| entry.mcp_server.as_ref().is_some_and(|server| server.name == name);
    let named = present.iter().filter(of_server).find(|entry| entry.tools.iter().any(|known| known == tool));
    let known = named.or_else(|| present.iter().filter(of_server).find(|entry| entry.tools.is_empty()));
    let bare = AgentTool { mcp_server: Some(McpServerReference { name: name.to_owned() }), ..AgentTool::default() };
    let wanted = AgentTool { tools: Vec::new(), ..known.cloned().unwrap_or(bare) };
    let same = |entry: &&mut AgentTool| AgentTool { tools: Vec::new(), ..(**entry).clone() } == wanted;
    match entries.iter_mut().find(same) {
        Some(entry) => entry.tools.push(tool.to_owned()),
        None => entries.push(AgentTool { tools: vec![tool.to_owned()], ..wanted }),
    }
}

/// An entry that had every tool of a server, and still has, goes on having every one, future ones included.
fn restore_whole(entry: &mut AgentTool, present: &[AgentTool], offered: &Offered) {
    let Some(server) = &entry.mcp_server else { return };
    let was_whole = present.iter().any(|known| known.mcp_server.as_ref() == Some(server) && known.tools.is_empty());
    let all = offered.get(&server.name).cloned().flatten();
    if was_whole && all.is_some_and(|all| all.iter().all(|tool| entry.tools.contains(tool))) {
        entry.tools.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_crds::tool::Approval;

    fn server(name: &str, tools: &[&str]) -> AgentTool {
        AgentTool {
            mcp_server: Some(McpServerReference { name: name.to_owned() }),
            tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
            ..AgentTool::default()
        }
    }

    fn target(name: &str, tool: &str) -> Target {
        Target::Server { name: name.to_owned(), tool: tool.to_owned() }
    }

    #[test]
    fn entries_keep_what_ids_cannot_say() {
        let bash = AgentTool { builtin: Some(Builtin::Bash), approval: Some(Approval::Always), ..AgentTool::default() };
        let agent = AgentTool { agent: Some("helper".into()), ..AgentTool::default() };
        let present = [bash.clone(), agent.clone()];
        let targets = [Target::Tool("weather".to_owned()), Target::Builtin(Builtin::Bash)];
        let weather = AgentTool { tool: Some("weather".into()), ..AgentTool::default() };
        assert_eq!(merged(&present, &targets, &Offered::new()), [weather, bash, agent]);
    }

    #[test]
    fn a_whole_server_stays_whole_while_every_tool_of_it_is_named() {
        let present = [server("time", &[])];
        let offered = Offered::from([("time".to_owned(), Some(vec!["now".to_owned(), "zone".to_owned()]))]);
        let both = [target("time", "now"), target("time", "zone")];
        assert_eq!(merged(&present, &both, &offered), [server("time", &[])]);
        assert_eq!(merged(&present, &both[..1], &offered), [server("time", &["now"])]);
        assert_eq!(merged(&present, &[], &offered), []);
    }

    #[test]
    fn a_server_that_cannot_be_asked_is_not_taken_away() {
        let present = [server("time", &[])];
        let offered = Offered::from([("time".to_owned(), None)]);
        assert_eq!(merged(&present, &[], &offered), present);
    }

    #[test]
    fn tools_of_one_server_share_an_entry() {
        let targets = [target("time", "now"), target("time", "zone")];
        assert_eq!(merged(&[], &targets, &Offered::new()), [server("time", &["now", "zone"])]);
    }
}

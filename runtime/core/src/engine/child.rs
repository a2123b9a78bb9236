//! Sub-agents: what a call of `delegate` or of an agent as a tool begins.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::agent::{AgentSnapshot, Limits, PinnedSnapshot, Snapshot};
use crate::event::{Accepted, Parent, VERSION};
use crate::id::{CallId, ContentHash, RunId, Timestamp};
use crate::message::{Media, Message, Role};
use crate::port::Ports;
use crate::run::Run;
use crate::session::{SessionContext, Turn};
use crate::tool::{ToolKind, ToolSnapshot};

/// A sub-agent that is ready to begin.
pub(super) struct Child {
    pub(super) id: RunId,
    pub(super) accepted: Accepted,
    /// The snapshot of an ad-hoc sub-agent; the root's holds the others.
    pub(super) snapshot: Option<PinnedSnapshot>,
    /// The conversation that it goes on with.
    pub(super) context: SessionContext,
    /// Its session is created with it.
    pub(super) creates_session: bool,
}

/// What the preparation of a sub-agent needs of its parent.
pub(super) struct Parenthood {
    pub(super) run: RunId,
    pub(super) call: CallId,
    pub(super) tool: Arc<ToolSnapshot>,
    pub(super) arguments: Map<String, Value>,
    pub(super) agent: Arc<AgentSnapshot>,
    pub(super) accepted: Arc<Accepted>,
    pub(super) workspace: Option<String>,
    /// An agent of the root's snapshot: the hash under which it is found.
    pub(super) snapshot: ContentHash,
    /// The agent that the tool names, where it names one.
    pub(super) target: Option<Arc<AgentSnapshot>>,
}

impl Parenthood {
    /// What `call` of `run` begins; `None` if the run has no such call.
    pub(super) fn of(
        run: &Run,
        call: CallId,
        snapshots: &dyn Fn(&ContentHash) -> Option<Arc<Snapshot>>,
    ) -> Option<Self> {
        let made = run.call(call)?;
        let tool = made.tool.clone()?;
        let target = match &tool.kind {
            ToolKind::Agent { agent } => {
                snapshots(&run.accepted.snapshot).and_then(|snapshot| snapshot.agents.get(agent).cloned())
            }
            _ => None,
        };
        Some(Self {
            run: run.id,
            call,
            arguments: made.effective().arguments(),
            tool,
            agent: run.agent.clone()?,
            accepted: Arc::clone(&run.accepted),
            workspace: run.accepted.workspace.clone(),
            snapshot: run.accepted.snapshot.clone(),
            target,
        })
    }
}

/// Makes a sub-agent ready. The error is the call's result: it says what the model should do instead.
pub(super) async fn prepare(parent: Parenthood, ports: Ports, now: Timestamp, durable: bool) -> Result<Child, String> {
    let task = text_argument(&parent.arguments, &["task", "input", "message", "prompt"])
        .ok_or_else(|| "the argument \"task\" is missing: say what the sub-agent shall do".to_owned())?;
    let context = text_argument(&parent.arguments, &["context"]).unwrap_or_default();
    let images = images(&parent, &ports).await?;
    let (session, continued, creates_session) = session(&parent, &ports, &context, now, durable).await?;
    let mut input = Vec::new();
    let (snapshot, hash, agent) = if let ToolKind::Agent { agent } = &parent.tool.kind {
        let found = parent.target.as_ref().ok_or_else(|| format!("there is no agent {agent:?}"))?;
        (None, parent.snapshot.clone(), Arc::clone(found))
    } else {
        let agent = compose(&parent, &ports)?;
        let instructions = instructions(&context, &agent, continued.high_water != 0);
        if !instructions.is_empty() {
            input.push(Turn::text(Role::System, instructions));
        }
        let pinned = pin(agent)?;
        let agent = pinned.snapshot.agent().cloned().ok_or_else(|| "the sub-agent cannot be pinned".to_owned())?;
        (Some(pinned.clone()), pinned.hash, agent)
    };
    input.push(Turn::from(Message { images, ..Message::user(task) }));
    let accepted = Accepted {
        version: VERSION,
        snapshot: hash,
        agent: agent.name.clone(),
        input,
        session,
        limits: limits(&agent.limits, &parent.accepted.limits),
        parent: Some(Parent { run: parent.run, call: parent.call }),
        depth: parent.accepted.depth + 1,
        workspace: parent.workspace,
        user: parent.accepted.user.clone(),
        request_id: parent.accepted.request_id.clone(),
    };
    Ok(Child { id: parent.run.child(parent.call), accepted, snapshot, context: continued, creates_session })
}

/// A sub-agent may not wait longer for a person than the run that wants its answer.
fn limits(own: &Limits, parents: &Limits) -> Limits {
    Limits { approval_timeout_ms: own.approval_timeout_ms.min(parents.approval_timeout_ms), ..own.clone() }
}

fn text_argument(arguments: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| arguments.get(*name)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}

async fn images(parent: &Parenthood, ports: &Ports) -> Result<Vec<Media>, String> {
    let named = match parent.arguments.get("images") {
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) if !one.is_empty() => vec![one.clone()],
        _ => Vec::new(),
    };
    let workspace = parent.workspace.as_deref().map(Path::new);
    let mut images = Vec::with_capacity(named.len());
    for reference in named {
        images.push(ports.media.image(&reference, workspace).await?);
    }
    Ok(images)
}

/// The sub-agent's own session below its parent's (S1-123), or the last one, to go on with it (S1-124).
async fn session(
    parent: &Parenthood,
    ports: &Ports,
    context: &str,
    now: Timestamp,
    durable: bool,
) -> Result<(Option<String>, SessionContext, bool), String> {
    let Some(of) = parent.accepted.session.as_deref().filter(|_| durable) else {
        return Ok((None, SessionContext::default(), false));
    };
    let failed = |error| format!("the conversation of the last sub-agent cannot be read: {error}");
    if context.contains(CONTINUE)
        && let Some(last) = ports.store.last_child_session(of).await.map_err(failed)?
    {
        let read = ports.store.session(&last, None).await.map_err(failed)?.unwrap_or_default();
        return Ok((Some(last), read, false));
    }
    // The call's own identifier keeps two sub-agents of one microsecond apart.
    let distinct = parent.call.to_string();
    let distinct = distinct.get(..8).unwrap_or_default();
    Ok((Some(format!("{of}/sub_{now}_{distinct}")), SessionContext::default(), true))
}

/// What a model writes into the context to go on with the last sub-agent.
const CONTINUE: &str = "[continue]";

/// An agent of the model and the tools that the call names.
fn compose(parent: &Parenthood, ports: &Ports) -> Result<AgentSnapshot, String> {
    let model = text_argument(&parent.arguments, &["model_id", "model"])
        .ok_or_else(|| "the argument \"model_id\" is missing: name the sub-agent's model".to_owned())?;
    let models = ports.directory.models(&model).filter(|models| !models.is_empty());
    let models = models.ok_or_else(|| format!("there is no model {model:?}"))?;
    let tools = scope(parent)?;
    // Only who has `delegate` gives the others on; who has not uses them.
    let delegates = tools.iter().any(|tool| tool.kind == ToolKind::Delegate);
    Ok(AgentSnapshot {
        name: String::new(),
        id: String::new(),
        display_name: String::new(),
        description: String::new(),
        revision: String::new(),
        models,
        parameters: Map::new(),
        system: String::new(),
        tools,
        delegate_only: parent.agent.delegate_only && delegates,
        max_depth: parent.agent.max_depth,
        limits: shared(&parent.agent.limits),
        context: parent.agent.context.clone(),
        output: None,
        workspace: parent.agent.workspace.clone(),
        tool_choice: None,
    })
}

/// An ad-hoc sub-agent has no time, tokens or money of its own: it lives on those of the runs above it.
fn shared(parents: &Limits) -> Limits {
    Limits { timeout_ms: None, max_tokens: None, max_cost: None, ..parents.clone() }
}

/// The named tools, out of the parent's own (S1-118).
fn scope(parent: &Parenthood) -> Result<Vec<Arc<ToolSnapshot>>, String> {
    let named = parent.arguments.get("tool_names").or_else(|| parent.arguments.get("tools"));
    let asked: Vec<String> = match named {
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        // Models write lists as text, too.
        Some(Value::String(text)) => text
            .trim_matches(['[', ']'])
            .split(',')
            .map(|name| name.trim().trim_matches(['"', '\'']).to_owned())
            .collect(),
        _ => Vec::new(),
    };
    let own = &parent.agent.tools;
    let mut tools = Vec::new();
    for name in asked.iter().filter(|name| !name.is_empty()) {
        let Some(tool) = own.iter().find(|tool| tool.spec.name == *name || tool.id == *name) else {
            let known: Vec<_> = own.iter().map(|tool| tool.spec.name.as_str()).collect();
            return Err(format!("unknown tool '{name}'; available: {}", known.join(", ")));
        };
        tools.push(Arc::clone(tool));
    }
    Ok(tools)
}

/// The sub-agent's system prompt: the context that the call gives, and the table of its tools.
fn instructions(context: &str, agent: &AgentSnapshot, continued: bool) -> String {
    if continued {
        return String::new();
    }
    let context = context.replace(CONTINUE, "");
    let tools: Vec<_> = agent.tools.iter().map(|tool| &**tool).collect();
    match (context.trim(), tools.is_empty()) {
        (context, true) => context.to_owned(),
        ("", false) => format!("## Tools\n{}", tools_table(&tools)),
        (context, false) => format!("{context}\n\n## Tools\n{}", tools_table(&tools)),
    }
}

/// The table of tools that a delegating agent is told (S1-120): one row a tool; the tools of one MCP server share one.
pub fn tools_table(tools: &[&ToolSnapshot]) -> String {
    let mut rows: Vec<(Vec<String>, Option<String>, String)> = Vec::new();
    for tool in tools {
        let server = match &tool.kind {
            ToolKind::Mcp(mcp) => Some(mcp.server.name.clone()),
            _ => None,
        };
        let shared = rows.iter_mut().find(|(_, of, _)| server.is_some() && *of == server);
        match shared {
            Some((names, ..)) => names.push(tool.spec.name.clone()),
            None => rows.push((vec![tool.spec.name.clone()], server, tool.spec.description.clone())),
        }
    }
    let mut table = "| Tool(s) | Description |\n| --- | --- |\n".to_owned();
    for (names, server, description) in rows {
        let description = server.map_or(description, |server| format!("tools of the MCP server {server}"));
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        table.push_str("| ");
        table.push_str(&cell(&names.join(", ")));
        table.push_str(" | ");
        table.push_str(&cell(&description));
        table.push_str(" |\n");
    }
    table
}

fn pin(agent: AgentSnapshot) -> Result<PinnedSnapshot, String> {
    let agents = std::collections::BTreeMap::from([(agent.name.clone(), Arc::new(agent))]);
    PinnedSnapshot::new(Snapshot { target: String::new(), agents }).map_err(|error| error.to_string())
}

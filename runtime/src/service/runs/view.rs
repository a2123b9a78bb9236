//! Runs as they are shown.

use std::collections::HashMap;

use serde::Serialize;
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{CallId, RunId};
use troupe_core::port::RunState;
use troupe_core::run::{Call, CallState, Tree};
use troupe_core::tool::ToolKind;
use troupe_store::RunRow;
use utoipa::ToSchema;

use super::{Known, result_of};
use crate::frame::event::{Ending, Tokens};
use crate::frame::typed::{approval_reason, ending};
use crate::wire::instant;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Run {
    /// What is listed of it.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// What it said in all its steps; empty before it says anything.
    pub answer: String,
    /// What it waits for.
    pub waiting_for: Vec<Waiting>,
}

/// What is listed of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct RunSummary {
    /// Its id; ids sort by time.
    pub id: String,
    /// `agent`, or `adhoc` for a model and tools composed for it.
    pub kind: String,
    /// The agent's name; the model's of an ad-hoc one.
    pub target: String,
    /// The model that it began with.
    pub model: String,
    /// Its session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// `draft`, `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Ending>,
    /// Tokens of the whole tree so far.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
    /// When it was created (RFC 3339, UTC).
    pub created_at: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it last changed.
    pub updated_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Whether it is kept; false for one that lives in memory only and is gone when it ends.
    pub durable: bool,
}

/// Something that a run waits for.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    /// `approval`: of a person; `input`: the result of a tool of the caller.
    pub kind: &'static str,
    /// The call.
    pub call_id: String,
    /// The run of the tree that made it.
    pub run_id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text.
    pub arguments: String,
    /// Why a person is asked: `policy` or `interrupted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// A result that was cut, kept whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Artifact {
    /// Its address.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The run of the tree whose call gave it.
    pub run_id: String,
    /// The call.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
}

/// What is listed of a stored run.
pub fn summary(row: &RunRow) -> RunSummary {
    RunSummary {
        id: row.id.to_string(),
        kind: row.kind.clone(),
        target: row.target.clone(),
        model: row.model.clone(),
        session_id: row.session.clone(),
        status: row.state.as_str().to_owned(),
        outcome: row.outcome.as_ref().map(ending),
        usage: (&row.usage).into(),
        cost: row.cost,
        created_at: instant(row.created_at),
        started_at: row.started_at.map(instant),
        updated_at: instant(row.updated_at),
        finished_at: row.finished_at.map(instant),
        durable: true,
    }
}

/// A run as it is shown. Its state is the row's; tokens and words are the journal's, which is ahead while it runs.
pub fn run(known: &Known) -> Run {
    let Known { row, events, tree } = known;
    let mut summary = row.as_ref().map_or_else(|| living(tree, events), summary);
    summary.usage = (&tree.usage).into();
    summary.cost = tree.cost;
    let answer = tree.root_run().map(troupe_core::run::Run::answer).unwrap_or_default();
    Run { summary, answer, waiting_for: waiting_for(tree) }
}

fn living(tree: &Tree, events: &[Recorded]) -> RunSummary {
    let root = tree.root_run();
    let agent = root.and_then(|run| run.agent.as_ref());
    let target = root.map(|run| run.accepted.agent.clone()).unwrap_or_default();
    let model = agent.and_then(|agent| agent.models.first()).map(|model| model.name.clone()).unwrap_or_default();
    let outcome = tree.outcome();
    let status = outcome.map_or_else(|| RunState::Running.as_str().to_owned(), |outcome| ending(outcome).status);
    RunSummary {
        id: tree.root.to_string(),
        kind: if target.is_empty() { "adhoc" } else { "agent" }.to_owned(),
        target: if target.is_empty() { model.clone() } else { target },
        model,
        session_id: None,
        status,
        outcome: outcome.map(ending),
        created_at: events.first().map(|first| instant(first.at)).unwrap_or_default(),
        started_at: root.and_then(|run| run.started_at).map(instant),
        updated_at: instant(tree.last_at),
        finished_at: root.and_then(|run| run.finished_at).map(instant),
        durable: false,
        ..RunSummary::default()
    }
}

fn waiting_for(tree: &Tree) -> Vec<Waiting> {
    let open = tree.runs.values().filter(|run| run.outcome.is_none());
    open.flat_map(|run| run.calls.iter().filter_map(|call| waiting(run.id, call))).collect()
}

fn waiting(run: RunId, call: &Call) -> Option<Waiting> {
    let (kind, reason) = match &call.state {
        CallState::Asked { reason, .. } => ("approval", Some(approval_reason(*reason))),
        CallState::Pending if call.tool.as_ref().is_some_and(|tool| tool.kind == ToolKind::Client) => ("input", None),
        _ => return None,
    };
    let effective = call.effective();
    Some(Waiting {
        kind,
        call_id: call.id.to_string(),
        run_id: run.to_string(),
        name: effective.name,
        arguments: effective.arguments,
        reason,
    })
}

/// The results of a journal that are kept whole beside it.
pub fn artifacts(events: &[Recorded]) -> Vec<Artifact> {
    let names = call_names(events);
    let kept = events.iter().filter_map(|recorded| {
        let (call, result) = result_of(&recorded.event)?;
        let artifact = result.artifact.as_ref()?;
        Some(Artifact {
            hash: artifact.hash.to_string(),
            bytes: artifact.bytes,
            run_id: recorded.run.to_string(),
            call_id: call.to_string(),
            name: names.get(&call).cloned().unwrap_or_default(),
        })
    });
    kept.collect()
}

fn call_names(events: &[Recorded]) -> HashMap<CallId, String> {
    let mut names = HashMap::new();
    for recorded in events {
        if let Event::MessageFinished(finished) = &recorded.event {
            for (index, call) in finished.calls.iter().enumerate() {
                names.insert(CallId::derive(recorded.run, finished.step, index), call.name.clone());
            }
        }
    }
    names
}

//! The state of a run's tree: the fold of its journal.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::agent::{AgentSnapshot, Limits, Snapshot};
use crate::event::{Accepted, Limit, Outcome, Recorded};
use crate::id::{ContentHash, RunId, Timestamp};
use crate::model::{ModelError, Usage};
use crate::run::call::{Call, CallState};
use crate::session::Turn;
use crate::tool::{ToolKind, ToolSnapshot, ToolSpec};

/// A root run and everything below it. One replica owns a tree, one journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The root's id.
    pub root: RunId,
    /// Every run of the tree.
    pub runs: BTreeMap<RunId, Run>,
    /// The number of the last event; 0 for an empty journal.
    pub seq: u64,
    /// The time of the last event.
    pub last_at: Timestamp,
    /// Tokens of the whole tree.
    pub usage: Usage,
    /// Cost of the whole tree in micro-units.
    pub cost: i64,
    /// The run lives in memory only: nothing of it can wait for a person.
    pub ephemeral: bool,
    /// The snapshots that its runs pin; put here before the events that name them are applied.
    snapshots: HashMap<ContentHash, Arc<Snapshot>>,
}

impl Tree {
    /// A tree without events.
    pub fn new(root: RunId, ephemeral: bool) -> Self {
        Self {
            root,
            runs: BTreeMap::new(),
            seq: 0,
            last_at: 0,
            usage: Usage::default(),
            cost: 0,
            ephemeral,
            snapshots: HashMap::new(),
        }
    }

    /// Folds a journal. `snapshots` holds what its events name.
    pub fn replay<'a>(
        root: RunId,
        snapshots: impl IntoIterator<Item = (ContentHash, Arc<Snapshot>)>,
        events: impl IntoIterator<Item = &'a Recorded>,
    ) -> Self {
        let mut tree = Self::new(root, false);
        for (hash, snapshot) in snapshots {
            tree.know(hash, snapshot);
        }
        for recorded in events {
            super::apply(&mut tree, recorded);
        }
        tree
    }

    /// Makes a snapshot known, before an event names it.
    pub fn know(&mut self, hash: ContentHash, snapshot: Arc<Snapshot>) {
        self.snapshots.insert(hash, snapshot);
    }

    /// A snapshot that was made known.
    pub fn snapshot(&self, hash: &ContentHash) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(hash)
    }

    /// The root's run; `None` before it was accepted.
    pub fn root_run(&self) -> Option<&Run> {
        self.runs.get(&self.root)
    }

    /// How the tree ended; `None` while it goes on.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.root_run()?.outcome.as_ref()
    }
}

/// One run of a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// What it was told.
    pub accepted: Arc<Accepted>,
    /// The agent that it is of; `None` if its snapshot does not hold it, and then it fails.
    pub agent: Option<Arc<AgentSnapshot>>,
    /// When it began; `None` before.
    pub started_at: Option<Timestamp>,
    /// The timestamp of the session's last turn before it.
    pub high_water: Timestamp,
    /// The caller's turns, with their timestamps once it began.
    pub input: Vec<Turn>,
    /// What was said in it after the input, in order; each call's result follows its message.
    pub transcript: Vec<Turn>,
    /// The timestamp of the last turn.
    pub last_turn_at: Timestamp,
    /// Model steps that are done.
    pub steps: u32,
    /// The attempt that is open.
    pub attempt: Option<Attempt>,
    /// Attempts made at the current step.
    pub attempts: u32,
    /// Attempts that failed with the current model at the current step.
    pub failures: u32,
    /// The model in use: 0 the agent's, then its fallbacks.
    pub model: usize,
    /// When the next attempt may be made.
    pub retry_at: Option<Timestamp>,
    /// The error after which no model is left to ask.
    pub error: Option<ModelError>,
    /// The calls of the current round, in order; empty between rounds.
    pub calls: Vec<Call>,
    /// Rounds of calls that are done; opening a skill is none (S1-105).
    pub rounds: u32,
    /// Calls that were asked for.
    pub calls_made: u32,
    /// Skills that were opened, by the tool's name.
    pub skills: Vec<String>,
    /// The folder of the skill that was opened last: where what is run for it works.
    pub skill_directory: Option<String>,
    /// Answers that did not satisfy the output schema.
    pub repairs: u32,
    /// The last answer satisfied it, or none is asked for.
    pub answered: bool,
    /// Why the last answer did not satisfy it.
    pub invalid: Option<String>,
    /// Running time so far in microseconds, its sub-agents' included, neither downtime nor waiting.
    pub ran_us: i64,
    /// Tokens of this run, without its sub-agents'.
    pub usage: Usage,
    /// Tokens of this run and everything below it: what its limit holds for.
    pub spent: Usage,
    /// Cost of this run and everything below it, in micro-units.
    pub spent_cost: i64,
    /// Tokens of the last model call.
    pub last_usage: Usage,
    /// Cost of this run in micro-units.
    pub cost: i64,
    /// The limit that was reached.
    pub limit: Option<Limit>,
    /// Someone wants it to end.
    pub cancel: Option<Cancel>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An attempt to get an answer from a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The step.
    pub step: u32,
    /// Its number at the step.
    pub attempt: u32,
    /// The index of the model.
    pub model: usize,
    /// When it began.
    pub at: Timestamp,
    /// The process that made it died.
    pub lost: bool,
}

/// A wish to end a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Who, or why.
    pub by: String,
    /// Its processes are killed at once.
    pub forced: bool,
}

impl Run {
    /// The limits that hold for it.
    pub fn limits(&self) -> &Limits {
        &self.accepted.limits
    }

    /// The tools that the model sees now: `delegate` alone where the agent says so; opened skills gone, and `bash` and
    /// `fetch` there instead (S1-105).
    pub fn tools(&self) -> Vec<Arc<ToolSnapshot>> {
        let Some(agent) = &self.agent else { return Vec::new() };
        let shown = |tool: &Arc<ToolSnapshot>| {
            (!agent.delegate_only || tool.kind == ToolKind::Delegate) && !self.skills.contains(&tool.spec.name)
        };
        let mut tools: Vec<_> = agent.tools.iter().filter(|tool| shown(tool)).cloned().collect();
        if !self.skills.is_empty() {
            for opened in skill_tools() {
                if !tools.iter().any(|tool| tool.spec.name == opened.spec.name) {
                    tools.push(Arc::new(opened));
                }
            }
        }
        tools
    }

    /// The tools as the model sees them.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools().iter().map(|tool| tool.spec.clone()).collect()
    }

    /// The text of its answer: what the model said, in all its steps (S1-117), and the note about a limit.
    pub fn answer(&self) -> String {
        let said = self.transcript.iter().filter(|turn| turn.role == crate::message::Role::Assistant);
        said.map(|turn| turn.content.as_str()).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// A call of the current round.
    pub fn call(&self, id: crate::id::CallId) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id)
    }

    /// How many calls more may be made at this time.
    pub(super) fn free_places(&self) -> usize {
        let most = usize::try_from(self.limits().parallel_tool_calls.max(1)).unwrap_or(usize::MAX);
        most.saturating_sub(self.calls.iter().filter(|call| call.occupies()).count())
    }

    /// Whether every call of the round has a result.
    pub(super) fn round_is_done(&self) -> bool {
        self.calls.iter().all(|call| matches!(call.state, CallState::Finished { .. }))
    }
}

/// The built-in tools that an opened skill brings.
fn skill_tools() -> [ToolSnapshot; 2] {
    [crate::tool::builtin::bash(false), crate::tool::builtin::fetch()]
}

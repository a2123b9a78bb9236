//! Agents: what a run pins of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::ContentHash;
use crate::model::ModelSnapshot;
use crate::tool::ToolSnapshot;

/// Everything that a run pins: content-addressed and free of secrets. The next run sees the newest resources; this one
/// keeps what it began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The key in `agents` of the agent that the run is of.
    pub target: String,
    /// The agent and, by name, every agent that it may call, theirs included.
    pub agents: BTreeMap<String, Arc<AgentSnapshot>>,
}

impl Snapshot {
    /// The agent that the run is of.
    pub fn agent(&self) -> Option<&Arc<AgentSnapshot>> {
        self.agents.get(&self.target)
    }
}

/// A snapshot with its address. Made once for a state of the catalog and shared by the runs that begin with it.
#[derive(Clone, Debug)]
pub struct PinnedSnapshot {
    /// The hash of `body`.
    pub hash: ContentHash,
    /// The snapshot as JSON.
    pub body: Arc<str>,
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
}

impl PinnedSnapshot {
    /// Serialises and addresses a snapshot.
    ///
    /// # Errors
    /// When a value in it cannot be written as JSON (a map with keys that are no strings).
    pub fn new(snapshot: Snapshot) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(&snapshot)?;
        Ok(Self { hash: ContentHash::of(body.as_bytes()), body: body.into(), snapshot: Arc::new(snapshot) })
    }
}

/// What is pinned of one agent, or of an ad-hoc composition of a model and tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSnapshot {
    /// The Agent's name; empty for an ad-hoc composition.
    pub name: String,
    /// The id by which S1's clients know it; empty for an ad-hoc composition.
    pub id: String,
    /// S1's nickname.
    #[serde(default)]
    pub display_name: String,
    /// What it is for; a sub-agent's description as a tool.
    #[serde(default)]
    pub description: String,
    /// The revision that was resolved; empty for an ad-hoc composition.
    #[serde(default)]
    pub revision: String,
    /// The model and then its fallbacks, in order; never empty.
    pub models: Vec<Arc<ModelSnapshot>>,
    /// Parameters merged over the model's.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The rendered system prompt; empty = none.
    #[serde(default)]
    pub system: String,
    /// The tools, in order, names unique.
    #[serde(default)]
    pub tools: Vec<Arc<ToolSnapshot>>,
    /// S1-119: the model sees only `delegate`; the other tools are the scope from which it gives.
    #[serde(default)]
    pub delegate_only: bool,
    /// How deep sub-agents may nest below the root.
    pub max_depth: u32,
    /// Limits.
    pub limits: Limits,
    /// The rolling summary and memory extraction of its sessions.
    #[serde(default)]
    pub context: ContextPolicy,
    /// The structured answer that it must give.
    #[serde(default)]
    pub output: Option<OutputPolicy>,
    /// Its place in the workspace.
    #[serde(default)]
    pub workspace: WorkspacePolicy,
    /// Which tool the model must call, from the request (OpenAI's form).
    #[serde(default)]
    pub tool_choice: Option<Value>,
}

impl AgentSnapshot {
    /// What people call it: its display name, else its name.
    pub fn nickname(&self) -> &str {
        if self.display_name.is_empty() { &self.name } else { &self.display_name }
    }
}

/// The limits of a run. They are checked before each attempt and overshoot by one attempt at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Rounds of tool calls.
    pub max_tool_rounds: u32,
    /// Tool calls in all.
    #[serde(default)]
    pub max_tool_calls: Option<u32>,
    /// Running time in milliseconds, neither downtime nor waiting.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Tokens in all, of the whole tree.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Money in micro-units, of the whole tree.
    #[serde(default)]
    pub max_cost: Option<i64>,
    /// Tool calls at one time.
    pub parallel_tool_calls: u32,
    /// How long a person may take to approve, in milliseconds.
    pub approval_timeout_ms: u64,
}

impl Default for Limits {
    /// The defaults of resources: 20 rounds, 8 calls at one time, 7 days for an approval.
    fn default() -> Self {
        Self {
            max_tool_rounds: 20,
            max_tool_calls: None,
            timeout_ms: None,
            max_tokens: None,
            max_cost: None,
            parallel_tool_calls: 8,
            approval_timeout_ms: 7 * 24 * 3_600 * 1_000,
        }
    }
}

/// When and how a session's older turns become a summary and memories (S1 group K).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextPolicy {
    /// Compaction begins above this many tokens of the last call.
    pub max_tokens: u64,
    /// The model that summarises; none = storage only (S1-135).
    #[serde(default)]
    pub summary_model: Option<Arc<ModelSnapshot>>,
    /// Turns that stay verbatim.
    pub keep_turns: usize,
    /// The least confidence of a kept memory, in thousandths (0.7 = 700): no floats in what is hashed.
    pub memory_confidence: u32,
}

impl Default for ContextPolicy {
    /// S1-129, S1-130, S1-133: 65,536 tokens, 10 turns, confidence 0.7.
    fn default() -> Self {
        Self { max_tokens: 65_536, summary_model: None, keep_turns: 10, memory_confidence: 700 }
    }
}

/// A structured answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputPolicy {
    /// The JSON Schema that the answer must satisfy.
    pub schema: Value,
    /// How often the model is asked again when it does not.
    pub max_repairs: u32,
}

/// An agent's place in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspacePolicy {
    /// Its tools may not write there.
    #[serde(default)]
    pub read_only: bool,
    /// A folder below the workspace's root.
    #[serde(default)]
    pub path: Option<String>,
}

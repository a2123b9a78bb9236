//! What Agents, Teams and the Runtime's defaults have in common: limits of a run, context, memory.
//!
//! Nothing here has a default in the schema, except within `memory`: an absent field falls through to the Runtime's
//! `defaults`, and only then to the constants of this file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Decimal, GoDuration, reference::ModelReference};

/// Rounds of tool calls where nobody says otherwise (S1's own default).
pub const DEFAULT_MAX_TOOL_ROUNDS: u32 = 20;

/// Turns kept verbatim beside a summary where nobody says otherwise.
pub const DEFAULT_KEEP_TURNS: u32 = 10;

/// Confidence in millionths from which an extracted memory is kept where nobody says otherwise: 0.7.
pub const DEFAULT_MEMORY_CONFIDENCE_MICROS: u64 = 700_000;

/// Tokens from which a session is summarised where nobody says otherwise.
pub const DEFAULT_MAX_CONTEXT_TOKENS: u64 = 65_536;

/// Memories read into a run where `memory.readTopK` says nothing.
pub const DEFAULT_READ_TOP_K: u32 = 5;

/// Importance of a written memory where `memory.importance` says nothing.
pub const DEFAULT_IMPORTANCE: u32 = 50;

/// Limits of one run and everything below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Rounds of tool calls; default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000))]
    pub max_tool_rounds: Option<u32>,
    /// Tool calls in all; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tool_calls: Option<u32>,
    /// Running time, without waiting and downtime; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// How long a call waits for its approval before it counts as rejected; default 168h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_timeout: Option<GoDuration>,
    /// Tokens in all, input and output together; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Cost in the Model's currency, as a decimal in quotes; default unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Decimal>,
    /// Tool calls of one round that run at the same moment; default 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 128))]
    pub parallel_tool_calls: Option<u32>,
}

/// How a long session is kept within the context window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Tokens of a session from which its older turns are summarised; default 65536.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u64>,
    /// The Model that summarises; default: the Runtime's `defaults.summaryModelRef`, and without one nothing is
    /// summarised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_model_ref: Option<ModelReference>,
    /// Turns kept verbatim beside the summary; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub keep_turns: Option<u32>,
    /// Confidence from 0 to 1 from which an extracted memory is kept, as a decimal in quotes; default "0.7".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_confidence: Option<Decimal>,
}

/// What is remembered between sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Whether memories are read; default true where `memory` stands.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whose memories: `Tenant`, `User` (default), `Session`, `Agent` or `Team`.
    #[serde(default)]
    pub scope: MemoryScope,
    /// Most memories read into a run; default 5.
    #[serde(default = "default_read_top_k")]
    #[schemars(range(max = 100))]
    pub read_top_k: u32,
    /// Whether a finished run writes a memory; default false.
    #[serde(default)]
    pub write: bool,
    /// Importance of what is written, from 0 to 100; default 50.
    #[serde(default = "default_importance")]
    #[schemars(range(max = 100))]
    pub importance: u32,
}

fn yes() -> bool {
    true
}

fn default_read_top_k() -> u32 {
    DEFAULT_READ_TOP_K
}

fn default_importance() -> u32 {
    DEFAULT_IMPORTANCE
}

/// Whose memories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MemoryScope {
    /// Everyone's of the namespace.
    Tenant,
    /// The caller's.
    #[default]
    User,
    /// The session's.
    Session,
    /// The agent's.
    Agent,
    /// The team's.
    Team,
}

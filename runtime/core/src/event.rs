//! The journal's events. What is stored is this; what clients see is made from it elsewhere.
//!
//! Events say what happened, never what is to be done: decisions are derived ([`crate::run::outstanding`]), so that a
//! new version may decide otherwise from here on, but history never changes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::Limits;
use crate::id::{CallId, ContentHash, RunId, Timestamp};
use crate::model::{FinishReason, ModelError, Usage};
use crate::session::Turn;
use crate::tool::{ToolCall, ToolResult};

/// The version of the events that this build writes. A replica never claims a run written by a newer one.
pub const VERSION: u16 = 1;

/// An event in its place: the journal of a run's tree is the sequence of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number in the whole tree, from 1 without gaps.
    pub seq: u64,
    /// The run of the tree that it is of.
    pub run: RunId,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The run exists.
    RunAccepted(Box<Accepted>),
    /// It began to run; its session's turns up to `high_water` are its context.
    RunStarted {
        /// The timestamp of the session's last turn before this run; 0 without one.
        high_water: Timestamp,
        /// The version of the session's summary that is read; 0 = none.
        #[serde(default)]
        summary_version: i64,
    },
    /// A model is being asked.
    ModelAttemptStarted {
        /// The number of the model step, from 1.
        step: u32,
        /// The number of the attempt at this step, from 1.
        attempt: u32,
        /// The index in the agent's models: 0 the model, then its fallbacks.
        model: usize,
    },
    /// An attempt failed.
    AttemptFailed {
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
        /// Why.
        reason: AttemptFailure,
        /// Text that had been streamed; kept and marked in the transcript.
        #[serde(default, skip_serializing_if = "Partial::is_empty")]
        partial: Partial,
        /// Tokens of the attempt, estimated where the provider did not tell.
        #[serde(default)]
        usage: Usage,
        /// What the tokens cost, in micro-units.
        #[serde(default)]
        cost: i64,
    },
    /// The model's message is whole.
    MessageFinished(Box<Finished>),
    /// A tool is being called.
    ToolCallStarted {
        /// The call.
        call: CallId,
        /// The number of the attempt, from 1: above 1 when a repeatable call is made again after a crash.
        attempt: u32,
    },
    /// The call has a result, or an error for a result.
    ToolCallFinished {
        /// The call.
        call: CallId,
        /// The result.
        result: ToolResult,
        /// How long it took, in microseconds.
        duration_us: i64,
    },
    /// A person is asked whether the call may be made.
    ApprovalRequested {
        /// The call.
        call: CallId,
        /// Why: the tool's policy, or a call interrupted by a crash whose outcome is unknown.
        reason: ApprovalReason,
    },
    /// The person answered, or the time for it ran out.
    ApprovalDecided {
        /// The call.
        call: CallId,
        /// The answer.
        approved: bool,
        /// The arguments as the person edited them, as JSON text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arguments: Option<String>,
        /// Who answered, or that time ran out; told to the model on refusal.
        #[serde(default)]
        by: String,
    },
    /// The caller gave the result of one of its own tools.
    InputReceived {
        /// The call.
        call: CallId,
        /// The result.
        result: ToolResult,
    },
    /// A sub-agent was begun for a call. Its own events follow under its own run id in the same journal.
    ChildStarted {
        /// The call.
        call: CallId,
        /// The child.
        child: RunId,
    },
    /// The sub-agent is done; the call's result is its answer.
    ChildFinished {
        /// The call.
        call: CallId,
        /// The result.
        result: ToolResult,
    },
    /// A replica took the tree over. What was in flight was lost with the one before: open attempts are asked again,
    /// and calls that had started are decided by their tools' `onInterrupted`. The time since the last event does not
    /// count as running time. Recorded under the root.
    Resumed {
        /// The epoch of the new lease.
        epoch: i64,
    },
    /// A limit was reached.
    LimitReached {
        /// Which one.
        limit: Limit,
    },
    /// The run's time is up.
    DeadlineReached,
    /// Someone wants the run to end.
    CancelRequested {
        /// Who, or why.
        by: String,
        /// S1's `forced`: the run's processes are killed at once.
        #[serde(default)]
        forced: bool,
    },
    /// The run is over.
    RunFinished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// What a run is told when it is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The version of the events that follow ([`VERSION`]).
    pub version: u16,
    /// The snapshot that it pins. A child that its root's snapshot holds names the root's.
    pub snapshot: ContentHash,
    /// The agent in the snapshot.
    pub agent: String,
    /// The turns that the caller brings: system ones first, then its messages.
    pub input: Vec<Turn>,
    /// The session that the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The limits that hold for it: the agent's, with the request's over them.
    pub limits: Limits,
    /// The run whose call it answers, for a child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// How deep it is below the root; 0 for the root.
    #[serde(default)]
    pub depth: u32,
    /// The folder that its tools work in, where the request named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Who asked; empty in folder mode.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The id of the request, sent on to models and tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The call that a child run answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The run that made the call.
    pub run: RunId,
    /// The call.
    pub call: CallId,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptFailure {
    /// The provider refused or broke off.
    Model {
        /// What happened.
        error: ModelError,
        /// Whether anything of the answer had arrived: then it is not asked again.
        streamed: bool,
    },
    /// The process that was asking died. It is asked again, and the attempt does not count.
    Lost,
    /// The run was cancelled, or its time was up, while the answer came.
    Stopped,
}

/// What had arrived of a message when its attempt failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// Reasoning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    /// Calls, perhaps with half of their arguments; none of them is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// Where the pieces were cut, so that any replica cuts the same frames again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<DeltaMark>,
}

impl Partial {
    /// Nothing had arrived.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty() && self.thinking.is_empty() && self.deltas.is_empty()
    }
}

/// A whole message of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The step.
    pub step: u32,
    /// The attempt.
    pub attempt: u32,
    /// The text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// The reasoning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    /// The provider's proof of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_signature: Option<String>,
    /// The calls that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// Why the model stopped.
    pub finish: FinishReason,
    /// Tokens.
    pub usage: Usage,
    /// What they cost, in micro-units.
    #[serde(default)]
    pub cost: i64,
    /// From the call to its first piece, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_us: Option<i64>,
    /// From the call to its end, in microseconds.
    pub duration_us: i64,
    /// Why the text does not satisfy the agent's output schema, where it must and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// Where the pieces were cut.
    pub deltas: Vec<DeltaMark>,
}

/// One streamed piece: its id, and its length in bytes of the text that it is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaMark {
    /// The `seq` of its id.
    pub seq: u64,
    /// The `n` of its id.
    pub n: u32,
    /// What it is a piece of.
    pub kind: DeltaKind,
    /// Its length in bytes.
    pub length: u32,
}

/// What a piece is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaKind {
    /// The text.
    Content,
    /// The reasoning.
    Thinking,
    /// The arguments of the call at this index; the first piece of an index brings its id and name.
    Arguments(u16),
}

/// A mark is written as `[seq, n, kind, length]`, kind -1 for content, -2 for thinking, else the call's index: a
/// message has dozens of them, and their names would outweigh it.
impl Serialize for DeltaMark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.kind {
            DeltaKind::Content => -1,
            DeltaKind::Thinking => -2,
            DeltaKind::Arguments(index) => i32::from(index),
        };
        (self.seq, self.n, kind, self.length).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DeltaMark {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seq, n, kind, length): (u64, u32, i32, u32) = Deserialize::deserialize(deserializer)?;
        let kind = match kind {
            -1 => DeltaKind::Content,
            -2 => DeltaKind::Thinking,
            index => DeltaKind::Arguments(u16::try_from(index).map_err(serde::de::Error::custom)?),
        };
        Ok(Self { seq, n, kind, length })
    }
}

/// Why a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalReason {
    /// The tool wants it.
    Policy,
    /// The call was interrupted by a crash and may or may not have happened.
    Interrupted,
}

/// A limit that can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Rounds of tool calls.
    ToolRounds,
    /// Tool calls in all.
    ToolCalls,
    /// Tokens.
    Tokens,
    /// Money.
    Cost,
    /// Running time.
    Time,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It answered, or came to a limit and said so.
    Completed {
        /// The limit that it came to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<Limit>,
        /// What was said about the limit; the last turn of the transcript.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// The structured answer, where one was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
    },
    /// It could not go on.
    Failed {
        /// S1's error code ([`ModelError::code`]) or ours.
        code: String,
        /// What happened.
        message: String,
    },
    /// Someone ended it.
    Cancelled {
        /// Who, or why.
        by: String,
    },
}

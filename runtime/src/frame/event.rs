//! The public events of a run, version 1: what `GET /v1/runs/{id}/events` sends. They are made from stored events and
//! never are those; a field that is added later is optional.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use troupe_core::model::Usage;
use utoipa::ToSchema;

/// Something that happened in a run, told by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run exists.
    RunAccepted(RunAccepted),
    /// The run began.
    RunStarted(RunStarted),
    /// A model is being asked.
    StepStarted(StepStarted),
    /// A piece of the model's answer.
    Delta(DeltaEvent),
    /// The step was lost with its process and is asked again: forget its pieces.
    StepRestarted(StepRestarted),
    /// An attempt to ask a model failed.
    AttemptFailed(AttemptFailed),
    /// The model's message is whole.
    Message(MessageEvent),
    /// A tool is being called.
    ToolStarted(ToolStarted),
    /// A call has a result.
    ToolFinished(ToolFinished),
    /// A person is asked whether a call may be made.
    ApprovalRequested(ApprovalRequested),
    /// The person answered.
    ApprovalDecided(ApprovalDecided),
    /// The caller is to make calls of its own tools and give their results.
    InputRequired(InputRequired),
    /// A sub-agent began to work on a call; its own events follow under its own `run_id`.
    ChildStarted(ChildStarted),
    /// The sub-agent is done.
    ChildFinished(ChildFinished),
    /// A limit was reached; the run ends with an answer that says so.
    LimitReached(LimitReached),
    /// Someone wants the run to end.
    CancelRequested(CancelRequested),
    /// The run is over. The last event of a stream is the root's.
    RunFinished(RunFinished),
}

/// Where an event stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// `<seq>.<n>`, increasing in the stream: what `Last-Event-ID` takes. Events that come from one cause share it.
    pub id: String,
    /// The run of the tree that it is of: the one that was asked for, or one of its sub-agents'.
    pub run_id: String,
    /// When it happened (RFC 3339, UTC); pieces of an answer have no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Tokens of one or more model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// Tokens read, in all.
    pub input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Of the tokens read: from the provider's cache.
    pub cached_tokens: u64,
    /// Of the tokens read: written to the provider's cache.
    pub cache_write_tokens: u64,
    /// Of the tokens written: reasoning.
    pub reasoning_tokens: u64,
    /// The provider did not tell: counted as a quarter of the characters.
    pub estimated: bool,
}

impl From<&Usage> for Tokens {
    fn from(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            total_tokens: usage.total(),
            cached_tokens: usage.cached_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            estimated: usage.estimated,
        }
    }
}

/// A message that the run was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputMessage {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The text.
    pub content: String,
    /// How many images it has.
    pub images: usize,
    /// Whether it has a recording.
    pub audio: bool,
}

/// A call that the model asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEvent {
    /// The call's id: what approvals and inputs name.
    pub call_id: String,
    /// The provider's id of the call.
    pub provider_call_id: String,
    /// The tool's name as the model said it.
    pub name: String,
    /// The arguments as JSON text; may be malformed.
    pub arguments: String,
}

/// The run exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunAccepted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The agent's name; empty for a model and tools composed for this run.
    pub agent: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// For a sub-agent: the run whose call it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_run_id: Option<String>,
    /// For a sub-agent: the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_call_id: Option<String>,
    /// How deep it is below the root; 0 for the root.
    pub depth: u32,
    /// What it was given.
    pub input: Vec<InputMessage>,
}

/// The run began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunStarted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}

/// A model is being asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepStarted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The model step, from 1.
    pub step: u32,
    /// The attempt at this step, from 1.
    pub attempt: u32,
    /// The model's name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What a piece is a piece of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeltaOf {
    /// The text.
    #[default]
    Content,
    /// The reasoning.
    Thinking,
    /// The arguments of a call.
    ToolArguments,
}

/// A piece of the model's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeltaEvent {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The model step.
    pub step: u32,
    /// What it is a piece of.
    pub of: DeltaOf,
    /// The piece.
    pub text: String,
    /// Of arguments: the call's place in the message, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Of arguments: the call's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// Of arguments, in the first piece: the provider's id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_call_id: Option<String>,
    /// Of arguments, in the first piece: the tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The step was lost with its process and is asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepRestarted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The step whose pieces are to be forgotten.
    pub step: u32,
}

/// An attempt to ask a model failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptFailed {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The step.
    pub step: u32,
    /// The attempt.
    pub attempt: u32,
    /// The provider's HTTP status, or a word such as `TIMEOUT`; `STOPPED` where the run was ended meanwhile.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Whether anything of the answer had arrived: then it stays, and is not asked for again.
    pub streamed: bool,
    /// Tokens of the attempt.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
}

/// The model's message is whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageEvent {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The step.
    pub step: u32,
    /// The attempt.
    pub attempt: u32,
    /// The text.
    pub content: String,
    /// The reasoning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    /// The calls that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<CallEvent>,
    /// `stop`, `tool_calls`, `length` or `content_filter`.
    pub finish_reason: String,
    /// Why the text does not satisfy the output schema, where it must and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// Tokens.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
    /// Milliseconds to the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// Milliseconds of the call.
    pub duration_ms: f64,
}

/// A tool is being called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolStarted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call.
    #[serde(flatten)]
    pub call: CallEvent,
    /// The attempt, from 1: above 1 when a repeatable call is made again after a crash.
    pub attempt: u32,
}

/// The whole of a result that was cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactRef {
    /// Its address: `GET /v1/runs/{id}/artifacts/{hash}`.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A call has a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolFinished {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The text that the model reads; starts with `Error: ` where the call failed.
    pub content: String,
    /// The call failed.
    pub is_error: bool,
    /// The result as JSON, where the tool gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub structured: Option<Value>,
    /// Images that the tool gave, as data URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// The whole text, where `content` was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactRef>,
    /// Milliseconds that it took; none where the caller made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
}

/// A person is asked: answer with `POST /v1/runs/{id}/approvals/{call_id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalRequested {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call.
    #[serde(flatten)]
    pub call: CallEvent,
    /// `policy`: the tool wants it; `interrupted`: it was begun when the service stopped and may have happened.
    pub reason: String,
}

/// The person answered, or the time for it ran out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalDecided {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The answer.
    pub approved: bool,
    /// The arguments as the person edited them, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
    /// Who answered, and why.
    pub by: String,
}

/// The caller's own calls: answer each with `POST /v1/runs/{id}/input`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputRequired {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The calls.
    pub calls: Vec<CallEvent>,
}

/// A sub-agent began to work on a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChildStarted {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call.
    #[serde(flatten)]
    pub call: CallEvent,
    /// The sub-agent's run.
    pub child_run_id: String,
}

/// The sub-agent is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChildFinished {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The call's id.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The sub-agent's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_run_id: Option<String>,
    /// Its answer.
    pub content: String,
    /// It failed.
    pub is_error: bool,
}

/// A limit was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitReached {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// `tool_rounds`, `tool_calls`, `tokens`, `cost` or `time`.
    pub limit: String,
}

/// Someone wants the run to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelRequested {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Who, or why.
    pub by: String,
    /// Its processes are killed at once.
    pub forced: bool,
}

/// The run is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunFinished {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// Tokens: of the whole tree for the root, of its own steps for a sub-agent.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ending {
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Completed: the limit that it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Completed: what was said about the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Completed: the structured answer, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub output: Option<Value>,
    /// Failed: the provider's HTTP status, or a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Failed: what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Cancelled: who, or why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

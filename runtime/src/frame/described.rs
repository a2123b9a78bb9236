//! S1's frames one by one, as the API's description has them, and S1's whole answer. The `data` of a frame is JSON of
//! exactly one of these shapes; message frames share [`S1Delta`] in the code, as they do in its clients.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::s1::{S1Call, S1Delta};
use crate::wire::Stat;

/// What the `data` of a frame of `/v1/infer/stream` may be; which one stands first is told by `event`, `role` and the
/// fields that are there. Every stream ends with the text `[DONE]`, which is no JSON.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum S1Frame {
    /// The first frame, `event: init`.
    Init(S1Init),
    /// A piece of the answer.
    Words(S1Words),
    /// Pieces of calls.
    Calls(S1Calls),
    /// The result of a call.
    Result(S1Result),
    /// A piece of a sub-agent's answer.
    Delegate(S1Delegate),
    /// A round is over.
    Round(S1Round),
    /// `event: approval`: the run waits for a person.
    Approval(S1Approval),
    /// The stream ends before the run does.
    Broken(S1Broken),
}

/// `event: init`: which run and session this is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Init {
    /// The session; null for a call without one.
    pub session_id: Option<String>,
    /// `init`.
    #[serde(rename = "type")]
    #[schema(value_type = InitWord)]
    pub kind: &'static str,
    /// The run.
    pub run_id: String,
    /// The timestamp of the user's turn, what a revoke names.
    pub user_message_timestamp: Option<String>,
    /// Whether there is a system prompt.
    pub has_system_prompt: bool,
    /// The agent's id, for a saved one.
    pub agent_id: Option<String>,
    /// The agent's name for people.
    pub agent_nickname: Option<String>,
    /// The session's title.
    pub title: Option<String>,
}

/// `init`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InitWord {
    /// `init`.
    Init,
}

/// `assistant`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssistantRole {
    /// `assistant`.
    Assistant,
}

/// `tool`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolRole {
    /// `tool`.
    Tool,
}

/// `usage`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageRole {
    /// `usage`.
    Usage,
}

/// `round`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundName {
    /// `round`.
    Round,
}

/// A piece of the answer or of the reasoning; an error is told in the text, too, with its code beside it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Words {
    /// `assistant`.
    pub role: AssistantRole,
    /// The next piece of the text; empty beside `thinking`.
    pub content: String,
    /// The agent's name for people, for a saved one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The next piece of the reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// The agent's id, for a saved one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    /// The code of the error that `content` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Pieces of calls: the first piece of each has its id and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Calls {
    /// `assistant`.
    pub role: AssistantRole,
    /// Empty.
    pub content: String,
    /// The agent's name for people, for a saved one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The agent's id, for a saved one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    /// The pieces.
    pub tool_calls: Vec<S1Call>,
}

/// The result of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Result {
    /// `tool`.
    pub role: ToolRole,
    /// The result; starts with `Error: ` where the call failed.
    pub content: String,
    /// The tool's name.
    pub name: String,
    /// The tool's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// The id of the call.
    pub tool_use_id: String,
}

/// A piece of a sub-agent's answer; `streaming: false` ends it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Delegate {
    /// `tool`.
    pub role: ToolRole,
    /// Empty.
    pub content: String,
    /// `delegate`, or the tool's name.
    pub name: String,
    /// The id of the call that the sub-agent works on.
    pub tool_call_id: String,
    /// Whether more follows.
    pub streaming: bool,
    /// The piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
    /// How deep the sub-agent is, from 1.
    pub depth: u32,
}

/// A round is over: one call of the model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Round {
    /// `usage`.
    pub role: UsageRole,
    /// `round`.
    pub name: RoundName,
    /// A `Stat` as JSON text.
    #[schema(content_media_type = "application/json")]
    pub content: String,
}

/// `event: approval`: the run waits for a person; answer with `POST /v1/runs/{id}/approvals/{call_id}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Approval {
    /// `approval_requested`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The run.
    pub run_id: String,
    /// The call: what the answer names.
    pub call_id: String,
    /// The provider's id of the call.
    pub tool_call_id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
}

/// The stream ends before the run does: words that went out cannot be taken back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct S1Broken {
    /// What happened.
    pub error: String,
    /// `STEP_RESTARTED`.
    pub error_code: &'static str,
    /// The run, to be read again.
    pub run_id: String,
}

/// S1's whole answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct S1Answer {
    /// Whether it went well.
    pub success: bool,
    /// The turns of this call.
    pub messages: Vec<S1Delta>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The session, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The last round's statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Stat>)]
    pub stat: Option<Value>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The code that stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

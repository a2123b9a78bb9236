//! The objects of OpenAI's chat completions, streamed and whole.

use serde::Serialize;
use serde_json::Value;
use troupe_core::model::{FinishReason, Usage};
use utoipa::ToSchema;

/// One chunk of a streamed answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChatCompletionChunk {
    /// `chatcmpl-` and the run's id; the same in all chunks of an answer.
    pub id: String,
    /// `chat.completion.chunk`.
    pub object: &'static str,
    /// When the answer began, in seconds since the epoch.
    pub created: i64,
    /// The model, agent or team as the request named it.
    pub model: String,
    /// One choice; none in the chunk that brings the usage.
    pub choices: Vec<ChunkChoice>,
    /// Tokens, in the last chunk, where `stream_options.include_usage` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<CompletionUsage>,
}

/// The choice of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ChunkChoice {
    /// Always 0.
    pub index: u32,
    /// What is added.
    pub delta: ChoiceDelta,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub logprobs: Option<Value>,
    /// `stop`, `length`, `tool_calls` or `content_filter`, in the last choice.
    pub finish_reason: Option<&'static str>,
}

/// What a chunk adds to the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ChoiceDelta {
    /// `assistant`, in the first chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// The next piece of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The next piece of the reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Pieces of calls of the caller's own tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<CallDelta>>,
}

/// A piece of a call; the first of an `index` brings id and name.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallDelta {
    /// The call's place among the caller's calls of this answer.
    pub index: usize,
    /// The call's id, in the first piece: what the tool message answers with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `function`, in the first piece.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Name and arguments.
    pub function: FunctionDelta,
}

/// A piece of a call's function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct FunctionDelta {
    /// The tool's name, in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The next piece of the arguments' JSON text.
    pub arguments: String,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChatCompletion {
    /// `chatcmpl-` and the run's id.
    pub id: String,
    /// `chat.completion`.
    pub object: &'static str,
    /// When the answer began, in seconds since the epoch.
    pub created: i64,
    /// The model, agent or team as the request named it.
    pub model: String,
    /// One choice.
    pub choices: Vec<CompletionChoice>,
    /// Tokens.
    pub usage: CompletionUsage,
}

/// The choice of a whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CompletionChoice {
    /// Always 0.
    pub index: u32,
    /// The answer.
    pub message: CompletionMessage,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub logprobs: Option<Value>,
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    pub finish_reason: Option<&'static str>,
}

/// The message of a whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CompletionMessage {
    /// `assistant`.
    pub role: &'static str,
    /// The text; null where the answer consists of calls only.
    pub content: Option<String>,
    /// Always null.
    pub refusal: Option<String>,
    /// The reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Calls of the caller's own tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<CompletionCall>,
}

/// A call of one of the caller's tools.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CompletionCall {
    /// The call's id: what the tool message answers with.
    pub id: String,
    /// `function`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name and arguments.
    pub function: CompletionFunction,
}

/// The function of a call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CompletionFunction {
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text.
    pub arguments: String,
}

/// Tokens of this answer: of every model call that was made for it, sub-agents' included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CompletionUsage {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Of the tokens read.
    pub prompt_tokens_details: PromptDetails,
    /// Of the tokens written.
    pub completion_tokens_details: CompletionDetails,
}

/// Of the tokens read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptDetails {
    /// From the provider's cache.
    pub cached_tokens: u64,
}

/// Of the tokens written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CompletionDetails {
    /// Reasoning.
    pub reasoning_tokens: u64,
}

impl From<&Usage> for CompletionUsage {
    fn from(usage: &Usage) -> Self {
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetails { cached_tokens: usage.cached_tokens },
            completion_tokens_details: CompletionDetails { reasoning_tokens: usage.reasoning_tokens },
        }
    }
}

/// OpenAI's word for why a model stopped.
pub fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        // Calls that the caller is to make end an answer elsewhere; here nothing is left to do.
        FinishReason::Stop | FinishReason::ToolCalls => "stop",
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
    }
}

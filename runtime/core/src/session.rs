//! Sessions: the turns of a conversation, and what compaction made of older ones.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::Timestamp;
use crate::message::{Media, Message, Role};
use crate::tool::ToolCall;

/// One turn of a conversation, as a session keeps it (S1-25).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Strictly increasing in a session, in microseconds; 0 until the engine has set it.
    pub at: Timestamp,
    /// Who speaks.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The speaker's or the tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The calls of an assistant turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The model's reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// The provider's proof of the reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_signature: Option<String>,
    /// The statistics of the model call that made an assistant turn (S1-22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat: Option<TokenStat>,
    /// Images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Media>,
    /// A recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<Media>,
    /// The template that the text was rendered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_template: Option<String>,
    /// The arguments that it was rendered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
    /// On a tool turn: the tool's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// On a tool turn: the provider's id of the call that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_use_id: Option<String>,
    /// On an assistant turn: the agent's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    /// On a tool turn: the call failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

impl Turn {
    /// A turn of `role` with only a text.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self::from(Message::text(role, content))
    }

    /// The message that a model is told for this turn.
    pub fn message(&self) -> Message {
        Message {
            role: self.role,
            content: self.content.clone(),
            thinking: self.thinking.clone(),
            thinking_signature: self.thinking_signature.clone(),
            tool_calls: self.tool_calls.clone(),
            tool_call_id: self.tool_use_id.clone(),
            name: self.name.clone(),
            images: self.images.clone(),
            audio: self.audio.clone(),
            is_error: self.is_error,
        }
    }
}

impl From<Message> for Turn {
    fn from(message: Message) -> Self {
        Self {
            at: 0,
            role: message.role,
            content: message.content,
            name: message.name,
            tool_calls: message.tool_calls,
            thinking: message.thinking,
            thinking_signature: message.thinking_signature,
            stat: None,
            images: message.images,
            audio: message.audio,
            prompt_template: None,
            arguments: None,
            tool_id: None,
            tool_use_id: message.tool_call_id,
            assistant_id: None,
            is_error: message.is_error,
        }
    }
}

/// A session's first title (S1-56): the first 30 characters of the user's words; empty where there are none.
pub fn title(turns: &[Turn]) -> String {
    let said = turns.iter().find(|turn| turn.role == Role::User).map_or("", |turn| turn.content.trim());
    let title: String = said.chars().take(30).collect();
    if title.len() < said.len() { title + ".." } else { title }
}

/// The statistics of one model call (S1-22); milliseconds are rounded to a tenth when they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenStat {
    /// Tokens read by this call.
    pub prompt_tokens: u64,
    /// Tokens written by this call.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Tokens read by this run so far.
    pub total_prompt_tokens: u64,
    /// Tokens written by this run so far.
    pub total_completion_tokens: u64,
    /// Both.
    pub total_all_tokens: u64,
    /// From the call to its first token, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_us: Option<i64>,
    /// From the first token to the last, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_us: Option<i64>,
    /// From the call to the last token, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_us: Option<i64>,
    /// From the run's start to its end, in microseconds; in the last call's only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_us: Option<i64>,
    /// When the call ended.
    #[serde(default)]
    pub completed_at: Timestamp,
}

/// Something remembered from turns that were compacted (S1-26).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryEntry {
    /// `fact`, `preference`, `decision` or `entity`.
    pub entry_type: String,
    /// What is remembered.
    pub content: String,
    /// The index of the turn that it came from.
    pub source_turn_index: i64,
    /// From 0 to 1.
    pub confidence: f64,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// What a run reads of its session when it starts or resumes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionContext {
    /// The turns up to the run's high-water mark that are not summarised, oldest first, and the last `keep_turns` of
    /// those that are.
    pub turns: Vec<Turn>,
    /// The rolling summary, where there is one.
    pub summary: Option<String>,
    /// The memories taken with it.
    pub memories: Vec<MemoryEntry>,
    /// The timestamp of the session's last turn; 0 for an empty one.
    pub high_water: Timestamp,
    /// The version of the summary; 0 without one.
    pub summary_version: i64,
}

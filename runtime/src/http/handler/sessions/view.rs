//! What the routes of sessions answer with.

use serde::Serialize;
use serde_json::Value;
use troupe_core::session::Turn;
use troupe_store::{SearchHit, SessionRow};
use utoipa::ToSchema;

use crate::wire;

/// What of a found turn is shown before the words, and in all, in characters.
const EXCERPT: (usize, usize) = (80, 300);

/// A session in the list (S1-28), with its status beside it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionEntry {
    /// Its id.
    pub session_id: String,
    /// Its title.
    pub title: String,
    /// When it was begun.
    pub created_at: String,
    /// When it was last written to by a run.
    pub last_inference_at: String,
    /// How many turns it has.
    pub turn_count: u64,
    /// The tokens of its last model call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_total_tokens: Option<u64>,
    /// `streaming`, `done_success_unread`, `done_error_unread`, `idle`, or `waiting` for a person or a client's tool.
    pub status: String,
    /// It is at the top of the list.
    pub pinned: bool,
    /// It is put away.
    pub archived: bool,
    /// The agent of its last run, or that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<Value>,
    /// The model of its last run, or that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model_id: Option<Value>,
    /// The tools of its last run, or that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub tool_ids: Option<Value>,
    /// Its own folder, else the one that its last run worked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub workspace: Option<Value>,
}

/// Its own folder, else that of its last run.
fn workspace(row: &SessionRow) -> Option<Value> {
    row.workspace.clone().map(Value::String).or_else(|| row.meta.get("workspace").cloned())
}

impl From<&SessionRow> for SessionEntry {
    fn from(row: &SessionRow) -> Self {
        let said = |name: &str| row.meta.get(name).cloned();
        Self {
            session_id: row.id.clone(),
            title: row.title.clone(),
            created_at: wire::timestamp(row.created_at),
            last_inference_at: wire::timestamp(row.last_inference_at),
            turn_count: row.turn_count,
            last_total_tokens: row.last_total_tokens,
            status: row.status.clone(),
            pinned: row.pinned,
            archived: row.archived,
            agent_id: said("agent_id"),
            model_id: said("model_id"),
            tool_ids: said("tool_ids"),
            workspace: workspace(row),
        }
    }
}

/// The list of sessions (S1-137).
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The sessions, the one with the latest inference first.
    pub sessions: Vec<SessionEntry>,
    /// Where the next page begins, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What `conversation.json` says of a session (S1-36), with its title and status beside it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationMeta {
    /// Its id.
    pub session_id: String,
    /// When it was begun.
    pub created_at: String,
    /// When it was last written to.
    pub updated_at: String,
    /// How many turns it has.
    pub turn_count: u64,
    /// The tokens of its last model call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_total_tokens: Option<u64>,
    /// The tools of its last run, where that named some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub tool_ids: Option<Value>,
    /// The model of its last run, where that named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model_id: Option<Value>,
    /// The agent of its last run, where that named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<Value>,
    /// Its own folder, else the one that its last run worked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub workspace: Option<Value>,
    /// The session whose run made it, for a sub-agent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_session_id: Option<String>,
    /// Its title.
    pub title: String,
    /// `streaming`, `done_success_unread`, `done_error_unread`, `idle`, or `waiting` for a person or a client's tool.
    pub status: String,
    /// It is at the top of the list.
    pub pinned: bool,
    /// It is put away.
    pub archived: bool,
}

impl From<&SessionRow> for ConversationMeta {
    fn from(row: &SessionRow) -> Self {
        let said = |name: &str| row.meta.get(name).cloned();
        Self {
            session_id: row.id.clone(),
            created_at: wire::timestamp(row.created_at),
            updated_at: wire::timestamp(row.updated_at),
            turn_count: row.turn_count,
            last_total_tokens: row.last_total_tokens,
            tool_ids: said("tool_ids"),
            model_id: said("model_id"),
            agent_id: said("agent_id"),
            workspace: workspace(row),
            parent_session_id: row.parent.clone(),
            title: row.title.clone(),
            status: row.status.clone(),
            pinned: row.pinned,
            archived: row.archived,
        }
    }
}

/// A session with every turn (S1-138).
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    /// What is said of it.
    pub meta: ConversationMeta,
    /// Its turns (S1-25): `role`, `content`, `timestamp`, and what else there is.
    #[schema(value_type = Vec<Object>)]
    pub messages: Vec<Value>,
}

/// A page of a session's turns.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePage {
    /// The turns (S1-25), oldest first.
    #[schema(value_type = Vec<Object>)]
    pub messages: Vec<Value>,
    /// Where the next page begins, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Turns as S1 shows them.
pub(super) fn turns(turns: &[Turn]) -> Vec<Value> {
    turns.iter().map(wire::turn).collect()
}

/// A session that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// `deleted`.
    pub status: &'static str,
    /// Its id.
    pub session_id: String,
}

/// A session's new title.
#[derive(Debug, Serialize, ToSchema)]
pub struct Titled {
    /// `success`.
    pub status: &'static str,
    /// Its id.
    pub session_id: String,
    /// The title.
    pub title: String,
}

/// What a revoke did.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevokedView {
    /// `success`.
    pub status: &'static str,
    /// The session.
    pub session_id: String,
    /// How many turns are gone.
    pub removed_count: u64,
}

/// Done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// `true`.
    pub ok: bool,
}

/// A place where words were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// The session.
    pub session_id: String,
    /// Its title.
    pub title: String,
    /// The time of the turn that has the words; none where the title has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The turn's text around the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

impl Found {
    /// Shows what was found for these words.
    pub(super) fn new(hit: SearchHit, words: &str) -> Self {
        Self {
            session_id: hit.session,
            title: hit.title,
            timestamp: hit.at.map(wire::timestamp),
            excerpt: hit.at.map(|_| excerpt(&hit.content, words)),
        }
    }
}

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundList {
    /// The places.
    pub results: Vec<Found>,
}

/// The part of a text around the first of the words that it has.
fn excerpt(text: &str, words: &str) -> String {
    let small = |letter: char| letter.to_lowercase().next().unwrap_or(letter);
    let lower: Vec<char> = text.chars().map(small).collect();
    let place = |word: &str| {
        let word: Vec<char> = word.chars().map(small).collect();
        lower.windows(word.len()).position(|part| part == word)
    };
    let at = words.split_whitespace().filter_map(place).min().unwrap_or(0);
    text.chars().skip(at.saturating_sub(EXCERPT.0)).take(EXCERPT.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_begins_before_the_first_word_that_is_there() {
        let text = format!("{}Ärger in Oslo{}", "x".repeat(500), "y".repeat(500));
        let shown = excerpt(&text, "missing OSLO ärger");
        assert_eq!(shown.chars().count(), 300);
        assert!(shown.starts_with(&format!("{}Ärger in Oslo", "x".repeat(80))));
        assert_eq!(excerpt("short", "missing"), "short");
        assert_eq!(excerpt("", "word"), "");
    }
}

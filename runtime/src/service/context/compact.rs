//! Compaction: the older turns of a session become a rolling summary and memories (S1-128 to S1-135).

use troupe_core::id::Timestamp;
use troupe_core::message::Role;
use troupe_core::port::StoreError;
use troupe_core::session::{MemoryEntry, Turn};
use troupe_store::CompactionWrite;

use super::ask::AskError;
use super::prompt::{Answer, INSTRUCTIONS, Material};
use crate::app::App;

/// What a compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compaction {
    /// So many more turns became part of the summary.
    Done {
        /// How many.
        turns: usize,
    },
    /// There is nothing to compact: too few turns are not yet summarised.
    Nothing,
    /// The session was revoked or compacted meanwhile; nothing was changed.
    Superseded,
}

/// Why a compaction failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// No model summarises (S1-135).
    #[error(
        "there is no model that summarises: let SUMMARY_MODEL_ID, or summaryModelRef of the Agent or the Runtime, name one of GET /v1/models"
    )]
    NoModel,
    /// The model failed.
    #[error("the summary model gave no answer")]
    Ask(#[from] AskError),
    /// The model said nothing.
    #[error("the summary model's answer holds no summary")]
    Empty,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Makes a summary of a session's older turns now, however short it is.
    ///
    /// # Errors
    /// When there is no such session or no model for it, or the model fails. Then nothing is changed.
    pub async fn compact(&self, session: &str) -> Result<Compaction, CompactError> {
        let missing = || StoreError::NoSession(session.to_owned());
        // The version is read first: whatever changes what is read after it refuses the write.
        let row = self.store.session_row(session).await?.ok_or_else(missing)?;
        let policy = self.policy(&row);
        let Some(model) = policy.summary.first() else { return Err(CompactError::NoModel) };
        let before = self.store.introspect(session).await?.ok_or_else(missing)?;
        let turns = self.store.turns(session, row.summarized_until, usize::MAX).await?;
        let covered = covered(&turns, policy.keep_turns);
        let Some(last) = covered.last() else { return Ok(Compaction::Nothing) };
        let material = Material {
            summary: before.summary.as_deref(),
            memories: &before.memories,
            turns: covered,
            first: before.summarized_turns,
            window: model.context_window,
        };
        let text = self.ask(policy.summary.clone(), INSTRUCTIONS, material.message()).await?;
        let now = self.clock.now();
        let answer = Answer::read(&text, policy.confidence, now).ok_or(CompactError::Empty)?;
        if answer.memories.is_none() {
            tracing::warn!(session.id = session, "the summary model's memories cannot be read; those before stay");
        }
        let write = CompactionWrite {
            session: session.to_owned(),
            version: row.version,
            summary: answer.summary,
            summarized_until: last.at,
            // What stays as it was said is not covered: nothing is told twice, and nothing is lost between (S1-129).
            keep_turns: 0,
            memories: answer.memories.map(|memories| aged(memories, &before.memories)),
            at: now,
        };
        let saved = self.store.save_compaction(write).await?;
        Ok(if saved { Compaction::Done { turns: covered.len() } } else { Compaction::Superseded })
    }
}

/// The turns that become part of the summary (S1-131): all but the last `keep` where there are more, else all but the
/// last one. The results of a call are never parted from it.
fn covered(turns: &[Turn], keep: usize) -> &[Turn] {
    if turns.len() < 2 {
        return &[];
    }
    let mut end = if turns.len() > keep { turns.len() - keep } else { turns.len() - 1 };
    while end > 0 && turns.get(end).is_some_and(|turn| turn.role == Role::Tool) {
        end -= 1;
    }
    let covered = &turns[..end];
    // Instructions are told however old they are: they alone are no reason for a summary.
    if covered.iter().all(|turn| turn.role == Role::System) { &[] } else { covered }
}

/// Memories that were there before keep the time when they were taken.
fn aged(mut memories: Vec<MemoryEntry>, before: &[MemoryEntry]) -> Vec<MemoryEntry> {
    for memory in &mut memories {
        let same = |old: &&MemoryEntry| old.entry_type == memory.entry_type && old.content == memory.content;
        let taken: Option<Timestamp> = before.iter().find(same).map(|old| old.created_at);
        memory.created_at = taken.unwrap_or(memory.created_at);
    }
    memories
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many turns of a conversation in letters are covered: `s`ystem, `u`ser, `a`ssistant, `t`ool.
    fn count(letters: &str, keep: usize) -> usize {
        let role = |letter| match letter {
            's' => Role::System,
            'u' => Role::User,
            'a' => Role::Assistant,
            _ => Role::Tool,
        };
        let turns: Vec<Turn> = letters.chars().map(|letter| Turn::text(role(letter), "x")).collect();
        covered(&turns, keep).len()
    }

    #[test]
    fn all_but_the_last_turns_are_covered() {
        assert_eq!(count("uauauauauaua", 10), 2);
        assert_eq!(count("uauauauaua", 10), 9);
        assert_eq!(count("ua", 10), 1);
        assert_eq!(count("u", 10), 0);
        assert_eq!(count("", 10), 0);
        assert_eq!(count("uauaua", 2), 4);
    }

    #[test]
    fn results_stay_with_their_calls() {
        assert_eq!(count("uattaua", 3), 4);
        assert_eq!(count("uattaua", 4), 1, "the cut would be between two results");
        assert_eq!(count("uattaua", 5), 1, "the cut would be between a call and its results");
        assert_eq!(count("uatta", 10), 4);
        assert_eq!(count("at", 1), 0);
    }

    #[test]
    fn instructions_alone_are_no_reason() {
        assert_eq!(count("su", 10), 0);
        assert_eq!(count("sua", 10), 2);
    }
}

//! Summaries and memories of sessions (S1 group K).

use sqlx::{AnyConnection, Row as _};
use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;
use troupe_core::session::MemoryEntry;

use crate::error::failed;
use crate::session;

/// What a compaction made of a session's older turns.
#[derive(Clone, Debug, PartialEq)]
pub struct CompactionWrite {
    /// The session.
    pub session: String,
    /// The session's version when the compaction read it; another one by now refuses the write.
    pub version: i64,
    /// The summary.
    pub summary: String,
    /// The time of the last turn that it covers.
    pub summarized_until: Timestamp,
    /// How many of the covered turns are told verbatim all the same (S1-129).
    pub keep_turns: usize,
    /// The memories, in place of those before; `None` leaves them (S1-133: a malformed list).
    pub memories: Option<Vec<MemoryEntry>>,
    /// When it was made.
    pub at: Timestamp,
}

/// The summary and memories of a session, as S1 keeps them in `summary.md` and `memory.md` (S1-27, S1-37, S1-38).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Introspection {
    /// The summary.
    pub summary: Option<String>,
    /// Its version; 0 without one.
    pub summary_version: i64,
    /// When it was made.
    pub summary_at: Option<Timestamp>,
    /// All turns.
    pub total_turns: u64,
    /// Those that the summary covers.
    pub summarized_turns: u64,
    /// The memories, in order.
    pub memories: Vec<MemoryEntry>,
}

/// Saves a compaction if the session is as it was read; tells whether it did.
pub(crate) async fn save(connection: &mut AnyConnection, write: &CompactionWrite) -> Result<bool, StoreError> {
    const ACTION: &str = "save a summary";
    let verbatim_from = verbatim_from(connection, write).await?;
    let done = sqlx::query(
        "UPDATE session SET summary = $3, summary_version = summary_version + 1, summarized_until = $4,
                verbatim_from = $5, summary_at = $6, version = version + 1
         WHERE id = $1 AND version = $2",
    )
    .bind(write.session.clone())
    .bind(write.version)
    .bind(write.summary.clone())
    .bind(write.summarized_until)
    .bind(verbatim_from)
    .bind(write.at)
    .execute(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    if done.rows_affected() == 0 {
        let there = session::get(connection, &write.session).await?.is_some();
        return if there { Ok(false) } else { Err(StoreError::NoSession(write.session.clone())) };
    }
    if let Some(memories) = &write.memories {
        replace(connection, &write.session, memories).await?;
    }
    Ok(true)
}

/// The time of the first turn that is told verbatim.
async fn verbatim_from(connection: &mut AnyConnection, write: &CompactionWrite) -> Result<Timestamp, StoreError> {
    let Some(before) = write.keep_turns.checked_sub(1) else { return Ok(write.summarized_until.saturating_add(1)) };
    let at: Option<Timestamp> =
        sqlx::query_scalar("SELECT at FROM turn WHERE session = $1 AND at <= $2 ORDER BY at DESC LIMIT 1 OFFSET $3")
            .bind(write.session.clone())
            .bind(write.summarized_until)
            .bind(i64::try_from(before).unwrap_or(i64::MAX))
            .fetch_optional(connection)
            .await
            .map_err(failed("save a summary"))?;
    // With fewer turns than are kept, all of them are.
    Ok(at.unwrap_or(0))
}

async fn replace(connection: &mut AnyConnection, session: &str, memories: &[MemoryEntry]) -> Result<(), StoreError> {
    const ACTION: &str = "save memories";
    sqlx::query("DELETE FROM memory WHERE session = $1")
        .bind(session.to_owned())
        .execute(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    for (position, memory) in (0_i64..).zip(memories) {
        sqlx::query(
            "INSERT INTO memory (session, position, entry_type, content, source_turn_index, confidence, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(session.to_owned())
        .bind(position)
        .bind(memory.entry_type.clone())
        .bind(memory.content.clone())
        .bind(memory.source_turn_index)
        .bind(memory.confidence)
        .bind(memory.created_at)
        .execute(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    }
    Ok(())
}

/// The summary and memories of a session; `None` if there is no such session.
pub(crate) async fn introspect(
    connection: &mut AnyConnection,
    session: &str,
) -> Result<Option<Introspection>, StoreError> {
    const ACTION: &str = "read a summary";
    let row = sqlx::query(
        "SELECT s.summary, s.summary_version, s.summary_at, s.turn_count,
                (SELECT count(*) FROM turn t WHERE t.session = s.id AND t.at <= s.summarized_until)
         FROM session s WHERE s.id = $1",
    )
    .bind(session.to_owned())
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    let Some(row) = row else { return Ok(None) };
    let memories = sqlx::query(
        "SELECT 0, position, content, entry_type, source_turn_index, confidence, created_at FROM memory
         WHERE session = $1 ORDER BY position",
    )
    .bind(session.to_owned())
    .fetch_all(connection)
    .await
    .map_err(failed(ACTION))?;
    let read = || -> Result<Introspection, sqlx::Error> {
        Ok(Introspection {
            summary: row.try_get(0)?,
            summary_version: row.try_get(1)?,
            summary_at: row.try_get(2)?,
            total_turns: row.try_get::<i64, _>(3)?.cast_unsigned(),
            summarized_turns: row.try_get::<i64, _>(4)?.cast_unsigned(),
            memories: memories.iter().map(session::memory).collect::<Result<_, _>>()?,
        })
    };
    read().map(Some).map_err(failed(ACTION))
}

//! Sessions: rows, turns and what a run reads of them.

mod change;
mod edit;
mod part;

use serde_json::Map;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;
use troupe_core::session::{MemoryEntry, SessionContext, Turn};

pub(crate) use change::{Revocation, delete, revoke, set_status, set_title};
pub(crate) use edit::{Edited, create, edit};
pub use edit::{NewSession, SessionEdit};
pub(crate) use part::SessionPart;

use crate::blob::Blobs;
use crate::error::failed;
use crate::payload;

/// A session as the index shows it (S1-28, S1-36). Times in microseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Who may see it; empty in folder mode.
    pub owner: String,
    /// The session whose run's call made it, for a sub-agent's.
    pub parent: Option<String>,
    /// Its title.
    pub title: String,
    /// The version of the title, for a compare-and-set.
    pub title_version: i64,
    /// The version of its turns and summary, for a compare-and-set: a revoke and a new summary raise it, turns do not.
    pub version: i64,
    /// `streaming`, `done_success_unread`, `done_error_unread` or `idle` (S1-145), or `waiting` for a person.
    pub status: String,
    /// What is said of its last run: S1's `model_id`, `agent_id`, `tool_ids`, `workspace`.
    pub meta: Map<String, serde_json::Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written to.
    pub updated_at: Timestamp,
    /// When turns were last added; what the list is sorted by.
    pub last_inference_at: Timestamp,
    /// The time of its last turn; 0 without one.
    pub last_turn_at: Timestamp,
    /// How many turns it has.
    pub turn_count: u64,
    /// The tokens of the last model call.
    pub last_total_tokens: Option<u64>,
    /// The version of its summary; 0 without one.
    pub summary_version: i64,
    /// The time of the last turn that the summary covers; 0 without one.
    pub summarized_until: Timestamp,
    /// A person wants it at the top of the list.
    pub pinned: bool,
    /// A person has put it away.
    pub archived: bool,
    /// The folder that its runs work in where they name none.
    pub workspace: Option<String>,
}

impl SessionRow {
    /// Where the list goes on after this session.
    pub fn cursor(&self) -> SessionCursor {
        SessionCursor { last_inference_at: self.last_inference_at, id: self.id.clone() }
    }
}

/// A place in the list of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCursor {
    /// The session's time.
    pub last_inference_at: Timestamp,
    /// The session's id.
    pub id: String,
}

/// Which sessions are listed. Sub-agents' sessions never are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Who may see them; `None` = everyone's, which has to sort them all.
    pub owner: Option<String>,
    /// Only those that are put away, or that are not.
    pub archived: Option<bool>,
    /// Only those after this place.
    pub after: Option<SessionCursor>,
    /// At most this many.
    pub limit: Option<usize>,
}

/// What a revoke did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// How many turns are gone.
    pub turns: u64,
    /// The cut was inside the summarised turns, so that the summary and its memories are gone too (S1-143).
    pub summary_dropped: bool,
}

/// The columns of [`from_row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner, parent, title, title_version, version, status, meta, created_at, updated_at, ",
            "last_inference_at, last_at, turn_count, last_total_tokens, summary_version, summarized_until, ",
            "pinned, archived, workspace ",
            "FROM session ",
            $rest
        )
    };
}

fn from_row(row: &AnyRow) -> Result<SessionRow, StoreError> {
    let read = || -> Result<SessionRow, sqlx::Error> {
        let meta: &str = row.try_get(7)?;
        let meta = if meta.is_empty() { Ok(Map::new()) } else { serde_json::from_str(meta) };
        let status: &str = row.try_get(6)?;
        Ok(SessionRow {
            id: row.try_get(0)?,
            owner: row.try_get(1)?,
            parent: row.try_get(2)?,
            title: row.try_get(3)?,
            title_version: row.try_get(4)?,
            version: row.try_get(5)?,
            status: if status.is_empty() { "idle".to_owned() } else { status.to_owned() },
            meta: meta.map_err(|error| sqlx::Error::Decode(error.into()))?,
            created_at: row.try_get(8)?,
            updated_at: row.try_get(9)?,
            last_inference_at: row.try_get(10)?,
            last_turn_at: row.try_get(11)?,
            turn_count: row.try_get::<i64, _>(12)?.cast_unsigned(),
            last_total_tokens: row.try_get::<Option<i64>, _>(13)?.map(i64::cast_unsigned),
            summary_version: row.try_get(14)?,
            summarized_until: row.try_get(15)?,
            pinned: row.try_get::<i64, _>(16)? != 0,
            archived: row.try_get::<i64, _>(17)? != 0,
            workspace: row.try_get(18)?,
        })
    };
    read().map_err(failed("understand a session"))
}

/// Reads a stored turn.
pub(crate) async fn turn(blobs: &Blobs, body: &str) -> Result<Turn, StoreError> {
    payload::unpack(blobs, body, "understand a stored turn").await
}

async fn all_turns(blobs: &Blobs, bodies: &[String]) -> Result<Vec<Turn>, StoreError> {
    let mut turns = Vec::with_capacity(bodies.len());
    for body in bodies {
        turns.push(turn(blobs, body).await?);
    }
    Ok(turns)
}

/// One session; `None` if there is none.
pub(crate) async fn get(connection: &mut AnyConnection, id: &str) -> Result<Option<SessionRow>, StoreError> {
    let row = sqlx::query(select!("WHERE id = $1"))
        .bind(id.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(failed("read a session"))?;
    row.as_ref().map(from_row).transpose()
}

/// The newest session that a run of `parent` made for a sub-agent (S1-124).
pub(crate) async fn last_child(connection: &mut AnyConnection, parent: &str) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT id FROM session WHERE parent = $1 ORDER BY created_at DESC, number DESC LIMIT 1")
        .bind(parent.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(failed("find a sub-agent's session"))
}

/// Every turn of a session, oldest first.
pub(crate) async fn turns(connection: &mut AnyConnection, blobs: &Blobs, id: &str) -> Result<Vec<Turn>, StoreError> {
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM turn WHERE session = $1 ORDER BY at")
        .bind(id.to_owned())
        .fetch_all(connection)
        .await
        .map_err(failed("read turns"))?;
    all_turns(blobs, &bodies).await
}

/// A page of a session's turns, oldest first.
pub(crate) async fn turns_after(
    connection: &mut AnyConnection,
    blobs: &Blobs,
    id: &str,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<Turn>, StoreError> {
    let bodies: Vec<String> =
        sqlx::query_scalar("SELECT body FROM turn WHERE session = $1 AND at > $2 ORDER BY at LIMIT $3")
            .bind(id.to_owned())
            .bind(after)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await
            .map_err(failed("read turns"))?;
    all_turns(blobs, &bodies).await
}

/// A page of sessions, the one with the latest inference first (S1-137).
pub(crate) async fn list(
    connection: &mut AnyConnection,
    filter: &SessionFilter,
) -> Result<Vec<SessionRow>, StoreError> {
    // With an owner an index has them in order, without one there is none; hence two statements.
    let statement = if filter.owner.is_some() {
        select!(
            "WHERE parent IS NULL AND owner = $1 AND (last_inference_at, id) < ($2, $3)
             AND ($5 IS NULL OR archived = $5) ORDER BY last_inference_at DESC, id DESC LIMIT $4"
        )
    } else {
        select!(
            "WHERE parent IS NULL AND $1 IS NULL AND (last_inference_at, id) < ($2, $3)
             AND ($5 IS NULL OR archived = $5) ORDER BY last_inference_at DESC, id DESC LIMIT $4"
        )
    };
    let after = filter.after.clone().unwrap_or(SessionCursor { last_inference_at: i64::MAX, id: String::new() });
    let rows = sqlx::query(statement)
        .bind(filter.owner.clone())
        .bind(after.last_inference_at)
        .bind(after.id)
        .bind(filter.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX)))
        .bind(filter.archived.map(i64::from))
        .fetch_all(connection)
        .await
        .map_err(failed("list sessions"))?;
    rows.iter().map(from_row).collect()
}

/// What a run reads of its session, as of one moment; `None` if there is none. Instructions are told however old they
/// are: no summary stands for them.
pub(crate) async fn context(
    connection: &mut AnyConnection,
    blobs: &Blobs,
    id: &str,
    high_water: Option<Timestamp>,
) -> Result<Option<SessionContext>, StoreError> {
    const ACTION: &str = "read a session";
    let rows = sqlx::query(
        "SELECT 0 AS part, s.last_at AS place, s.summary, NULL, s.summary_version, NULL, NULL FROM session s WHERE s.id = $1
         UNION ALL
         SELECT 1, t.at, t.body, NULL, NULL, NULL, NULL FROM session s JOIN turn t ON t.session = s.id
         WHERE s.id = $1 AND t.at >= s.verbatim_from AND t.at <= $2
         UNION ALL
         SELECT 1, t.at, t.body, NULL, NULL, NULL, NULL FROM session s JOIN turn t ON t.session = s.id
         WHERE s.id = $1 AND s.summary_version > 0 AND t.role = 'system' AND t.at < s.verbatim_from
         UNION ALL
         SELECT 2, m.position, m.content, m.entry_type, m.source_turn_index, m.confidence, m.created_at
         FROM memory m WHERE m.session = $1
         ORDER BY part, place",
    )
    .bind(id.to_owned())
    .bind(high_water.unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(failed(ACTION))?;
    let mut context: Option<SessionContext> = None;
    for row in &rows {
        let part: i64 = row.try_get(0).map_err(failed(ACTION))?;
        if part == 0 {
            context = Some(SessionContext {
                high_water: row.try_get(1).map_err(failed(ACTION))?,
                summary: row.try_get(2).map_err(failed(ACTION))?,
                summary_version: row.try_get(4).map_err(failed(ACTION))?,
                ..SessionContext::default()
            });
        }
        let Some(context) = context.as_mut() else { break };
        match part {
            1 => context.turns.push(turn(blobs, row.try_get(2).map_err(failed(ACTION))?).await?),
            2 => context.memories.push(memory(row).map_err(failed(ACTION))?),
            _ => {}
        }
    }
    Ok(context)
}

/// A memory in columns 2 to 6.
pub(crate) fn memory(row: &AnyRow) -> Result<MemoryEntry, sqlx::Error> {
    Ok(MemoryEntry {
        content: row.try_get(2)?,
        entry_type: row.try_get(3)?,
        source_turn_index: row.try_get(4)?,
        confidence: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}

/// The status of every session that is not idle.
pub(crate) async fn statuses(
    connection: &mut AnyConnection,
    owner: Option<String>,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, status FROM session WHERE status NOT IN ('', 'idle') AND parent IS NULL
         AND ($1 IS NULL OR owner = $1) ORDER BY id",
    )
    .bind(owner)
    .fetch_all(connection)
    .await
    .map_err(failed("read the status of sessions"))?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(failed("read the status of sessions"))
}

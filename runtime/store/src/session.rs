//! Sessions: rows, turns, titles, status, revoking.

use serde_json::{Map, Value};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use troupe_core::id::Timestamp;
use troupe_core::message::Role;
use troupe_core::port::{NewRun, RunState, SessionWrite, StoreError};
use troupe_core::session::{MemoryEntry, SessionContext, Turn};

use crate::dialect::Dialect;
use crate::error::{Refusal, failed};
use crate::rows::{Cell, Rows};
use crate::run::signed;

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
    /// `streaming`, `done_success_unread`, `done_error_unread` or `idle` (S1-145).
    pub status: String,
    /// What is said of its last run: S1's `model_id`, `agent_id`, `tool_ids`, `workspace`.
    pub meta: Map<String, Value>,
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

/// What a write does to one session.
pub(crate) struct SessionPart {
    pub(crate) id: String,
    /// It may be created.
    pub(crate) create: bool,
    pub(crate) turns: Vec<TurnPart>,
    pub(crate) status: Option<String>,
    /// `None` = the parent's.
    owner: Option<String>,
    parent: Option<String>,
    title: String,
    meta: Option<String>,
    tokens: Option<u64>,
    at: Timestamp,
}

/// A turn, made ready.
pub(crate) struct TurnPart {
    pub(crate) at: Timestamp,
    role: &'static str,
    body: String,
}

impl SessionPart {
    /// What a new run does to its session.
    pub(crate) fn of_run(run: &NewRun) -> Result<Vec<Self>, StoreError> {
        let Some(session) = &run.session else { return Ok(Vec::new()) };
        let turns = turn_parts(&session.id, &run.turns)?;
        Ok(vec![Self {
            id: session.id.clone(),
            create: session.create,
            turns,
            status: (run.state == RunState::Running).then(|| "streaming".to_owned()),
            owner: Some(run.owner.clone()),
            parent: session.parent.clone(),
            title: session.title.clone(),
            meta: (!session.meta.is_empty()).then(|| Value::Object(session.meta.clone()).to_string()),
            tokens: None,
            at: run.now,
        }])
    }

    /// What an append does to sessions; several writes to one become one.
    pub(crate) fn of_append(writes: Vec<SessionWrite>) -> Result<Vec<Self>, StoreError> {
        let mut parts: Vec<Self> = Vec::with_capacity(writes.len());
        for write in writes {
            let mut turns = turn_parts(&write.session, &write.turns)?;
            if let Some(part) = parts.iter_mut().find(|part| part.id == write.session) {
                if let (Some(last), Some(first)) = (part.turns.last(), turns.first())
                    && last.at >= first.at
                {
                    return Err(Refusal::TurnOrder { session: write.session }.refuse("write turns"));
                }
                part.turns.append(&mut turns);
                part.tokens = write.last_total_tokens.or(part.tokens);
                part.status = write.status.or_else(|| part.status.take());
                part.at = write.at;
                continue;
            }
            let create = write.create.is_some();
            let (title, parent) = write.create.map(|seed| (seed.title, seed.parent)).unzip();
            parts.push(Self {
                id: write.session,
                create,
                turns,
                status: write.status,
                owner: None,
                parent,
                title: title.unwrap_or_default(),
                meta: None,
                tokens: write.last_total_tokens,
                at: write.at,
            });
        }
        Ok(parts)
    }

    /// Adds the session's row and its turns.
    pub(crate) fn push(&self, sessions: &mut Rows, turns: &mut Rows) {
        sessions.push(&[
            self.id.as_str().into(),
            self.owner.as_deref().into(),
            self.parent.as_deref().into(),
            self.title.as_str().into(),
            self.meta.as_deref().unwrap_or("").into(),
            self.status.as_deref().unwrap_or("").into(),
            self.at.into(),
            self.turns.last().map_or(0, |turn| turn.at).into(),
            i64::try_from(self.turns.len()).unwrap_or(i64::MAX).into(),
            self.tokens.map(signed).into(),
        ]);
        for turn in &self.turns {
            turns.push(&[self.id.as_str().into(), turn.at.into(), turn.role.into(), Cell::Long(&turn.body)]);
        }
    }
}

/// Makes turns ready; refuses those that are not in order.
fn turn_parts(session: &str, turns: &[Turn]) -> Result<Vec<TurnPart>, StoreError> {
    if turns.windows(2).any(|pair| pair[0].at >= pair[1].at) || turns.first().is_some_and(|turn| turn.at <= 0) {
        return Err(Refusal::TurnOrder { session: session.to_owned() }.refuse("write turns"));
    }
    turns
        .iter()
        .map(|turn| {
            let body = serde_json::to_string(turn).map_err(failed("write a turn as JSON"))?;
            Ok(TurnPart { at: turn.at, role: role(turn.role), body })
        })
        .collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// The columns of [`from_row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner, parent, title, title_version, version, status, meta, created_at, updated_at, ",
            "last_inference_at, last_at, turn_count, last_total_tokens, summary_version, summarized_until ",
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
        })
    };
    read().map_err(failed("understand a session"))
}

fn turn(body: &str) -> Result<Turn, StoreError> {
    serde_json::from_str(body).map_err(failed("understand a stored turn"))
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
pub(crate) async fn turns(connection: &mut AnyConnection, id: &str) -> Result<Vec<Turn>, StoreError> {
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM turn WHERE session = $1 ORDER BY at")
        .bind(id.to_owned())
        .fetch_all(connection)
        .await
        .map_err(failed("read turns"))?;
    bodies.iter().map(|body| turn(body)).collect()
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
             ORDER BY last_inference_at DESC, id DESC LIMIT $4"
        )
    } else {
        select!(
            "WHERE parent IS NULL AND $1 IS NULL AND (last_inference_at, id) < ($2, $3)
             ORDER BY last_inference_at DESC, id DESC LIMIT $4"
        )
    };
    let after = filter.after.clone().unwrap_or(SessionCursor { last_inference_at: i64::MAX, id: String::new() });
    let rows = sqlx::query(statement)
        .bind(filter.owner.clone())
        .bind(after.last_inference_at)
        .bind(after.id)
        .bind(filter.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX)))
        .fetch_all(connection)
        .await
        .map_err(failed("list sessions"))?;
    rows.iter().map(from_row).collect()
}

/// What a run reads of its session, as of one moment; `None` if there is none.
pub(crate) async fn context(
    connection: &mut AnyConnection,
    id: &str,
    high_water: Option<Timestamp>,
) -> Result<Option<SessionContext>, StoreError> {
    const ACTION: &str = "read a session";
    let rows = sqlx::query(
        "SELECT 0 AS part, s.last_at AS place, s.summary, NULL, NULL, NULL, NULL FROM session s WHERE s.id = $1
         UNION ALL
         SELECT 1, t.at, t.body, NULL, NULL, NULL, NULL FROM session s JOIN turn t ON t.session = s.id
         WHERE s.id = $1 AND t.at >= s.verbatim_from AND t.at <= $2
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
                ..SessionContext::default()
            });
        }
        let Some(context) = context.as_mut() else { break };
        match part {
            1 => context.turns.push(turn(row.try_get(2).map_err(failed(ACTION))?)?),
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

/// Sets the status, if it is one of `from` (any, if that is empty); tells whether it did.
pub(crate) async fn set_status(
    connection: &mut AnyConnection,
    id: &str,
    status: &str,
    unread_only: bool,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE session SET status = $2 WHERE id = $1 AND status <> $2
         AND ($3 = 0 OR status IN ('done_success_unread', 'done_error_unread'))",
    )
    .bind(id.to_owned())
    .bind(status.to_owned())
    .bind(i64::from(unread_only))
    .execute(connection)
    .await
    .map_err(failed("set the status of a session"))?;
    Ok(done.rows_affected() > 0)
}

/// Sets the title, if its version is `expected` (`None` = whichever); tells whether it did.
pub(crate) async fn set_title(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    id: &str,
    title: &str,
    expected: Option<i64>,
) -> Result<bool, StoreError> {
    const ACTION: &str = "set the title of a session";
    let done = sqlx::query(
        "UPDATE session SET title = $2, title_version = title_version + 1
         WHERE id = $1 AND ($3 IS NULL OR title_version = $3)",
    )
    .bind(id.to_owned())
    .bind(title.to_owned())
    .bind(expected)
    .execute(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    if done.rows_affected() == 0 {
        return if get(connection, id).await?.is_some() {
            Ok(false)
        } else {
            Err(StoreError::NoSession(id.to_owned()))
        };
    }
    for statement in [dialect.search().delete_title, dialect.search().insert_title] {
        sqlx::query(statement).bind(id.to_owned()).execute(&mut *connection).await.map_err(failed(ACTION))?;
    }
    Ok(true)
}

/// Refuses while a run of the session is in one of the states that hold it.
async fn refuse_busy(
    connection: &mut AnyConnection,
    id: &str,
    action: &'static str,
    queued_too: bool,
) -> Result<(), StoreError> {
    let active: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM run
         WHERE session = $1 AND (state IN ('running', 'waiting') OR (state = 'queued' AND $2 = 1))",
    )
    .bind(id.to_owned())
    .bind(i64::from(queued_too))
    .fetch_one(connection)
    .await
    .map_err(failed(action))?;
    if active > 0 { Err(Refusal::SessionBusy { session: id.to_owned() }.refuse(action)) } else { Ok(()) }
}

/// Deletes a session with its turns, its memories and its sub-agents' sessions; returns the ids of all that are gone.
/// Its runs' rows and journals are left to retention.
pub(crate) async fn delete(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    id: &str,
) -> Result<Vec<String>, StoreError> {
    const ACTION: &str = "delete a session";
    refuse_busy(connection, id, ACTION, true).await?;
    let mut gone = vec![id.to_owned()];
    let mut next = 0;
    while let Some(parent) = gone.get(next).cloned() {
        let children: Vec<String> = sqlx::query_scalar("SELECT id FROM session WHERE parent = $1")
            .bind(parent)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed(ACTION))?;
        gone.extend(children);
        next += 1;
    }
    for session in &gone {
        forget_turns(connection, dialect, session, 0).await?;
        for statement in [
            dialect.search().delete_title,
            "DELETE FROM memory WHERE session = $1",
            "DELETE FROM session WHERE id = $1",
        ] {
            let done =
                sqlx::query(statement).bind(session.clone()).execute(&mut *connection).await.map_err(failed(ACTION))?;
            if statement.starts_with("DELETE FROM session") && done.rows_affected() == 0 {
                return Err(StoreError::NoSession(id.to_owned()));
            }
        }
    }
    Ok(gone)
}

/// Deletes the turns from `from` on, and what search knows of them; returns how many there were.
async fn forget_turns(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    session: &str,
    from: Timestamp,
) -> Result<u64, StoreError> {
    const ACTION: &str = "delete turns";
    let mut deleted = 0;
    for statement in [dialect.search().delete_turns, "DELETE FROM turn WHERE session = $1 AND at >= $2"] {
        let done = sqlx::query(statement).bind(session.to_owned()).bind(from).execute(&mut *connection).await;
        deleted = done.map_err(failed(ACTION))?.rows_affected();
    }
    // The numbers of the last turns may be given again, so the search index must look at them again.
    sqlx::query(
        "UPDATE search_cursor SET indexed = (SELECT coalesce(max(number), 0) FROM turn)
         WHERE indexed > (SELECT coalesce(max(number), 0) FROM turn)",
    )
    .execute(connection)
    .await
    .map_err(failed(ACTION))?;
    Ok(deleted)
}

/// Deletes the user's turn at `at` and everything after it (S1-142, S1-143).
pub(crate) async fn revoke(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    id: &str,
    at: Timestamp,
    forced: bool,
    now: Timestamp,
) -> Result<Revoked, StoreError> {
    const ACTION: &str = "revoke turns";
    let session = get(connection, id).await?.ok_or_else(|| StoreError::NoSession(id.to_owned()))?;
    if !forced {
        refuse_busy(connection, id, ACTION, false).await?;
    }
    let role: Option<String> = sqlx::query_scalar("SELECT role FROM turn WHERE session = $1 AND at = $2")
        .bind(id.to_owned())
        .bind(at)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    match role.as_deref() {
        Some("user") => {}
        Some(_) => return Err(Refusal::NotUserTurn { session: id.to_owned(), at }.refuse(ACTION)),
        None => return Err(Refusal::NoTurn { session: id.to_owned(), at }.refuse(ACTION)),
    }
    let turns = forget_turns(connection, dialect, id, at).await?;
    let summary_dropped = session.summary_version > 0 && at <= session.summarized_until;
    if summary_dropped {
        sqlx::query(
            "UPDATE session SET summary = NULL, summary_version = 0, summarized_until = 0, verbatim_from = 0,
                                summary_at = NULL WHERE id = $1",
        )
        .bind(id.to_owned())
        .execute(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    }
    settle(connection, id, summary_dropped, now).await?;
    Ok(Revoked { turns, summary_dropped })
}

/// Brings the session's row and memories in line with the turns that are left.
async fn settle(
    connection: &mut AnyConnection,
    id: &str,
    drop_memories: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "revoke turns";
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM turn WHERE session = $1")
        .bind(id.to_owned())
        .fetch_one(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    sqlx::query("DELETE FROM memory WHERE session = $1 AND source_turn_index >= $2")
        .bind(id.to_owned())
        .bind(if drop_memories { i64::MIN } else { left })
        .execute(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    let body: Option<String> =
        sqlx::query_scalar("SELECT body FROM turn WHERE session = $1 AND role = 'assistant' ORDER BY at DESC LIMIT 1")
            .bind(id.to_owned())
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(ACTION))?;
    let stat = body.map(|body| turn(&body)).transpose()?.and_then(|turn| turn.stat);
    sqlx::query(
        "UPDATE session SET turn_count = $2, last_total_tokens = $3, updated_at = $4, version = version + 1,
                last_at = (SELECT coalesce(max(t.at), 0) FROM turn t WHERE t.session = $1)
         WHERE id = $1",
    )
    .bind(id.to_owned())
    .bind(left)
    .bind(stat.map(|stat| signed(stat.total_tokens)))
    .bind(now)
    .execute(connection)
    .await
    .map_err(failed(ACTION))?;
    Ok(())
}

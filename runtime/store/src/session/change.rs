//! What is done to sessions beside their runs: status, title, deleting, revoking.

use sqlx::AnyConnection;
use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;

use super::{Revoked, get, turn};
use crate::blob::Blobs;
use crate::dialect::Dialect;
use crate::error::{Refusal, failed};
use crate::run::signed;

/// Sets the status, with `unread_only` if it is an unread one; tells whether that changed it.
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
    if active > 0 { Err(StoreError::SessionBusy(id.to_owned())) } else { Ok(()) }
}

/// Deletes a session with its turns, its memories and its sub-agents' sessions; returns the ids of all that are gone,
/// and whose they were. Its runs' rows and journals are left to retention.
pub(crate) async fn delete(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    id: &str,
) -> Result<(Vec<String>, String), StoreError> {
    const ACTION: &str = "delete a session";
    refuse_busy(connection, id, ACTION, true).await?;
    let owner = sqlx::query_scalar("SELECT owner FROM session WHERE id = $1")
        .bind(id.to_owned())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    let owner: String = owner.ok_or_else(|| StoreError::NoSession(id.to_owned()))?;
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
    Ok((gone, owner))
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
    for statement in [
        dialect.search().delete_turns,
        "DELETE FROM turn_blob WHERE session = $1 AND at >= $2",
        "DELETE FROM turn WHERE session = $1 AND at >= $2",
    ] {
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

/// What is revoked.
pub(crate) struct Revocation {
    /// The session.
    pub(crate) session: String,
    /// The time of the user's turn that goes, with everything after it.
    pub(crate) at: Timestamp,
    /// Whether an active run does not matter.
    pub(crate) forced: bool,
    /// When.
    pub(crate) now: Timestamp,
}

/// Deletes a user's turn and everything after it (S1-142, S1-143).
pub(crate) async fn revoke(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    blobs: &Blobs,
    asked: &Revocation,
) -> Result<Revoked, StoreError> {
    const ACTION: &str = "revoke turns";
    let Revocation { session: id, at, forced, now } = asked;
    let (at, forced, now) = (*at, *forced, *now);
    let session = get(connection, id).await?.ok_or_else(|| StoreError::NoSession(id.clone()))?;
    if !forced {
        refuse_busy(connection, id, ACTION, false).await?;
    }
    let role: Option<String> = sqlx::query_scalar("SELECT role FROM turn WHERE session = $1 AND at = $2")
        .bind(id.clone())
        .bind(at)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    match role.as_deref() {
        Some("user") => {}
        Some(_) => return Err(Refusal::NotUserTurn { session: id.clone(), at }.refuse(ACTION)),
        None => return Err(Refusal::NoTurn { session: id.clone(), at }.refuse(ACTION)),
    }
    let turns = forget_turns(connection, dialect, id, at).await?;
    let summary_dropped = session.summary_version > 0 && at <= session.summarized_until;
    if summary_dropped {
        sqlx::query(
            "UPDATE session SET summary = NULL, summary_version = 0, summarized_until = 0, verbatim_from = 0,
                                summary_at = NULL WHERE id = $1",
        )
        .bind(id.clone())
        .execute(&mut *connection)
        .await
        .map_err(failed(ACTION))?;
    }
    settle(connection, blobs, id, summary_dropped, now).await?;
    Ok(Revoked { turns, summary_dropped })
}

/// Brings the session's row and memories in line with the turns that are left.
async fn settle(
    connection: &mut AnyConnection,
    blobs: &Blobs,
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
    let stat = match body {
        Some(body) => turn(blobs, &body).await?.stat,
        None => None,
    };
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

//! Claims and leases: who works on which run.

use sqlx::{AnyConnection, Row as _};
use troupe_core::event::VERSION;
use troupe_core::id::{RunId, Timestamp};
use troupe_core::port::{Census, RunState, StoreError};

use crate::error::failed;
use crate::run;

/// A run that was claimed.
pub(crate) struct Claimed {
    pub(crate) root: RunId,
    /// Its new epoch.
    pub(crate) epoch: i64,
    /// The state that it was in before.
    pub(crate) state: RunState,
}

/// For whom runs are claimed.
#[derive(Clone)]
pub(crate) struct Claimant {
    /// The replica.
    pub(crate) owner: String,
    /// Until when its leases hold.
    pub(crate) lease_until: Timestamp,
    /// When it asks.
    pub(crate) now: Timestamp,
}

/// Claims up to `most` runs that may go on now; returns them as they were, with their new epochs.
///
/// A session has at most one: its running or waiting run where there is one, else its oldest queued one. Among
/// sessions the one that has been ready longest comes first, and a session whose turn just ended is ready only since
/// then: so sessions with a long queue take turns with the others, and none waits for ever.
pub(crate) async fn claim(
    connection: &mut AnyConnection,
    claimant: &Claimant,
    most: usize,
) -> Result<Vec<Claimed>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, r.state FROM run r LEFT JOIN session s ON s.id = r.session
         WHERE r.state IN ('draft', 'queued', 'running', 'waiting')
           AND r.lease_expires_at <= $1 AND r.event_version <= $2
           AND (r.state = 'running' OR (r.state = 'waiting' AND r.wake_at <= $1) OR (r.state = 'queued'
             AND NOT EXISTS (SELECT 1 FROM run a WHERE a.session = r.session AND a.state IN ('running', 'waiting'))
             AND NOT EXISTS (SELECT 1 FROM run q WHERE q.session = r.session AND q.state = 'queued'
                             AND (q.created_at, q.id) < (r.created_at, r.id))))
         ORDER BY CASE WHEN r.state = 'queued' AND s.last_inference_at > r.created_at THEN s.last_inference_at
                       WHEN r.state = 'waiting' THEN r.wake_at
                       ELSE r.created_at END, r.created_at, r.id
         LIMIT $3",
    )
    .bind(claimant.now)
    .bind(i64::from(VERSION))
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed("claim runs"))?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, state): (String, &str) =
            (row.try_get(0).map_err(failed("claim runs"))?, row.try_get(1).map_err(failed("claim runs"))?);
        claimed.extend(take(connection, claimant, &id, run::state(state)?, true).await?);
    }
    Ok(claimed)
}

/// Claims one run for a command to it. A queued run or a draft whose session has an active run is leased, so that the
/// command can be recorded, but keeps its state.
pub(crate) async fn claim_one(
    connection: &mut AnyConnection,
    claimant: &Claimant,
    root: RunId,
) -> Result<Option<Claimed>, StoreError> {
    let row = sqlx::query(
        "SELECT r.state, (SELECT count(*) FROM run a WHERE a.session = r.session AND a.id <> r.id
                 AND a.state IN ('running', 'waiting'))
         FROM run r
         WHERE r.id = $1 AND r.state IN ('draft', 'queued', 'waiting') AND r.lease_expires_at <= $2
           AND r.event_version <= $3",
    )
    .bind(root.to_string())
    .bind(claimant.now)
    .bind(i64::from(VERSION))
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed("claim a run"))?;
    let Some(row) = row else { return Ok(None) };
    let (state, others): (&str, i64) =
        (row.try_get(0).map_err(failed("claim a run"))?, row.try_get(1).map_err(failed("claim a run"))?);
    take(connection, claimant, &root.to_string(), run::state(state)?, others == 0).await
}

/// Leases a run, and makes it running where it may.
async fn take(
    connection: &mut AnyConnection,
    claimant: &Claimant,
    id: &str,
    state: RunState,
    begin: bool,
) -> Result<Option<Claimed>, StoreError> {
    let epoch: Option<i64> = sqlx::query_scalar(
        "UPDATE run SET lease_owner = $2, lease_expires_at = $3, epoch = epoch + 1, updated_at = $4, wake_at = NULL,
                state = CASE WHEN $5 = 1 THEN 'running' ELSE state END,
                started_at = CASE WHEN $5 = 1 THEN coalesce(started_at, $4) ELSE started_at END
         WHERE id = $1 RETURNING epoch",
    )
    .bind(id.to_owned())
    .bind(claimant.owner.clone())
    .bind(claimant.lease_until)
    .bind(claimant.now)
    .bind(i64::from(begin))
    .fetch_optional(connection)
    .await
    .map_err(failed("claim a run"))?;
    Ok(RunId::parse(id).zip(epoch).map(|(root, epoch)| Claimed { root, epoch, state }))
}

/// Extends every lease of `owner`, and ends those of the runs that it has abandoned.
pub(crate) async fn renew(
    connection: &mut AnyConnection,
    owner: &str,
    lease_until: Timestamp,
    abandoned: &[RunId],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE run SET lease_expires_at = $2
         WHERE lease_owner = $1 AND state IN ('draft', 'queued', 'running', 'waiting')",
    )
    .bind(owner.to_owned())
    .bind(lease_until)
    .execute(&mut *connection)
    .await
    .map_err(failed("renew leases"))?;
    for root in abandoned {
        sqlx::query("UPDATE run SET lease_expires_at = 0 WHERE id = $1 AND lease_owner = $2")
            .bind(root.to_string())
            .bind(owner.to_owned())
            .execute(&mut *connection)
            .await
            .map_err(failed("renew leases"))?;
    }
    Ok(())
}

/// Gives back every lease of `owner`.
pub(crate) async fn release(connection: &mut AnyConnection, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE run SET lease_owner = NULL, lease_expires_at = 0
         WHERE lease_owner = $1 AND state IN ('draft', 'queued', 'running', 'waiting')",
    )
    .bind(owner.to_owned())
    .execute(connection)
    .await
    .map_err(failed("release leases"))?;
    Ok(())
}

/// Expires every lease: whoever held one died with the process before.
pub(crate) async fn expire(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE run SET lease_expires_at = 0
         WHERE lease_expires_at > 0 AND state IN ('draft', 'queued', 'running', 'waiting')",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The runs that no replica works on, oldest first.
pub(crate) async fn census(connection: &mut AnyConnection) -> Result<Census, StoreError> {
    const ACTION: &str = "count waiting and queued runs";
    let rows = sqlx::query(
        "SELECT id, state, session FROM run
         WHERE state IN ('draft', 'queued', 'running', 'waiting') AND state IN ('waiting', 'queued')
         ORDER BY created_at, id",
    )
    .fetch_all(connection)
    .await
    .map_err(failed(ACTION))?;
    let mut census = Census::default();
    for row in rows {
        let (id, state): (&str, &str) =
            (row.try_get(0).map_err(failed(ACTION))?, row.try_get(1).map_err(failed(ACTION))?);
        let session = row.try_get(2).map_err(failed(ACTION))?;
        let Some(id) = RunId::parse(id) else { continue };
        let runs = if run::state(state)? == RunState::Waiting { &mut census.waiting } else { &mut census.queued };
        runs.push((id, session));
    }
    Ok(census)
}

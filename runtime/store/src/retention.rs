//! Retention: what is old enough goes, in small transactions between those of the runs.

use std::collections::HashSet;

use sqlx::{AnyConnection, Row as _};
use troupe_core::id::{ContentHash, Timestamp};
use troupe_core::port::StoreError;

use crate::blob::{self, Blobs};
use crate::error::failed;
use crate::writer::Writer;
use crate::{idempotency, snapshot};

/// Runs, keys, snapshots or blobs in one transaction: some milliseconds, since runs wait meanwhile.
const BATCH: i64 = 50;

/// How long things are kept, in microseconds; `None` = for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Rows of finished runs, since they ended. Their journals go with them.
    pub runs: Option<Timestamp>,
    /// Journals of finished runs, since they ended, with the snapshots and blobs that nothing else names.
    pub events: Option<Timestamp>,
    /// Blobs that no journal and no turn names, since they were stored.
    pub blobs: Option<Timestamp>,
}

/// What a sweep deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Runs' rows.
    pub runs: u64,
    /// Runs' journals.
    pub journals: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Blobs.
    pub blobs: u64,
    /// Idempotency keys.
    pub keys: u64,
}

/// Deletes what is older than `policy` says at `now`. `read` is a connection that does not write.
pub(crate) async fn sweep(
    writer: &Writer,
    read: &mut AnyConnection,
    blobs: &Blobs,
    policy: RetentionPolicy,
    now: Timestamp,
) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let runs = policy.runs.map(|age| now.saturating_sub(age));
    // A run's journal never outlives its row.
    let events = policy.events.map(|age| now.saturating_sub(age)).max(runs);
    if let Some(before) = events {
        swept.journals =
            repeat(writer, before, |connection, before| Box::pin(drop_journals(connection, before))).await?;
    }
    if let Some(before) = runs {
        swept.runs = repeat(writer, before, |connection, before| Box::pin(drop_runs(connection, before))).await?;
    }
    let expired = now.saturating_sub(idempotency::KEPT);
    swept.keys = repeat(writer, expired, |connection, before| Box::pin(drop_keys(connection, before))).await?;
    if let Some(before) = events {
        swept.snapshots = drop_snapshots(writer, read, before).await?;
    }
    if let Some(age) = policy.blobs {
        swept.blobs = drop_blobs(writer, blobs, now.saturating_sub(age)).await?;
        swept.blobs += drop_strays(read, blobs).await?;
    }
    Ok(swept)
}

/// Does `step` in a transaction of its own until it finds less than a whole batch; returns how much it found.
async fn repeat<F>(writer: &Writer, before: Timestamp, step: F) -> Result<u64, StoreError>
where
    F: for<'c> Fn(&'c mut AnyConnection, Timestamp) -> futures::future::BoxFuture<'c, Result<u64, StoreError>>
        + Copy
        + Send
        + 'static,
{
    let mut all = 0;
    loop {
        let found = writer.work("delete what is old", move |connection| step(connection, before)).await?;
        all += found;
        if found < BATCH.unsigned_abs() {
            return Ok(all);
        }
    }
}

async fn drop_journals(connection: &mut AnyConnection, before: Timestamp) -> Result<u64, StoreError> {
    const ACTION: &str = "delete journals";
    let roots: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM run WHERE finished_at IS NOT NULL AND snapshot IS NOT NULL AND finished_at < $1
         ORDER BY finished_at LIMIT $2",
    )
    .bind(before)
    .bind(BATCH)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    for root in &roots {
        for statement in [
            "DELETE FROM journal WHERE root = $1",
            "DELETE FROM reference WHERE root = $1",
            "UPDATE run SET snapshot = NULL WHERE id = $1",
        ] {
            sqlx::query(statement).bind(root.clone()).execute(&mut *connection).await.map_err(failed(ACTION))?;
        }
    }
    Ok(roots.len() as u64)
}

async fn drop_runs(connection: &mut AnyConnection, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE finished_at IS NOT NULL AND snapshot IS NULL
                                      AND finished_at < $1 ORDER BY finished_at LIMIT $2)",
    )
    .bind(before)
    .bind(BATCH)
    .execute(connection)
    .await
    .map_err(failed("delete runs"))?;
    Ok(done.rows_affected())
}

async fn drop_keys(connection: &mut AnyConnection, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM idempotency WHERE (scope, key) IN
           (SELECT scope, key FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
    )
    .bind(before)
    .bind(BATCH)
    .execute(connection)
    .await
    .map_err(failed("delete idempotency keys"))?;
    Ok(done.rows_affected())
}

/// Deletes snapshots that no run names. They are looked for beside the writer, in all runs; when one is deleted, only
/// runs that came since need another look.
async fn drop_snapshots(writer: &Writer, read: &mut AnyConnection, before: Timestamp) -> Result<u64, StoreError> {
    const ACTION: &str = "delete snapshots";
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM run")
        .fetch_one(&mut *read)
        .await
        .map_err(failed(ACTION))?;
    let unnamed: Vec<String> = sqlx::query_scalar(
        "SELECT hash FROM snapshot WHERE created_at < $1
           AND hash NOT IN (SELECT snapshot FROM run WHERE snapshot IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM reference f WHERE f.kind = $2 AND f.hash = snapshot.hash)",
    )
    .bind(before)
    .bind(snapshot::KIND)
    .fetch_all(read)
    .await
    .map_err(failed(ACTION))?;
    let mut all = 0;
    for chunk in unnamed.chunks(usize::try_from(BATCH).unwrap_or(1)) {
        let chunk = chunk.to_vec();
        let deleted =
            writer.work_on_snapshots(ACTION, move |connection| Box::pin(delete_snapshots(connection, chunk, newest)));
        all += deleted.await?;
    }
    Ok(all)
}

async fn delete_snapshots(connection: &mut AnyConnection, hashes: Vec<String>, newest: i64) -> Result<u64, StoreError> {
    let mut all = 0;
    for hash in hashes {
        let done = sqlx::query(
            "DELETE FROM snapshot WHERE hash = $1
               AND NOT EXISTS (SELECT 1 FROM run r WHERE r.number > $2 AND r.snapshot = $1)
               AND NOT EXISTS (SELECT 1 FROM reference f WHERE f.kind = $3 AND f.hash = $1)",
        )
        .bind(hash)
        .bind(newest)
        .bind(snapshot::KIND)
        .execute(&mut *connection)
        .await
        .map_err(failed("delete snapshots"))?;
        all += done.rows_affected();
    }
    Ok(all)
}

/// Deletes blobs that no journal and no turn names: first their rows, then their files. A crash between the two leaves
/// files without rows, as does one between a blob's file and the commit that names it: the next sweep finds them.
async fn drop_blobs(writer: &Writer, blobs: &Blobs, before: Timestamp) -> Result<u64, StoreError> {
    let mut all = 0;
    loop {
        let deleting = blobs.deleting().await;
        let hashes =
            writer.work("delete blobs", move |connection| Box::pin(delete_blob_rows(connection, before))).await?;
        let found = hashes.len() as u64;
        blobs.delete(hashes).await?;
        drop(deleting);
        all += found;
        if found < BATCH.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// Deletes files of blobs that have no row. None is being stored while a group is looked at, so what has no row then
/// never will; a small group at a time, so that nobody waits long.
async fn drop_strays(read: &mut AnyConnection, blobs: &Blobs) -> Result<u64, StoreError> {
    let mut all = 0;
    for group in blobs.groups().await? {
        let deleting = blobs.deleting().await;
        let known: HashSet<String> = sqlx::query_scalar("SELECT hash FROM blob WHERE hash >= $1 AND hash < $2")
            .bind(group.clone())
            // Greater than every digit.
            .bind(format!("{group}g"))
            .fetch_all(&mut *read)
            .await
            .map_err(failed("delete blobs"))?
            .into_iter()
            .collect();
        let mut strays = blobs.group(&group).await?;
        strays.retain(|hash| !known.contains(&hash.0));
        all += strays.len() as u64;
        blobs.delete(strays).await?;
        drop(deleting);
    }
    Ok(all)
}

async fn delete_blob_rows(connection: &mut AnyConnection, before: Timestamp) -> Result<Vec<ContentHash>, StoreError> {
    let rows = sqlx::query(
        "DELETE FROM blob WHERE hash IN
           (SELECT b.hash FROM blob b WHERE b.created_at < $1
              AND NOT EXISTS (SELECT 1 FROM reference f WHERE f.kind = $2 AND f.hash = b.hash)
              AND NOT EXISTS (SELECT 1 FROM turn_blob t WHERE t.hash = b.hash) LIMIT $3)
         RETURNING hash",
    )
    .bind(before)
    .bind(blob::KIND)
    .bind(BATCH)
    .fetch_all(connection)
    .await
    .map_err(failed("delete blobs"))?;
    rows.iter()
        .map(|row| row.try_get(0).map(ContentHash))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(failed("delete blobs"))
}

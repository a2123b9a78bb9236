//! Versions of resources.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use troupe_core::port::{Revision, StoreError};

use crate::dialect::Dialect;
use crate::error::failed;
use crate::rows::{Cell, Rows};

/// Versions in one statement: a few MiB of specs at most.
const CHUNK: usize = 500;

/// Keeps versions; one that is there only has its `current_at` raised.
pub(crate) async fn save(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    revisions: &[Revision],
) -> Result<(), StoreError> {
    for chunk in revisions.chunks(CHUNK) {
        let mut rows = Rows::default();
        for revision in chunk {
            rows.push(&[
                revision.kind.as_str().into(),
                revision.name.as_str().into(),
                revision.hash.as_str().into(),
                revision.created_at.into(),
                revision.current_at.into(),
                Cell::Long(&revision.spec),
            ]);
        }
        let (json, long) = rows.finish();
        sqlx::query(dialect.batch().upsert_revisions)
            .bind(json)
            .bind(long)
            .execute(&mut *connection)
            .await
            .map_err(failed("save revisions"))?;
    }
    Ok(())
}

/// An object's versions, newest first.
pub(crate) async fn list(connection: &mut AnyConnection, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, name, hash, spec, created_at, current_at FROM revision
         WHERE kind = $1 AND name = $2 ORDER BY current_at DESC, created_at DESC, hash",
    )
    .bind(kind.to_owned())
    .bind(name.to_owned())
    .fetch_all(connection)
    .await
    .map_err(failed("list revisions"))?;
    rows.iter().map(from_row).collect()
}

/// One version; `None` if it is not kept.
pub(crate) async fn get(
    connection: &mut AnyConnection,
    kind: &str,
    name: &str,
    hash: &str,
) -> Result<Option<Revision>, StoreError> {
    let row = sqlx::query(
        "SELECT kind, name, hash, spec, created_at, current_at FROM revision
         WHERE kind = $1 AND name = $2 AND hash = $3",
    )
    .bind(kind.to_owned())
    .bind(name.to_owned())
    .bind(hash.to_owned())
    .fetch_optional(connection)
    .await
    .map_err(failed("read a revision"))?;
    row.as_ref().map(from_row).transpose()
}

/// The last good version of every object of a kind, by name.
pub(crate) async fn last_good(connection: &mut AnyConnection, kind: &str) -> Result<Vec<Revision>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, name, hash, spec, created_at, current_at
         FROM (SELECT r.*, row_number() OVER (PARTITION BY name
                                              ORDER BY current_at DESC, created_at DESC, hash) AS place
               FROM revision r WHERE kind = $1) AS placed
         WHERE place = 1 ORDER BY name",
    )
    .bind(kind.to_owned())
    .fetch_all(connection)
    .await
    .map_err(failed("read the last good revisions"))?;
    rows.iter().map(from_row).collect()
}

/// Drops an object's versions but the newest `keep` and those in `pinned`.
pub(crate) async fn prune(
    connection: &mut AnyConnection,
    kind: &str,
    name: &str,
    keep: usize,
    pinned: &[String],
) -> Result<(), StoreError> {
    let hashes: Vec<String> = sqlx::query_scalar(
        "SELECT hash FROM revision WHERE kind = $1 AND name = $2 ORDER BY current_at DESC, created_at DESC, hash",
    )
    .bind(kind.to_owned())
    .bind(name.to_owned())
    .fetch_all(&mut *connection)
    .await
    .map_err(failed("prune revisions"))?;
    for hash in hashes.into_iter().skip(keep).filter(|hash| !pinned.contains(hash)) {
        sqlx::query("DELETE FROM revision WHERE kind = $1 AND name = $2 AND hash = $3")
            .bind(kind.to_owned())
            .bind(name.to_owned())
            .bind(hash)
            .execute(&mut *connection)
            .await
            .map_err(failed("prune revisions"))?;
    }
    Ok(())
}

fn from_row(row: &AnyRow) -> Result<Revision, StoreError> {
    let read = || -> Result<Revision, sqlx::Error> {
        Ok(Revision {
            kind: row.try_get(0)?,
            name: row.try_get(1)?,
            hash: row.try_get(2)?,
            spec: row.try_get(3)?,
            created_at: row.try_get(4)?,
            current_at: row.try_get(5)?,
        })
    };
    read().map_err(failed("understand a revision"))
}

//! Idempotency keys: the same call finds the run that it made before.

use sqlx::{AnyConnection, Row as _};
use troupe_core::id::{RunId, Timestamp};
use troupe_core::port::{Created, Idempotency, StoreError};

use crate::error::failed;
use crate::rows::Rows;

/// How long a key is kept: a day, in microseconds.
pub(crate) const KEPT: Timestamp = 24 * 3_600 * 1_000_000;

/// The key of a create.
pub(crate) struct IdempotencyPart {
    pub(crate) scope: String,
    pub(crate) key: String,
    body: String,
}

impl IdempotencyPart {
    pub(crate) fn new(key: &Idempotency) -> Self {
        Self { scope: key.scope.clone(), key: key.key.clone(), body: key.body.0.clone() }
    }

    /// What to say of a key that is known: `root` was made with `body`.
    pub(crate) fn answer(&self, root: &str, body: &str) -> Result<Created, StoreError> {
        if body != self.body {
            return Err(StoreError::IdempotencyMismatch(self.key.clone()));
        }
        let root = RunId::parse(root).ok_or("a stored run id is not a UUID");
        Ok(Created::Existing(root.map_err(failed("understand an idempotency key"))?))
    }

    /// Adds the key's row.
    pub(crate) fn push(&self, rows: &mut Rows, root: &str, at: Timestamp) {
        rows.push(&[
            self.scope.as_str().into(),
            self.key.as_str().into(),
            self.body.as_str().into(),
            root.into(),
            at.into(),
        ]);
    }
}

/// The run that `scope` made with `key` in the day before `now`; refuses another body.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    idempotency: &Idempotency,
    now: Timestamp,
) -> Result<Option<RunId>, StoreError> {
    const ACTION: &str = "look up an idempotency key";
    let row = sqlx::query("SELECT root, body FROM idempotency WHERE scope = $1 AND key = $2 AND created_at > $3")
        .bind(idempotency.scope.clone())
        .bind(idempotency.key.clone())
        .bind(now - KEPT)
        .fetch_optional(connection)
        .await
        .map_err(failed(ACTION))?;
    let Some(row) = row else { return Ok(None) };
    let (root, body): (String, String) =
        (row.try_get(0).map_err(failed(ACTION))?, row.try_get(1).map_err(failed(ACTION))?);
    match IdempotencyPart::new(idempotency).answer(&root, &body)? {
        Created::Existing(root) => Ok(Some(root)),
        Created::New => Ok(None),
    }
}

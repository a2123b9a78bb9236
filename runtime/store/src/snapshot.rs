//! Snapshots of agents, by the address of their content.

use std::sync::Arc;

use sqlx::AnyConnection;
use troupe_core::agent::PinnedSnapshot;
use troupe_core::id::ContentHash;
use troupe_core::port::StoreError;

use crate::error::failed;

/// How a journal's reference to a snapshot is marked.
pub(crate) const KIND: &str = "snapshot";

/// A stored snapshot; `None` if there is none with this address.
pub(crate) async fn read(
    connection: &mut AnyConnection,
    hash: &ContentHash,
) -> Result<Option<PinnedSnapshot>, StoreError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM snapshot WHERE hash = $1")
        .bind(hash.0.clone())
        .fetch_optional(connection)
        .await
        .map_err(failed("read a snapshot"))?;
    body.map(|body| {
        let snapshot = serde_json::from_str(&body).map_err(failed("understand a stored snapshot"))?;
        Ok(PinnedSnapshot { hash: hash.clone(), body: body.into(), snapshot: Arc::new(snapshot) })
    })
    .transpose()
}

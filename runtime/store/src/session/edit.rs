//! What a person does with a session in the list: makes one, names it, pins it, puts it away, gives it a folder.

use serde_json::{Map, Value};
use sqlx::AnyConnection;
use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;

use super::{SessionRow, get, set_title};
use crate::dialect::Dialect;
use crate::error::failed;

/// A session to be made without a run.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSession {
    /// Its id, which no other session has.
    pub id: String,
    /// Who may see it; empty in folder mode.
    pub owner: String,
    /// Its title; an empty one is made of what is said first.
    pub title: String,
    /// What is said of it until its first run: S1's `model_id`, `agent_id`, `tool_ids`.
    pub meta: Map<String, Value>,
    /// The folder that its runs work in where they name none.
    pub workspace: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What becomes of a session; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionEdit {
    /// Its title.
    pub title: Option<String>,
    /// Whether it is at the top of the list.
    pub pinned: Option<bool>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// The folder that its runs work in; `Some(None)` = whichever is the default.
    pub workspace: Option<Option<String>>,
}

/// What an edit came to.
pub(crate) struct Edited {
    /// The session as it is now.
    pub(crate) row: SessionRow,
    /// Its title is another.
    pub(crate) titled: bool,
    /// Something else of it is.
    pub(crate) kept: bool,
}

/// Inserts a session and makes its title found.
pub(crate) async fn create(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    new: &NewSession,
) -> Result<(), StoreError> {
    const ACTION: &str = "make a session";
    let meta = if new.meta.is_empty() { String::new() } else { Value::Object(new.meta.clone()).to_string() };
    sqlx::query(
        "INSERT INTO session (id, owner, title, status, meta, created_at, updated_at, last_inference_at, workspace)
         VALUES ($1, $2, $3, '', $4, $5, $5, $5, $6)",
    )
    .bind(new.id.clone())
    .bind(new.owner.clone())
    .bind(new.title.clone())
    .bind(meta)
    .bind(new.at)
    .bind(new.workspace.clone())
    .execute(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    let index = sqlx::query(dialect.search().insert_title).bind(new.id.clone());
    index.execute(connection).await.map_err(failed(ACTION)).map(drop)
}

/// Changes a session's row.
pub(crate) async fn edit(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    id: &str,
    edit: SessionEdit,
) -> Result<Edited, StoreError> {
    let missing = || StoreError::NoSession(id.to_owned());
    let before = get(connection, id).await?.ok_or_else(missing)?;
    let title = edit.title.filter(|title| *title != before.title);
    if let Some(title) = &title {
        set_title(connection, dialect, id, title, None).await?;
    }
    let workspace = edit.workspace.unwrap_or_else(|| before.workspace.clone());
    sqlx::query("UPDATE session SET pinned = $2, archived = $3, workspace = $4 WHERE id = $1")
        .bind(id.to_owned())
        .bind(i64::from(edit.pinned.unwrap_or(before.pinned)))
        .bind(i64::from(edit.archived.unwrap_or(before.archived)))
        .bind(workspace)
        .execute(&mut *connection)
        .await
        .map_err(failed("change a session"))?;
    let row = get(connection, id).await?.ok_or_else(missing)?;
    let shown = |row: &SessionRow| (row.pinned, row.archived, row.workspace.clone());
    let kept = shown(&row) != shown(&before);
    Ok(Edited { titled: title.is_some(), kept, row })
}

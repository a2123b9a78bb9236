//! Full-text search over titles and turns.
//!
//! A turn is indexed some time after it is written, so that runs do not wait for it: by [`catch_up`], before each
//! search and with each sweep.

use std::collections::BTreeSet;

use sqlx::{AnyConnection, Row as _};
use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;

use crate::blob::Blobs;
use crate::dialect::Dialect;
use crate::error::failed;
use crate::session;

/// Turns in one transaction: some milliseconds, since runs wait meanwhile.
const BATCH: i64 = 200;

/// A place where the words were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// The session.
    pub session: String,
    /// Its title.
    pub title: String,
    /// The time of the turn that has the words; `None` where the title has them.
    pub at: Option<Timestamp>,
    /// The turn's text; empty where the title has the words.
    pub content: String,
}

/// Indexes the next turns, and the titles of their sessions; tells whether there may be more.
pub(crate) async fn catch_up(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    blobs: &Blobs,
) -> Result<bool, StoreError> {
    const ACTION: &str = "index turns";
    let sql = dialect.search();
    let rows = sqlx::query(
        "SELECT number, session, body FROM turn WHERE number > (SELECT indexed FROM search_cursor)
         ORDER BY number LIMIT $1",
    )
    .bind(BATCH)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed(ACTION))?;
    let Some(last) = rows.last() else { return Ok(false) };
    let last: i64 = last.try_get(0).map_err(failed(ACTION))?;
    let mut sessions = BTreeSet::new();
    for row in &rows {
        let (number, body): (i64, &str) =
            (row.try_get(0).map_err(failed(ACTION))?, row.try_get(2).map_err(failed(ACTION))?);
        sessions.insert(row.try_get::<String, _>(1).map_err(failed(ACTION))?);
        let content = match session::turn(blobs, body).await {
            Ok(turn) => turn.content,
            // One turn that cannot be read must not keep all later ones from being found.
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(turn.number = number, error = cause, "a turn is not indexed: it cannot be read");
                String::new()
            }
        };
        let query = sqlx::query(sql.insert_turn).bind(number).bind(content);
        query.execute(&mut *connection).await.map_err(failed(ACTION))?;
    }
    for session in sessions {
        for statement in [sql.delete_title, sql.insert_title] {
            let query = sqlx::query(statement).bind(session.clone());
            query.execute(&mut *connection).await.map_err(failed(ACTION))?;
        }
    }
    sqlx::query("UPDATE search_cursor SET indexed = $1")
        .bind(last)
        .execute(connection)
        .await
        .map_err(failed(ACTION))?;
    Ok(i64::try_from(rows.len()).is_ok_and(|found| found == BATCH))
}

/// Finds `words`, each as the beginning of a word, in titles and then in turns, the best first.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    blobs: &Blobs,
    owner: Option<&str>,
    words: &str,
    limit: usize,
) -> Result<Vec<SearchHit>, StoreError> {
    // No database's text may hold a NUL, so none is found.
    let query = dialect.search_query(&words.replace('\0', " "));
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    for (statement, in_turns) in [(dialect.search().find_titles, false), (dialect.search().find_turns, true)] {
        let rows = sqlx::query(statement)
            .bind(query.clone())
            .bind(owner.map(str::to_owned))
            .bind(i64::try_from(limit - hits.len()).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await
            .map_err(failed("search"))?;
        for row in rows {
            let at: i64 = row.try_get(2).map_err(failed("search"))?;
            let body: &str = row.try_get(3).map_err(failed("search"))?;
            let content = if in_turns { session::turn(blobs, body).await?.content } else { String::new() };
            hits.push(SearchHit {
                session: row.try_get(0).map_err(failed("search"))?,
                title: row.try_get(1).map_err(failed("search"))?,
                at: in_turns.then_some(at),
                content,
            });
        }
    }
    Ok(hits)
}

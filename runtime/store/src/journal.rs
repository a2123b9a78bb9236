//! Journals: what was appended together is one row, its events a JSON array.

use sqlx::{AnyConnection, Row as _};
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{ContentHash, RunId};
use troupe_core::port::{Journal, StoreError};

use crate::blob::{self, Blobs};
use crate::error::{Refusal, failed};
use crate::payload::{self, Payload};
use crate::rows::{Cell, Rows};
use crate::run;

/// What is being done when a row is read.
const UNDERSTAND: &str = "understand stored events";

/// Events that are appended together.
pub(crate) struct JournalPart {
    /// The number of the first.
    pub(crate) first: i64,
    /// The number of the last.
    pub(crate) last: i64,
    /// What is stored before them.
    pub(crate) payloads: Vec<Payload>,
    body: String,
}

impl JournalPart {
    /// Makes events ready; `None` if there are none.
    pub(crate) fn new(events: &[Recorded]) -> Result<Option<Self>, StoreError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
        if events.windows(2).any(|pair| pair[0].seq + 1 != pair[1].seq) {
            return Err(Refusal::JournalGap(first.run).refuse("append to a journal"));
        }
        let packed = payload::pack(&events).map_err(failed("write events as JSON"))?;
        let (first, last) = (first.seq.cast_signed(), last.seq.cast_signed());
        Ok(Some(Self { first, last, payloads: packed.payloads, body: packed.body }))
    }

    /// Adds the journal's row.
    pub(crate) fn push(&self, rows: &mut Rows, id: &str) {
        rows.push(&[id.into(), self.first.into(), self.last.into(), Cell::Long(&self.body)]);
    }
}

/// The blobs that events name.
pub(crate) fn references(events: &[Recorded]) -> Vec<(&'static str, ContentHash)> {
    let artifacts = events.iter().filter_map(|recorded| match &recorded.event {
        Event::ToolCallFinished { result, .. }
        | Event::InputReceived { result, .. }
        | Event::ChildFinished { result, .. } => result.artifact.as_ref(),
        _ => None,
    });
    artifacts.map(|artifact| (blob::KIND, artifact.hash.clone())).collect()
}

/// The whole journal of a tree; `None` if there is no such run.
pub(crate) async fn read(
    connection: &mut AnyConnection,
    blobs: &Blobs,
    root: RunId,
) -> Result<Option<Journal>, StoreError> {
    const ACTION: &str = "read a journal";
    // The row and its events are read as of one moment.
    let rows = sqlx::query(
        "SELECT r.state, r.epoch, j.body FROM run r LEFT JOIN journal j ON j.root = r.id
         WHERE r.id = $1 ORDER BY j.seq",
    )
    .bind(root.to_string())
    .fetch_all(connection)
    .await
    .map_err(failed(ACTION))?;
    let Some(first) = rows.first() else { return Ok(None) };
    let state = run::state(&first.try_get::<String, _>(0).map_err(failed(ACTION))?)?;
    let epoch = first.try_get(1).map_err(failed(ACTION))?;
    let mut events = Vec::with_capacity(rows.len() * 4);
    for row in &rows {
        // A run whose journal retention has deleted has no events.
        if let Some(body) = row.try_get::<Option<String>, _>(2).map_err(failed(ACTION))? {
            events.append(&mut payload::unpack(blobs, &body, UNDERSTAND).await?);
        }
    }
    Ok(Some(Journal { root, state, epoch, events }))
}

/// At most `limit` events of a tree after number `after`, in order.
pub(crate) async fn read_after(
    connection: &mut AnyConnection,
    blobs: &Blobs,
    root: RunId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    // A row has one event or more, so no more rows than events are needed.
    let rows = sqlx::query("SELECT body FROM journal WHERE root = $1 AND last > $2 ORDER BY seq LIMIT $3")
        .bind(root.to_string())
        .bind(after.cast_signed())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(failed("read events"))?;
    let mut events = Vec::new();
    for row in rows {
        if events.len() >= limit {
            break;
        }
        let body: String = row.try_get(0).map_err(failed("read events"))?;
        let row: Vec<Recorded> = payload::unpack(blobs, &body, UNDERSTAND).await?;
        events.extend(row.into_iter().filter(|event| event.seq > after));
    }
    events.truncate(limit);
    Ok(events)
}

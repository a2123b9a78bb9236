//! The group commit: creates and appends of many runs in one transaction, each of which passes or fails alone.
//!
//! First one statement of each kind asks which writes are refused (fenced, no session, known key, …), then one
//! statement for each table writes the rows of all the others. Nothing is undone, so no savepoints are needed: what
//! passed the questions is written, in a transaction that no one else can come between.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use tokio::sync::OwnedRwLockReadGuard;
use troupe_core::id::{ContentHash, RunId, Timestamp};
use troupe_core::port::{Append, Created, NewRun, StoreError};

use crate::dialect::{BatchSql, Dialect};
use crate::error::{Refusal, failed};
use crate::feed::{Feed, SessionChanged};
use crate::idempotency::{self, IdempotencyPart};
use crate::journal::{self, JournalPart};
use crate::payload::Payload;
use crate::rows::{Cell, Rows};
use crate::run::{RunChange, RunPart};
use crate::session::SessionPart;
use crate::{blob, snapshot, transaction};

/// One create or append, made ready by its caller so that the writer only lays rows together.
pub(crate) struct Write {
    /// The tree.
    pub(crate) root: RunId,
    /// The same as text.
    pub(crate) id: String,
    /// What becomes of the run's row.
    pub(crate) head: Head,
    /// The events.
    pub(crate) journal: Option<JournalPart>,
    /// The sessions' rows and turns; each session once.
    pub(crate) sessions: Vec<SessionPart>,
    /// Snapshots by address, with whether the tree must refer to them beside its row.
    pub(crate) snapshots: Vec<(ContentHash, Arc<str>)>,
    /// What the events name: a kind of reference, and an address.
    pub(crate) references: Vec<(&'static str, ContentHash)>,
    /// What has to be stored as blobs before this write, for the caller to do.
    pub(crate) payloads: Vec<Payload>,
    /// The addresses and sizes of these blobs.
    pub(crate) blobs: Vec<(ContentHash, i64)>,
    /// Keeps these blobs until the write is done.
    pub(crate) storing: Option<OwnedRwLockReadGuard<()>>,
    /// When.
    pub(crate) at: Timestamp,
}

/// What becomes of a run's row.
pub(crate) enum Head {
    /// It is inserted.
    Create(Box<RunPart>, Option<IdempotencyPart>),
    /// It is changed, if the epoch is still its own.
    Append(RunChange),
}

impl Write {
    /// Makes a create ready.
    pub(crate) fn create(run: NewRun) -> Result<Self, StoreError> {
        let journal =
            JournalPart::new(&run.events)?.ok_or_else(|| Refusal::JournalGap(run.root).refuse("create a run"))?;
        if journal.first != 1 {
            return Err(Refusal::JournalGap(run.root).refuse("create a run"));
        }
        let idempotency = run.idempotency.as_ref().map(IdempotencyPart::new);
        let part = RunPart::new(&run, journal.last);
        let sessions = SessionPart::of_run(&run)?;
        Ok(Self {
            root: run.root,
            id: run.root.to_string(),
            head: Head::Create(Box::new(part), idempotency),
            journal: Some(journal),
            sessions,
            references: journal::references(&run.events),
            snapshots: vec![(run.snapshot.hash, run.snapshot.body)],
            payloads: Vec::new(),
            blobs: Vec::new(),
            storing: None,
            at: run.now,
        }
        .with_payloads())
    }

    /// Makes an append ready.
    pub(crate) fn append(append: Append) -> Result<Self, StoreError> {
        let journal = JournalPart::new(&append.events)?;
        let change = RunChange::new(&append, journal.as_ref());
        let mut references = journal::references(&append.events);
        references.extend(append.snapshots.iter().map(|snapshot| (snapshot::KIND, snapshot.hash.clone())));
        Ok(Self {
            root: append.root,
            id: append.root.to_string(),
            at: change.at,
            head: Head::Append(change),
            journal,
            sessions: SessionPart::of_append(append.sessions)?,
            references,
            snapshots: append.snapshots.into_iter().map(|snapshot| (snapshot.hash, snapshot.body)).collect(),
            payloads: Vec::new(),
            blobs: Vec::new(),
            storing: None,
        }
        .with_payloads())
    }

    /// Gathers what the events and turns keep elsewhere: most keep nothing.
    fn with_payloads(mut self) -> Self {
        if let Some(journal) = &mut self.journal {
            self.references.extend(journal.payloads.iter().map(|payload| (blob::KIND, payload.hash.clone())));
            self.payloads.append(&mut journal.payloads);
        }
        for turn in self.sessions.iter_mut().flat_map(|session| &mut session.turns) {
            turn.blobs.extend(turn.payloads.iter().map(|payload| payload.hash.clone()));
            self.payloads.append(&mut turn.payloads);
        }
        let mut seen = HashSet::new();
        self.payloads.retain(|payload| seen.insert(payload.hash.clone()));
        let size = |payload: &Payload| i64::try_from(payload.content.len()).unwrap_or(i64::MAX);
        self.blobs = self.payloads.iter().map(|payload| (payload.hash.clone(), size(payload))).collect();
        self
    }

    /// What this write must not share a batch over: the questions are asked of what was committed before.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        let idempotency = match &self.head {
            Head::Create(_, Some(key)) => Some((key.scope.as_str(), key.key.as_str())),
            _ => None,
        };
        std::iter::once(("\0run", self.id.as_str()))
            .chain(self.sessions.iter().map(|session| ("\0session", session.id.as_str())))
            .chain(idempotency)
    }

    /// Tells what changed of sessions.
    pub(crate) fn tell(&self, feed: &Feed) {
        for session in &self.sessions {
            if let Some(status) = &session.status {
                feed.tell(&session.id, SessionChanged::Status(status.clone()));
            }
        }
    }
}

/// What becomes of each write of a batch, in order.
pub(crate) type Verdicts = Vec<Result<Created, StoreError>>;

/// Commits a batch. An error means that nothing was written.
pub(crate) async fn commit(
    connection: &mut AnyConnection,
    dialect: &dyn Dialect,
    writes: &[&Write],
    known: &HashSet<ContentHash>,
) -> Result<Verdicts, sqlx::Error> {
    transaction::begin(connection, dialect.begin()).await?;
    match within(connection, dialect.batch(), writes, known).await {
        Ok(verdicts) => transaction::commit(connection).await.map(|()| verdicts),
        Err(error) => {
            transaction::undo(connection).await;
            Err(error)
        }
    }
}

/// Asks, then writes.
async fn within(
    connection: &mut AnyConnection,
    sql: &'static BatchSql,
    writes: &[&Write],
    known: &HashSet<ContentHash>,
) -> Result<Verdicts, sqlx::Error> {
    let mut verdicts: Verdicts = writes.iter().map(|_| Ok(Created::New)).collect();
    refuse_creates(connection, sql, writes, &mut verdicts).await?;
    refuse_appends(connection, sql, writes, &mut verdicts).await?;
    refuse_turns(connection, sql, writes, &mut verdicts).await?;
    let passed = writes.iter().zip(&verdicts).filter(|(_, verdict)| matches!(verdict, Ok(Created::New)));
    let mut tables = Tables::default();
    for (write, _) in passed {
        tables.add(write, known);
    }
    tables.write(connection, sql).await?;
    Ok(verdicts)
}

/// Finds creates that were made before, or that may not begin.
async fn refuse_creates(
    connection: &mut AnyConnection,
    sql: &'static BatchSql,
    writes: &[&Write],
    verdicts: &mut Verdicts,
) -> Result<(), sqlx::Error> {
    let mut rows = Rows::default();
    for (n, write) in (0_i64..).zip(writes) {
        if let Head::Create(run, key) = &write.head {
            rows.push(&[
                n.into(),
                write.id.as_str().into(),
                key.as_ref().map(|key| key.scope.as_str()).into(),
                key.as_ref().map(|key| key.key.as_str()).into(),
                (write.at - idempotency::KEPT).into(),
                run.session.as_deref().into(),
                i64::from(run.is_active()).into(),
            ]);
        }
    }
    for row in ask(connection, sql.refused_creates, rows).await? {
        let index = index(&row)?;
        let (Some(write), Some(verdict)) = (writes.get(index), verdicts.get_mut(index)) else { continue };
        let Head::Create(run, key) = &write.head else { continue };
        *verdict = match (row.try_get::<String, _>(1)?.as_str(), key) {
            ("same", Some(key)) => key.answer(&row.try_get::<String, _>(2)?, &row.try_get::<String, _>(3)?),
            ("busy", _) => Err(StoreError::SessionBusy(run.session.clone().unwrap_or_default())),
            _ => Err(Refusal::RunExists(write.root).refuse("create a run")),
        };
    }
    Ok(())
}

/// Finds appends whose lease is another's by now, and those that would tear the journal.
async fn refuse_appends(
    connection: &mut AnyConnection,
    sql: &'static BatchSql,
    writes: &[&Write],
    verdicts: &mut Verdicts,
) -> Result<(), sqlx::Error> {
    let mut rows = Rows::default();
    for (n, write) in (0_i64..).zip(writes) {
        if let Head::Append(change) = &write.head {
            let before = write.journal.as_ref().map(|journal| journal.first - 1);
            rows.push(&[n.into(), write.id.as_str().into(), change.epoch.into(), before.into()]);
        }
    }
    for row in ask(connection, sql.refused_appends, rows).await? {
        let index = index(&row)?;
        let (Some(write), Some(verdict)) = (writes.get(index), verdicts.get_mut(index)) else { continue };
        *verdict = Err(match row.try_get::<String, _>(1)?.as_str() {
            "gap" => Refusal::JournalGap(write.root).refuse("append to a journal"),
            _ => StoreError::Fenced(write.root),
        });
    }
    Ok(())
}

/// Finds writes to sessions that are not there, and turns that are not later than the last.
async fn refuse_turns(
    connection: &mut AnyConnection,
    sql: &'static BatchSql,
    writes: &[&Write],
    verdicts: &mut Verdicts,
) -> Result<(), sqlx::Error> {
    let mut rows = Rows::default();
    for (n, write) in (0_i64..).zip(writes) {
        for session in &write.sessions {
            let first = session.turns.first().map(|turn| turn.at);
            rows.push(&[n.into(), session.id.as_str().into(), i64::from(session.create).into(), first.into()]);
        }
    }
    for row in ask(connection, sql.refused_turns, rows).await? {
        let session: String = row.try_get(1)?;
        // What was refused before keeps its reason.
        if let Some(verdict @ Ok(Created::New)) = verdicts.get_mut(index(&row)?) {
            *verdict = Err(match row.try_get::<String, _>(2)?.as_str() {
                "missing" => StoreError::NoSession(session),
                _ => Refusal::TurnOrder { session }.refuse("write turns"),
            });
        }
    }
    Ok(())
}

/// Runs a question, unless there is nothing to ask.
async fn ask(connection: &mut AnyConnection, sql: &'static str, rows: Rows) -> Result<Vec<AnyRow>, sqlx::Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(sql).bind(rows.finish().0).fetch_all(connection).await
}

/// The place of the write that a refusal is of.
fn index(row: &AnyRow) -> Result<usize, sqlx::Error> {
    usize::try_from(row.try_get::<i64, _>(0)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The rows of each table.
#[derive(Default)]
struct Tables {
    snapshots: Rows,
    new_runs: Rows,
    changed_runs: Rows,
    journal: Rows,
    sessions: Rows,
    turns: Rows,
    turn_blobs: Rows,
    blobs: Rows,
    references: Rows,
    idempotency: Rows,
}

impl Tables {
    fn add(&mut self, write: &Write, known: &HashSet<ContentHash>) {
        for (hash, body) in write.snapshots.iter().filter(|(hash, _)| !known.contains(hash)) {
            self.snapshots.push(&[hash.0.as_str().into(), write.at.into(), Cell::Long(body)]);
        }
        match &write.head {
            Head::Create(run, key) => {
                run.push(&mut self.new_runs, &write.id, write.at);
                if let Some(key) = key {
                    key.push(&mut self.idempotency, &write.id, write.at);
                }
            }
            Head::Append(change) => change.push(&mut self.changed_runs, &write.id),
        }
        if let Some(journal) = &write.journal {
            journal.push(&mut self.journal, &write.id);
        }
        for session in &write.sessions {
            session.push(&mut self.sessions, &mut self.turns, &mut self.turn_blobs);
        }
        for (hash, size) in &write.blobs {
            self.blobs.push(&[hash.0.as_str().into(), (*size).into(), write.at.into()]);
        }
        for (kind, hash) in &write.references {
            self.references.push(&[write.id.as_str().into(), (*kind).into(), hash.0.as_str().into()]);
        }
    }

    async fn write(self, connection: &mut AnyConnection, sql: &'static BatchSql) -> Result<(), sqlx::Error> {
        let statements = [
            (sql.insert_snapshots, self.snapshots, true),
            (sql.insert_runs, self.new_runs, false),
            (sql.update_runs, self.changed_runs, false),
            (sql.insert_journal, self.journal, true),
            (sql.upsert_sessions, self.sessions, false),
            (sql.insert_turns, self.turns, true),
            (sql.insert_turn_blobs, self.turn_blobs, false),
            (sql.upsert_blobs, self.blobs, false),
            (sql.insert_references, self.references, false),
            (sql.upsert_idempotency, self.idempotency, false),
        ];
        for (statement, rows, has_long) in statements {
            if rows.is_empty() {
                continue;
            }
            let (json, long) = rows.finish();
            let query = sqlx::query(statement).bind(json);
            let query = if has_long { query.bind(long) } else { query };
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// The error of a write whose batch failed as a whole.
pub(crate) fn batch_failed(write: &Write, error: sqlx::Error) -> StoreError {
    match write.head {
        Head::Create(..) => failed("create a run")(error),
        Head::Append(_) => failed("append to a journal")(error),
    }
}

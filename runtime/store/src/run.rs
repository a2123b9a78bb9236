//! Runs' rows.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use troupe_core::event::{Event, Outcome, VERSION};
use troupe_core::id::{RunId, Timestamp};
use troupe_core::model::Usage;
use troupe_core::port::{Append, Lease, NewRun, RunState, StateChange, StoreError};

use crate::error::failed;
use crate::journal::JournalPart;
use crate::rows::{Cell, Rows};

/// A run as its row says it. Times in microseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its id, the root of its tree.
    pub id: RunId,
    /// The kind of its target: `agent`, or `adhoc`.
    pub kind: String,
    /// The target's name; the model's for an ad-hoc composition.
    pub target: String,
    /// The name of the model that it began with.
    pub model: String,
    /// Who may see it; empty in folder mode.
    pub owner: String,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// The state.
    pub state: RunState,
    /// The owner of its lease: a replica's id and address.
    pub lease_owner: Option<String>,
    /// How it ended, when it did.
    pub outcome: Option<Outcome>,
    /// The tree's tokens so far.
    pub usage: Usage,
    /// The tree's cost so far, in micro-units.
    pub cost: i64,
    /// The number of the journal's last event.
    pub last_seq: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it first ran.
    pub started_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Which runs are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// The kind of their target.
    pub kind: Option<String>,
    /// Their target's name.
    pub target: Option<String>,
    /// Their session.
    pub session: Option<String>,
    /// Their state.
    pub state: Option<RunState>,
    /// Who may see them.
    pub owner: Option<String>,
    /// Only those after this one in the list: the last id of the page before.
    pub after: Option<RunId>,
    /// At most this many.
    pub limit: usize,
}

/// Which runs' usage is summed; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// Who ran them.
    pub owner: Option<String>,
    /// Their session.
    pub session: Option<String>,
    /// Created at this time or later.
    pub since: Option<Timestamp>,
    /// Created before this time.
    pub until: Option<Timestamp>,
}

/// The usage of one target with one model on one day. Trees count as their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The kind of the target.
    pub kind: String,
    /// The target.
    pub target: String,
    /// The model.
    pub model: String,
    /// The day (UTC) as its number since the epoch.
    pub day: i64,
    /// Runs.
    pub runs: i64,
    /// Tokens.
    pub usage: Usage,
    /// Cost, in micro-units.
    pub cost: i64,
}

/// The row of a new run.
pub(crate) struct RunPart {
    pub(crate) session: Option<String>,
    kind: String,
    target: String,
    model: String,
    owner: String,
    state: RunState,
    snapshot: String,
    version: i64,
    lease: Option<Lease>,
    last: i64,
    /// Of a run that is over at once.
    outcome: Option<String>,
}

impl RunPart {
    /// The row of `run`, whose last event has the number `last`.
    pub(crate) fn new(run: &NewRun, last: i64) -> Self {
        let agent = run.snapshot.snapshot.agent();
        let version = run.events.iter().find_map(|recorded| match &recorded.event {
            Event::RunAccepted(accepted) => Some(accepted.version),
            _ => None,
        });
        Self {
            session: run.session.as_ref().map(|session| session.id.clone()),
            kind: run.kind.clone(),
            target: run.target.clone(),
            model: agent.and_then(|agent| agent.models.first()).map_or_else(String::new, |model| model.name.clone()),
            owner: run.owner.clone(),
            state: run.state,
            snapshot: run.snapshot.hash.0.clone(),
            version: version.unwrap_or(VERSION).into(),
            // As with an append: a state other than running gives up the lease.
            lease: run.lease.clone().filter(|_| run.state == RunState::Running),
            last,
            outcome: run.events.iter().find_map(|recorded| match &recorded.event {
                // An outcome is made of texts and JSON values, which can always be written.
                Event::RunFinished { outcome } if recorded.run == run.root => serde_json::to_string(outcome).ok(),
                _ => None,
            }),
        }
    }

    /// It holds its session from the start.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Waiting)
    }

    /// Adds the row.
    pub(crate) fn push(&self, rows: &mut Rows, id: &str, now: Timestamp) {
        let lease = self.lease.as_ref();
        rows.push(&[
            id.into(),
            self.kind.as_str().into(),
            self.target.as_str().into(),
            self.model.as_str().into(),
            self.owner.as_str().into(),
            self.session.as_deref().into(),
            self.state.as_str().into(),
            self.snapshot.as_str().into(),
            self.version.into(),
            lease.map(|lease| lease.owner.as_str()).into(),
            lease.map_or(0, |lease| lease.expires_at).into(),
            lease.map_or(0, |lease| lease.epoch).into(),
            self.last.into(),
            now.into(),
            (!matches!(self.state, RunState::Draft | RunState::Queued)).then_some(now).into(),
            self.outcome.as_deref().into(),
            self.state.is_terminal().then_some(now).into(),
        ]);
    }
}

/// What an append changes of a run's row.
pub(crate) struct RunChange {
    /// The writer's epoch.
    pub(crate) epoch: i64,
    /// When.
    pub(crate) at: Timestamp,
    last: Option<i64>,
    state: Option<StateChange>,
    outcome: Option<String>,
}

impl RunChange {
    /// The change that `append` makes with its `journal`.
    pub(crate) fn new(append: &Append, journal: Option<&JournalPart>) -> Self {
        let at = append.state.as_ref().map(|state| state.at);
        let at = at.or_else(|| append.events.last().map(|event| event.at));
        let at = at.or_else(|| append.sessions.last().map(|session| session.at));
        let outcome = append.state.as_ref().and_then(|state| state.outcome.as_ref());
        Self {
            epoch: append.epoch,
            at: at.unwrap_or(0),
            last: journal.map(|journal| journal.last),
            state: append.state.clone(),
            // An outcome is made of texts and JSON values, which can always be written.
            outcome: outcome.and_then(|outcome| serde_json::to_string(outcome).ok()),
        }
    }

    /// Adds the change.
    pub(crate) fn push(&self, rows: &mut Rows, id: &str) {
        let state = self.state.as_ref();
        let tokens =
            |count: fn(&Usage) -> u64| -> Cell<'static> { state.map(|state| signed(count(&state.usage))).into() };
        rows.push(&[
            id.into(),
            self.last.into(),
            self.at.into(),
            state.map(|state| state.state.as_str()).into(),
            self.outcome.as_deref().into(),
            tokens(|usage| usage.input_tokens),
            tokens(|usage| usage.output_tokens),
            tokens(|usage| usage.cached_tokens),
            tokens(|usage| usage.cache_write_tokens),
            tokens(|usage| usage.reasoning_tokens),
            tokens(|usage| usage.estimated.into()),
            state.map(|state| state.cost).into(),
            state.and_then(|state| state.wake_at).into(),
            state.filter(|state| state.state.is_terminal()).map(|state| state.at).into(),
        ]);
    }
}

/// A count as the database keeps it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads a stored state.
pub(crate) fn state(word: &str) -> Result<RunState, StoreError> {
    RunState::parse(word).ok_or_else(|| format!("{word:?} is no state of a run")).map_err(failed("understand a run"))
}

/// The columns of [`from_row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, target, model, owner, session, state, lease_owner, outcome, cost, last_seq, created_at, ",
            "started_at, updated_at, finished_at, input_tokens, output_tokens, cached_tokens, cache_write_tokens, ",
            "reasoning_tokens, estimated FROM run ",
            $rest
        )
    };
}

fn from_row(row: &AnyRow) -> Result<RunRow, StoreError> {
    let read = || -> Result<RunRow, sqlx::Error> {
        let decode = |error: &str| sqlx::Error::Decode(error.into());
        let outcome: Option<String> = row.try_get(8)?;
        let outcome = outcome.map(|text| serde_json::from_str(&text)).transpose();
        Ok(RunRow {
            id: RunId::parse(row.try_get(0)?).ok_or_else(|| decode("a stored run id is not a UUID"))?,
            kind: row.try_get(1)?,
            target: row.try_get(2)?,
            model: row.try_get(3)?,
            owner: row.try_get(4)?,
            session: row.try_get(5)?,
            state: RunState::parse(row.try_get(6)?).ok_or_else(|| decode("a stored state is unknown"))?,
            lease_owner: row.try_get(7)?,
            outcome: outcome.map_err(|error| sqlx::Error::Decode(error.into()))?,
            usage: usage(row, 15)?,
            cost: row.try_get(9)?,
            last_seq: row.try_get::<i64, _>(10)?.cast_unsigned(),
            created_at: row.try_get(11)?,
            started_at: row.try_get(12)?,
            updated_at: row.try_get(13)?,
            finished_at: row.try_get(14)?,
        })
    };
    read().map_err(failed("understand a run"))
}

/// Reads six columns from `first` on.
fn usage(row: &AnyRow, first: usize) -> Result<Usage, sqlx::Error> {
    let count = |offset: usize| row.try_get::<i64, _>(first + offset).map(i64::cast_unsigned);
    Ok(Usage {
        input_tokens: count(0)?,
        output_tokens: count(1)?,
        cached_tokens: count(2)?,
        cache_write_tokens: count(3)?,
        reasoning_tokens: count(4)?,
        estimated: count(5)? > 0,
    })
}

/// One run; `None` if there is none.
pub(crate) async fn get(connection: &mut AnyConnection, id: RunId) -> Result<Option<RunRow>, StoreError> {
    let row = sqlx::query(select!("WHERE id = $1"))
        .bind(id.to_string())
        .fetch_optional(connection)
        .await
        .map_err(failed("read a run"))?;
    row.as_ref().map(from_row).transpose()
}

/// A page of runs, newest first.
pub(crate) async fn list(connection: &mut AnyConnection, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
    // With a session the index of its runs is used, else that of all runs; hence two statements.
    let statement = if filter.session.is_some() {
        select!(
            "WHERE session = $3 AND ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR target = $2)
             AND ($4 IS NULL OR state = $4) AND ($5 IS NULL OR owner = $5) AND id < $6 ORDER BY id DESC LIMIT $7"
        )
    } else {
        select!(
            "WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR target = $2) AND $3 IS NULL
             AND ($4 IS NULL OR state = $4) AND ($5 IS NULL OR owner = $5) AND id < $6 ORDER BY id DESC LIMIT $7"
        )
    };
    let rows = sqlx::query(statement)
        .bind(filter.kind.clone())
        .bind(filter.target.clone())
        .bind(filter.session.clone())
        .bind(filter.state.map(RunState::as_str))
        .bind(filter.owner.clone())
        // Greater than every UUID.
        .bind(filter.after.map_or_else(|| "g".to_owned(), |id| id.to_string()))
        .bind(i64::try_from(filter.limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(failed("list runs"))?;
    rows.iter().map(from_row).collect()
}

/// How many runs that are not over are in a state, of one session or of all.
pub(crate) async fn count(
    connection: &mut AnyConnection,
    session: Option<&str>,
    state: RunState,
) -> Result<u64, StoreError> {
    // The states are spelt out so that the small index of open runs serves.
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM run WHERE state IN ('draft', 'queued', 'running', 'waiting') AND state = $1
         AND ($2 IS NULL OR session = $2)",
    )
    .bind(state.as_str())
    .bind(session.map(str::to_owned))
    .fetch_one(connection)
    .await
    .map_err(failed("count runs"))?;
    Ok(count.cast_unsigned())
}

/// Sums of tokens and cost by target, model and day, latest day first.
pub(crate) async fn usage_by_day(
    connection: &mut AnyConnection,
    filter: &UsageFilter,
) -> Result<Vec<UsageRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, target, model, created_at / 86400000000 AS day, count(*), CAST(sum(input_tokens) AS BIGINT),
                CAST(sum(output_tokens) AS BIGINT), CAST(sum(cached_tokens) AS BIGINT),
                CAST(sum(cache_write_tokens) AS BIGINT), CAST(sum(reasoning_tokens) AS BIGINT), max(estimated),
                CAST(sum(cost) AS BIGINT)
         FROM run
         WHERE ($1 IS NULL OR owner = $1) AND ($2 IS NULL OR session = $2)
           AND ($3 IS NULL OR created_at >= $3) AND ($4 IS NULL OR created_at < $4)
         GROUP BY kind, target, model, created_at / 86400000000
         ORDER BY day DESC, kind, target, model",
    )
    .bind(filter.owner.clone())
    .bind(filter.session.clone())
    .bind(filter.since)
    .bind(filter.until)
    .fetch_all(connection)
    .await
    .map_err(failed("sum usage"))?;
    rows.iter()
        .map(|row| {
            Ok(UsageRow {
                kind: row.try_get(0)?,
                target: row.try_get(1)?,
                model: row.try_get(2)?,
                day: row.try_get(3)?,
                runs: row.try_get(4)?,
                usage: usage(row, 5)?,
                cost: row.try_get(11)?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(failed("sum usage"))
}

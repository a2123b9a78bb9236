//! Runs' rows.

mod part;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use troupe_core::event::Outcome;
use troupe_core::id::{RunId, Timestamp};
use troupe_core::model::Usage;
use troupe_core::port::{RunState, StoreError};

pub(crate) use part::{RunChange, RunPart};

use crate::error::failed;

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
    /// Created at this time or later.
    pub since: Option<Timestamp>,
    /// Created before this time.
    pub until: Option<Timestamp>,
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
    // With a session the index of its runs is used, with a user that of theirs, else that of all runs; hence three
    // statements.
    let statement = if filter.session.is_some() {
        select!(
            "WHERE session = $3 AND ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR target = $2)
             AND ($4 IS NULL OR state = $4) AND ($5 IS NULL OR owner = $5) AND ($8 IS NULL OR created_at >= $8)
             AND ($9 IS NULL OR created_at < $9) AND id < $6 ORDER BY id DESC LIMIT $7"
        )
    } else if filter.owner.as_ref().is_some_and(|owner| !owner.is_empty()) {
        select!(
            "WHERE owner = $5 AND owner <> '' AND ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR target = $2)
             AND $3 IS NULL AND ($4 IS NULL OR state = $4) AND ($8 IS NULL OR created_at >= $8)
             AND ($9 IS NULL OR created_at < $9) AND id < $6 ORDER BY id DESC LIMIT $7"
        )
    } else {
        select!(
            "WHERE ($1 IS NULL OR kind = $1) AND ($2 IS NULL OR target = $2) AND $3 IS NULL
             AND ($4 IS NULL OR state = $4) AND ($5 IS NULL OR owner = $5) AND ($8 IS NULL OR created_at >= $8)
             AND ($9 IS NULL OR created_at < $9) AND id < $6 ORDER BY id DESC LIMIT $7"
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
        .bind(filter.since)
        .bind(filter.until)
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

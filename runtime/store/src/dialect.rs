//! What differs between databases: how one is opened, and the statements that are not the same everywhere.
//!
//! Everything else in this crate is SQL that `SQLite` and PostgreSQL both understand, with `$1` parameters.

pub(crate) mod sqlite;

use futures::future::BoxFuture;
use sqlx::AnyConnection;

/// One kind of database.
pub(crate) trait Dialect: Send + Sync + 'static {
    /// Begins a transaction that will write.
    fn begin(&self) -> &'static str;

    /// The statements of the group commit.
    fn batch(&self) -> &'static BatchSql;

    /// The words that a person typed, as a full-text query.
    fn search_query(&self, words: &str) -> String;

    /// The statements of full-text search.
    fn search(&self) -> &'static SearchSql;

    /// Makes a connection ready that was just opened, for writing or for reading only.
    fn prepare<'c>(&self, connection: &'c mut AnyConnection, writes: bool) -> BoxFuture<'c, Result<(), sqlx::Error>>;

    /// Moves what was committed to its final place, as far as nobody is in the way; returns how many pages still wait
    /// for that. Does not disturb a writer on another connection.
    fn checkpoint<'c>(&self, connection: &'c mut AnyConnection) -> BoxFuture<'c, Result<i64, sqlx::Error>>;
}

/// The statements of the group commit. Each reads all of its rows from `$1`, a JSON array of arrays, and, where it has
/// long texts, from `$2`, in which they lie end to end (see [`crate::rows`]).
pub(crate) struct BatchSql {
    /// `[n, root, scope, key, since, session, active]` to `(n, reason, root, body)` of those refused: `same` = the
    /// idempotency key is known, `exists` = the run is there, `busy` = its session has an active run.
    pub(crate) refused_creates: &'static str,
    /// `[n, root, epoch, last]` to `(n, reason)`: `fenced`, or `gap` = the journal's last event is another one.
    pub(crate) refused_appends: &'static str,
    /// `[n, session, create, first turn]` to `(n, session, reason)`: `missing`, or `order`.
    pub(crate) refused_turns: &'static str,
    /// `[id, kind, target, model, owner, session, state, snapshot, version, lease owner, lease end, epoch, last, now,
    /// started, outcome, finished]`.
    pub(crate) insert_runs: &'static str,
    /// `[id, last, at, state, outcome, input, output, cached, cache write, reasoning, estimated, cost, wake,
    /// finished]`.
    pub(crate) update_runs: &'static str,
    /// `[root, seq, last, body…]`.
    pub(crate) insert_journal: &'static str,
    /// `[id, owner, parent, title, meta, status, at, last turn, turns, tokens]`.
    pub(crate) upsert_sessions: &'static str,
    /// `[session, at, role, body…]`.
    pub(crate) insert_turns: &'static str,
    /// `[session, at, hash]`.
    pub(crate) insert_turn_blobs: &'static str,
    /// `[hash, size, at]`.
    pub(crate) upsert_blobs: &'static str,
    /// `[hash, at, body…]`.
    pub(crate) insert_snapshots: &'static str,
    /// `[root, kind, hash]`.
    pub(crate) insert_references: &'static str,
    /// `[scope, key, body, root, at]`.
    pub(crate) upsert_idempotency: &'static str,
    /// `[kind, name, hash, created, current, spec…]`.
    pub(crate) upsert_revisions: &'static str,
}

/// The statements of full-text search.
pub(crate) struct SearchSql {
    /// Indexes a turn: `$1` its number, `$2` its text.
    pub(crate) insert_turn: &'static str,
    /// Forgets the turns of session `$1` from time `$2` on.
    pub(crate) delete_turns: &'static str,
    /// Forgets the title of session `$1`.
    pub(crate) delete_title: &'static str,
    /// Indexes the title of session `$1`, which has none indexed.
    pub(crate) insert_title: &'static str,
    /// Finds turns: `$1` the query, `$2` the owner or NULL, `$3` the limit.
    pub(crate) find_turns: &'static str,
    /// Finds titles: the same parameters.
    pub(crate) find_titles: &'static str,
}

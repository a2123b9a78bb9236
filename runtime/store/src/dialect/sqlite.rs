//! `SQLite`.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::{AnyConnection, Row as _};

use super::{BatchSql, Dialect, SearchSql};

/// `SQLite`, in one process.
pub(crate) struct Sqlite;

/// What every connection is set to. `busy_timeout` matters only while a checkpoint restarts the log; the caches are
/// small (KiB, negative by SQLite's convention), because the operating system caches the file as well.
const READER: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA cache_size = -512; \
                      PRAGMA temp_store = MEMORY;";

/// FULL syncs the log at each commit: what is acknowledged survives the machine's power. Checkpoints are made outside
/// the writer's path (see `writer`), so the automatic ones are off; `journal_size_limit` is in bytes.
const WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; \
                      PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;";

impl Dialect for Sqlite {
    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn batch(&self) -> &'static BatchSql {
        &BATCH
    }

    fn search_query(&self, words: &str) -> String {
        // Quoted, so that nothing in a word is an operator; as prefixes, so that search works while typing.
        let quoted = words.split_whitespace().map(|word| format!("\"{}\"*", word.replace('"', "\"\"")));
        quoted.collect::<Vec<_>>().join(" ")
    }

    fn search(&self) -> &'static SearchSql {
        &SEARCH
    }

    fn prepare<'c>(&self, connection: &'c mut AnyConnection, writes: bool) -> BoxFuture<'c, Result<(), sqlx::Error>> {
        async move {
            sqlx::raw_sql(if writes { WRITER } else { READER }).execute(connection).await?;
            Ok(())
        }
        .boxed()
    }

    fn checkpoint<'c>(&self, connection: &'c mut AnyConnection) -> BoxFuture<'c, Result<i64, sqlx::Error>> {
        async move {
            let row = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
            let (log, done): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            Ok(log - done)
        }
        .boxed()
    }
}

static BATCH: BatchSql = BatchSql {
    refused_creates: "
        SELECT v.n, CASE WHEN i.root IS NOT NULL THEN 'same' WHEN r.id IS NOT NULL THEN 'exists' ELSE 'busy' END,
               coalesce(i.root, ''), coalesce(i.body, '')
        FROM (SELECT value ->> 0 AS n, value ->> 1 AS root, value ->> 2 AS scope, value ->> 3 AS key,
                     value ->> 4 AS since, value ->> 5 AS session, value ->> 6 AS active
              FROM json_each($1)) AS v
        LEFT JOIN idempotency i ON i.scope = v.scope AND i.key = v.key AND i.created_at > v.since
        LEFT JOIN run r ON r.id = v.root
        LEFT JOIN run a ON a.session = v.session AND a.state IN ('running', 'waiting') AND v.active = 1
        WHERE i.root IS NOT NULL OR r.id IS NOT NULL OR a.id IS NOT NULL",
    refused_appends: "
        SELECT v.n, CASE WHEN r.epoch = v.epoch AND r.lease_owner IS NOT NULL THEN 'gap' ELSE 'fenced' END
        FROM (SELECT value ->> 0 AS n, value ->> 1 AS root, value ->> 2 AS epoch, value ->> 3 AS last
              FROM json_each($1)) AS v
        LEFT JOIN run r ON r.id = v.root
        WHERE r.id IS NULL OR r.epoch <> v.epoch OR r.lease_owner IS NULL OR r.last_seq <> v.last",
    refused_turns: "
        SELECT v.n, v.session, CASE WHEN s.id IS NULL THEN 'missing' ELSE 'order' END
        FROM (SELECT value ->> 0 AS n, value ->> 1 AS session, value ->> 2 AS made, value ->> 3 AS first
              FROM json_each($1)) AS v
        LEFT JOIN session s ON s.id = v.session
        WHERE (s.id IS NULL AND v.made = 0) OR s.last_at >= v.first",
    insert_runs: "
        INSERT INTO run (id, kind, target, model, owner, session, state, snapshot, event_version, lease_owner,
                         lease_expires_at, epoch, last_seq, created_at, updated_at, started_at, outcome,
                         finished_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
               value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 13,
               value ->> 14, value ->> 15, value ->> 16
        FROM json_each($1)",
    update_runs: "
        UPDATE run SET
            last_seq = coalesce(v.last, run.last_seq), updated_at = v.at,
            state = coalesce(v.state, run.state),
            outcome = coalesce(v.outcome, run.outcome),
            input_tokens = coalesce(v.input, run.input_tokens),
            output_tokens = coalesce(v.output, run.output_tokens),
            cached_tokens = coalesce(v.cached, run.cached_tokens),
            cache_write_tokens = coalesce(v.cache_write, run.cache_write_tokens),
            reasoning_tokens = coalesce(v.reasoning, run.reasoning_tokens),
            estimated = coalesce(v.estimated, run.estimated),
            cost = coalesce(v.cost, run.cost),
            wake_at = CASE WHEN v.state IS NULL THEN run.wake_at ELSE v.wake END,
            finished_at = coalesce(v.finished, run.finished_at),
            lease_owner = CASE WHEN coalesce(v.state, 'running') = 'running' THEN run.lease_owner END,
            lease_expires_at = CASE WHEN coalesce(v.state, 'running') = 'running' THEN run.lease_expires_at ELSE 0 END
        FROM (SELECT value ->> 0 AS id, value ->> 1 AS last, value ->> 2 AS at, value ->> 3 AS state,
                     value ->> 4 AS outcome, value ->> 5 AS input, value ->> 6 AS output, value ->> 7 AS cached,
                     value ->> 8 AS cache_write, value ->> 9 AS reasoning, value ->> 10 AS estimated,
                     value ->> 11 AS cost, value ->> 12 AS wake, value ->> 13 AS finished
              FROM json_each($1)) AS v
        WHERE run.id = v.id",
    insert_journal: "
        INSERT INTO journal (root, seq, last, body)
        SELECT value ->> 0, value ->> 1, value ->> 2, CAST(substr($2, value ->> 3, value ->> 4) AS TEXT)
        FROM json_each($1)",
    upsert_sessions: "
        INSERT INTO session (id, owner, parent, title, meta, status, created_at, updated_at, last_inference_at,
                             last_at, turn_count, last_total_tokens)
        SELECT value ->> 0, coalesce(value ->> 1, (SELECT p.owner FROM session p WHERE p.id = value ->> 2), ''),
               value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 6, value ->> 6,
               value ->> 7, value ->> 8, value ->> 9
        FROM json_each($1) WHERE true
        ON CONFLICT (id) DO UPDATE SET
            title = CASE WHEN session.title = '' THEN excluded.title ELSE session.title END,
            meta = CASE WHEN excluded.meta = '' THEN session.meta ELSE excluded.meta END,
            status = CASE WHEN excluded.status = '' THEN session.status ELSE excluded.status END,
            updated_at = excluded.updated_at,
            last_inference_at = CASE WHEN excluded.turn_count > 0 THEN excluded.last_inference_at
                                     ELSE session.last_inference_at END,
            last_at = CASE WHEN excluded.turn_count > 0 THEN excluded.last_at ELSE session.last_at END,
            turn_count = session.turn_count + excluded.turn_count,
            last_total_tokens = coalesce(excluded.last_total_tokens, session.last_total_tokens)",
    insert_turns: "
        INSERT INTO turn (session, at, role, body)
        SELECT value ->> 0, value ->> 1, value ->> 2, CAST(substr($2, value ->> 3, value ->> 4) AS TEXT)
        FROM json_each($1)",
    insert_turn_blobs: "
        INSERT INTO turn_blob (session, at, hash)
        SELECT value ->> 0, value ->> 1, value ->> 2
        FROM json_each($1)",
    upsert_blobs: "
        INSERT INTO blob (hash, size, created_at)
        SELECT value ->> 0, value ->> 1, value ->> 2
        FROM json_each($1) WHERE true
        ON CONFLICT (hash) DO UPDATE SET
            created_at = CASE WHEN excluded.created_at > blob.created_at THEN excluded.created_at
                              ELSE blob.created_at END",
    insert_snapshots: "
        INSERT INTO snapshot (hash, created_at, body)
        SELECT value ->> 0, value ->> 1, CAST(substr($2, value ->> 2, value ->> 3) AS TEXT)
        FROM json_each($1) WHERE true
        ON CONFLICT (hash) DO NOTHING",
    insert_references: "
        INSERT INTO reference (root, kind, hash)
        SELECT value ->> 0, value ->> 1, value ->> 2
        FROM json_each($1) WHERE true
        ON CONFLICT (root, kind, hash) DO NOTHING",
    upsert_idempotency: "
        INSERT INTO idempotency (scope, key, body, root, created_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
        FROM json_each($1) WHERE true
        ON CONFLICT (scope, key) DO UPDATE SET
            body = excluded.body, root = excluded.root, created_at = excluded.created_at",
    upsert_revisions: "
        INSERT INTO revision (kind, name, hash, created_at, current_at, spec)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
               CAST(substr($2, value ->> 5, value ->> 6) AS TEXT)
        FROM json_each($1) WHERE true
        ON CONFLICT (kind, name, hash) DO UPDATE SET
            current_at = CASE WHEN excluded.current_at > revision.current_at THEN excluded.current_at
                              ELSE revision.current_at END",
};

static SEARCH: SearchSql = SearchSql {
    insert_turn: "INSERT INTO search_turn (rowid, content) VALUES ($1, $2)",
    delete_turns: "
        DELETE FROM search_turn WHERE rowid IN (SELECT t.number FROM turn t WHERE t.session = $1 AND t.at >= $2)",
    delete_title: "DELETE FROM search_title WHERE rowid = (SELECT s.number FROM session s WHERE s.id = $1)",
    insert_title: "INSERT INTO search_title (rowid, content) SELECT s.number, s.title FROM session s WHERE s.id = $1",
    find_turns: "
        SELECT s.id, s.title, t.at, t.body
        FROM search_turn f JOIN turn t ON t.number = f.rowid JOIN session s ON s.id = t.session
        WHERE search_turn MATCH $1 AND ($2 IS NULL OR s.owner = $2)
        ORDER BY f.rank LIMIT $3",
    find_titles: "
        SELECT s.id, s.title, s.last_at, ''
        FROM search_title f JOIN session s ON s.number = f.rowid
        WHERE search_title MATCH $1 AND ($2 IS NULL OR s.owner = $2)
        ORDER BY f.rank LIMIT $3",
};

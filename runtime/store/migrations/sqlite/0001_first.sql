-- Times are microseconds since the epoch, ids TEXT, JSON TEXT. Rows that are written on every turn have an integer
-- key of their own, so that their bodies are appended in order and only small index entries go to scattered pages.

CREATE TABLE snapshot (
    hash       TEXT   NOT NULL PRIMARY KEY,
    body       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE session (
    number            INTEGER PRIMARY KEY,
    id                TEXT   NOT NULL UNIQUE,
    owner             TEXT   NOT NULL,
    parent            TEXT,
    title             TEXT   NOT NULL,
    title_version     BIGINT NOT NULL DEFAULT 0,
    -- Raised by whatever makes work on older turns worthless: a revoke, a new summary.
    version           BIGINT NOT NULL DEFAULT 0,
    -- The empty text is idle.
    status            TEXT   NOT NULL,
    -- The empty text is an empty object.
    meta              TEXT   NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    last_inference_at BIGINT NOT NULL,
    -- The time of the last turn; 0 without one.
    last_at           BIGINT NOT NULL DEFAULT 0,
    turn_count        BIGINT NOT NULL DEFAULT 0,
    last_total_tokens BIGINT,
    summary           TEXT,
    summary_version   BIGINT NOT NULL DEFAULT 0,
    -- The time of the last turn that the summary covers; 0 without a summary.
    summarized_until  BIGINT NOT NULL DEFAULT 0,
    -- How many of the covered turns are told verbatim all the same.
    verbatim_from     BIGINT NOT NULL DEFAULT 0,
    summary_at        BIGINT
);
CREATE INDEX session_recent ON session (owner, last_inference_at DESC, id DESC);
CREATE INDEX session_parent ON session (parent) WHERE parent IS NOT NULL;
CREATE INDEX session_status ON session (id) WHERE status NOT IN ('', 'idle');

CREATE TABLE turn (
    number  INTEGER PRIMARY KEY,
    session TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    role    TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    UNIQUE (session, at)
);

CREATE TABLE memory (
    session           TEXT   NOT NULL,
    position          BIGINT NOT NULL,
    entry_type        TEXT   NOT NULL,
    content           TEXT   NOT NULL,
    source_turn_index BIGINT NOT NULL,
    confidence        DOUBLE NOT NULL,
    created_at        BIGINT NOT NULL,
    PRIMARY KEY (session, position)
);

CREATE TABLE run (
    number             INTEGER PRIMARY KEY,
    id                 TEXT   NOT NULL UNIQUE,
    kind               TEXT   NOT NULL,
    target             TEXT   NOT NULL,
    model              TEXT   NOT NULL,
    owner              TEXT   NOT NULL,
    session            TEXT,
    state              TEXT   NOT NULL,
    -- NULL once its journal is gone.
    snapshot           TEXT,
    event_version      BIGINT NOT NULL,
    lease_owner        TEXT,
    lease_expires_at   BIGINT NOT NULL DEFAULT 0,
    epoch              BIGINT NOT NULL DEFAULT 0,
    wake_at            BIGINT,
    last_seq           BIGINT NOT NULL,
    outcome            TEXT,
    input_tokens       BIGINT NOT NULL DEFAULT 0,
    output_tokens      BIGINT NOT NULL DEFAULT 0,
    cached_tokens      BIGINT NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT NOT NULL DEFAULT 0,
    reasoning_tokens   BIGINT NOT NULL DEFAULT 0,
    estimated          BIGINT NOT NULL DEFAULT 0,
    cost               BIGINT NOT NULL DEFAULT 0,
    created_at         BIGINT NOT NULL,
    started_at         BIGINT,
    updated_at         BIGINT NOT NULL,
    finished_at        BIGINT
);
CREATE INDEX run_session ON run (session, id) WHERE session IS NOT NULL;
-- Runs that are not over: queries say the same words, so that this small index serves them.
CREATE INDEX run_open ON run (created_at, id) WHERE state IN ('draft', 'queued', 'running', 'waiting');
-- What retention looks for: finished runs with a journal, and those without.
CREATE INDEX run_finished ON run (finished_at) WHERE finished_at IS NOT NULL AND snapshot IS NOT NULL;
CREATE INDEX run_bare ON run (finished_at) WHERE finished_at IS NOT NULL AND snapshot IS NULL;
-- One running or waiting run in a session: the batch asks before it writes, and this would stop it if it forgot.
CREATE UNIQUE INDEX run_active ON run (session) WHERE session IS NOT NULL AND state IN ('running', 'waiting');

-- One row for each append: its events as a JSON array, numbered seq to last.
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    root   TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    last   BIGINT NOT NULL,
    body   TEXT   NOT NULL,
    UNIQUE (root, seq)
);

-- Snapshots of ad-hoc children, and blobs, that a journal names.
CREATE TABLE reference (
    root TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (root, kind, hash)
) WITHOUT ROWID;
CREATE INDEX reference_hash ON reference (kind, hash);

CREATE TABLE idempotency (
    scope      TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    root       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE blob (
    hash       TEXT   NOT NULL PRIMARY KEY,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE revision (
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    spec       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    current_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name, hash)
);

-- Words of turns and titles. Turns are indexed later than they are written, off the path of a run: `search_cursor`
-- says up to which one.
CREATE VIRTUAL TABLE search_turn USING fts5 (content, content = '', contentless_delete = 1);
CREATE VIRTUAL TABLE search_title USING fts5 (content, content = '', contentless_delete = 1);
CREATE TABLE search_cursor (indexed BIGINT NOT NULL);
INSERT INTO search_cursor (indexed) VALUES (0);

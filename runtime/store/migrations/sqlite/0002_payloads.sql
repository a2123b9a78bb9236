-- Payloads of turns that lie in blobs. Those of events are in `reference`, as everything that a journal names.
CREATE TABLE turn_blob (
    session TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    hash    TEXT   NOT NULL,
    PRIMARY KEY (session, at, hash)
) WITHOUT ROWID;
CREATE INDEX turn_blob_hash ON turn_blob (hash);

-- What a person does with a session in the list: 1 is yes. Its workspace is the folder that its runs work in where they
-- name none; NULL without one.
ALTER TABLE session ADD COLUMN pinned    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN archived  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN workspace TEXT;

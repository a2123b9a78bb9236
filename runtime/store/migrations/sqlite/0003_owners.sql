-- A user's runs, newest first. Over folders nobody owns anything, and nothing is indexed.
CREATE INDEX run_owned ON run (owner, id) WHERE owner <> '';

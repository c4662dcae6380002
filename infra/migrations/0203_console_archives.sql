-- Runs that were imported as files: history that no log of this installation has.

CREATE TABLE console_archives (
    tenant      text   NOT NULL,
    run_id      text   NOT NULL,
    digest      text   NOT NULL,    -- of its facts: the same history has the same one
    facts       integer NOT NULL,
    content     bytea  NOT NULL,    -- the file, as it was verified
    imported_by text   NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, run_id)
);

-- A run is usually named without its tenant.
CREATE INDEX console_archives_by_id ON console_archives (run_id);

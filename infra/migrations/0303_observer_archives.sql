-- Runs whose facts lie in files, and orders to archive or delete runs, with the proof of each.

CREATE TABLE observer_archives (
    tenant        text   NOT NULL,
    run_id        text   NOT NULL,
    place         text   NOT NULL,    -- below the folder of archives
    file_sha256   text   NOT NULL,
    digest        text   NOT NULL,    -- of its facts, as the tombstone names it
    facts         integer NOT NULL,
    bytes         bigint NOT NULL,    -- before it was packed
    last_sequence bigint NOT NULL,    -- of its own facts: up to here they may leave the log
    -- Whose it is and what it grew from: deletion finds it when no list has it any more.
    customer      text,
    user_name     text,
    grown_from    text,
    parent_run    text,
    ended_at      timestamptz NOT NULL,
    written_at    timestamptz NOT NULL DEFAULT now(),
    purged_at     timestamptz,        -- NULL until the log has its tombstone alone
    PRIMARY KEY (tenant, run_id)
);

CREATE INDEX observer_archives_unpurged ON observer_archives (written_at) WHERE purged_at IS NULL;
CREATE INDEX observer_archives_by_id ON observer_archives (run_id);
CREATE INDEX observer_archives_by_customer ON observer_archives (tenant, customer);
CREATE INDEX observer_archives_by_user ON observer_archives (tenant, user_name);
CREATE INDEX observer_archives_by_origin ON observer_archives (tenant, grown_from);
CREATE INDEX observer_archives_by_parent ON observer_archives (tenant, parent_run);

-- Whom other runs still read; few runs have any of these.
CREATE INDEX console_runs_by_parent ON console_runs (tenant, parent_run)
    WHERE parent_run IS NOT NULL;
CREATE INDEX console_runs_by_fork ON console_runs (tenant, fork_of) WHERE fork_of IS NOT NULL;
CREATE INDEX console_runs_by_continues ON console_runs (tenant, continues)
    WHERE continues IS NOT NULL;
CREATE INDEX console_runs_by_user ON console_runs (tenant, user_name)
    WHERE user_name IS NOT NULL;
CREATE INDEX console_runs_unarchived ON console_runs (ended_at, tenant, run_id)
    WHERE ended_at IS NOT NULL AND archived_at IS NULL;

-- The console asks, the observer works them off. They are kept: a deletion is proved by its row.
CREATE TABLE observer_orders (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text   NOT NULL CHECK (kind IN ('archive', 'delete', 'forget')),
    is_dry        boolean NOT NULL DEFAULT false,
    tenant        text   NOT NULL,
    run_id        text,
    customer      text,               -- both go when the person is forgotten
    user_name     text,
    person_sha256 text,               -- who is asked about later is found by this
    reason        text   NOT NULL,
    asked_by      text   NOT NULL,
    asked_at      timestamptz NOT NULL DEFAULT now(),
    state         text   NOT NULL DEFAULT 'asked'
                  CHECK (state IN ('asked', 'running', 'done', 'refused', 'failed')),
    tries         integer NOT NULL DEFAULT 0,
    ended_at      timestamptz,
    answer        text   NOT NULL DEFAULT '',
    remains       text[] NOT NULL DEFAULT '{}'    -- what it did not reach
);

CREATE INDEX observer_orders_open ON observer_orders (id) WHERE state IN ('asked', 'running');

CREATE TABLE observer_order_runs (
    order_id  bigint NOT NULL REFERENCES observer_orders,
    number    integer NOT NULL,       -- in this order: what reads another goes before it
    tenant    text   NOT NULL,
    run_id    text   NOT NULL,
    evidence  jsonb,                  -- what there was, noted before anything of it is removed
    tombstone bigint,                 -- what the log keeps of it
    erased_at timestamptz,
    PRIMARY KEY (order_id, tenant, run_id)
);

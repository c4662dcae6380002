-- What lists of runs are filtered, sorted and searched by. Rows from before this file have none of it
-- until their runs change, or until they are rebuilt: interlock projections rebuild.

ALTER TABLE console_runs
    ADD COLUMN user_name          text,
    ADD COLUMN input              text    NOT NULL DEFAULT '',   -- its beginning
    ADD COLUMN parent_run         text,
    ADD COLUMN fork_of            text,
    ADD COLUMN continues          text,
    ADD COLUMN metadata           jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN agent_version      text,
    ADD COLUMN root_run           text,
    ADD COLUMN is_shadow          boolean NOT NULL DEFAULT false,
    ADD COLUMN started_sequence   bigint  NOT NULL DEFAULT 0,
    ADD COLUMN tools              text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN models             text[]  NOT NULL DEFAULT '{}', -- provider/model
    ADD COLUMN reasons            text[]  NOT NULL DEFAULT '{}', -- of its reviews
    ADD COLUMN rule               text,                          -- why it failed
    ADD COLUMN duration_ms        bigint,                        -- from submission to end
    ADD COLUMN score              double precision,
    ADD COLUMN passed             boolean,
    ADD COLUMN evaluated_sequence bigint  NOT NULL DEFAULT 0,
    ADD COLUMN archived_at        timestamptz,
    ADD COLUMN rebuild            bigint  NOT NULL DEFAULT 0;    -- the last that looked at this row

-- One index for each order of lists, and for what a list is asked for most. Whatever else it is
-- asked for is a term below: a step writes a row of console_runs, and every index here costs then.
CREATE INDEX console_runs_by_tenant ON console_runs (tenant, submitted_sequence DESC);
CREATE INDEX console_runs_by_time ON console_runs (submitted_at);
CREATE INDEX console_runs_by_cost ON console_runs (cost_micro_usd DESC, submitted_sequence DESC);
CREATE INDEX console_runs_by_duration ON console_runs (duration_ms DESC, submitted_sequence DESC)
    WHERE duration_ms IS NOT NULL;
CREATE INDEX console_runs_by_score ON console_runs (score) WHERE score IS NOT NULL;
CREATE INDEX console_runs_archived ON console_runs (ended_at) WHERE archived_at IS NOT NULL;

-- Written where a term or a text changes, which is a few times a run and not at each step.
CREATE TABLE console_run_search (
    tenant text     NOT NULL,
    run_id text     NOT NULL,
    terms  text[]   NOT NULL,    -- such as tool:issue_refund and meta:ticket=T-9
    words  tsvector NOT NULL,    -- of input, answer, end and reviews; and the id, after a #
    PRIMARY KEY (tenant, run_id),
    FOREIGN KEY (tenant, run_id) REFERENCES console_runs ON DELETE CASCADE
);

CREATE INDEX console_run_search_terms ON console_run_search USING gin (terms);
CREATE INDEX console_run_search_words ON console_run_search USING gin (words);

-- Whoever takes a run out of the lists takes its reviews with it.
ALTER TABLE console_reviews
    ADD FOREIGN KEY (tenant, run_id) REFERENCES console_runs ON DELETE CASCADE;

-- Orders to build the rows again, and how far each has come. One is open at a time.
CREATE TABLE observer_rebuilds (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state      text        NOT NULL DEFAULT 'asked'
               CHECK (state IN ('asked', 'running', 'done', 'failed')),
    asked_by   text        NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT now(),
    beat_at    timestamptz NOT NULL DEFAULT now(),    -- whoever works on it was alive then
    ended_at   timestamptz,
    position   bigint      NOT NULL DEFAULT 0,        -- in the log
    until      bigint      NOT NULL DEFAULT 0,
    rebuilt    bigint      NOT NULL DEFAULT 0,        -- runs
    differed   bigint      NOT NULL DEFAULT 0,        -- of them, whose rows were others before
    removed    bigint      NOT NULL DEFAULT 0,        -- rows of runs that nothing tells of
    reason     text        NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX observer_rebuilds_open ON observer_rebuilds ((true))
    WHERE state IN ('asked', 'running');

-- The console's read models. They hold nothing that the log does not: to rebuild them, empty both
-- tables and let the durable consumer `console` begin again.

CREATE TABLE console_runs (
    tenant             text   NOT NULL,
    run_id             text   NOT NULL,
    status             text   NOT NULL DEFAULT 'submitted',
    agent              text   NOT NULL DEFAULT '',
    customer           text,
    feature            text,
    submitted_at       timestamptz,
    submitted_sequence bigint NOT NULL DEFAULT 0,
    started_at         timestamptz,
    steps              integer NOT NULL DEFAULT 0,
    cost_micro_usd     bigint NOT NULL DEFAULT 0,
    -- {"<step>-<attempt>": [sequence, micro-dollars]}: the latest settlement of an attempt counts.
    costs              jsonb  NOT NULL DEFAULT '{}',
    reviews_asked      text[] NOT NULL DEFAULT '{}',
    reviews_decided    text[] NOT NULL DEFAULT '{}',
    run_end            text,
    end_sequence       bigint NOT NULL DEFAULT 0,
    ended_at           timestamptz,
    why                text   NOT NULL DEFAULT '',
    answer             text,
    last_sequence      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, run_id)
);

CREATE INDEX console_runs_newest ON console_runs (submitted_sequence DESC);
CREATE INDEX console_runs_by_status ON console_runs (status, submitted_sequence DESC);
CREATE INDEX console_runs_by_agent ON console_runs (agent, submitted_sequence DESC);
CREATE INDEX console_runs_by_customer ON console_runs (customer, submitted_sequence DESC);
-- A run is usually named without its tenant.
CREATE INDEX console_runs_by_id ON console_runs (run_id);

CREATE TABLE console_reviews (
    tenant           text   NOT NULL,
    run_id           text   NOT NULL,
    review_id        text   NOT NULL,
    state            text   NOT NULL DEFAULT 'open',
    -- The question and the decision, as their facts say them; jsonb would refuse a NUL in them.
    asked            json,
    asked_at         timestamptz,
    decided          json,
    decided_at       timestamptz,
    decided_sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, run_id, review_id)
);

CREATE INDEX console_reviews_by_state ON console_reviews (state, asked_at);

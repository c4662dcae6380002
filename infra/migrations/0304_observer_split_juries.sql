-- What juries could not agree on, as {metric: why}, and by which metrics people labelled the run.

ALTER TABLE console_runs
    ADD COLUMN split_juries jsonb  NOT NULL DEFAULT '{}',
    ADD COLUMN labelled     text[] NOT NULL DEFAULT '{}';

-- Runs that wait for others to end, and runs that stand still.

ALTER TABLE console_runs ADD COLUMN is_queued boolean NOT NULL DEFAULT false;
-- Pauses are numbered: one that was not resumed is in force.
ALTER TABLE console_runs ADD COLUMN paused_number integer NOT NULL DEFAULT 0;
ALTER TABLE console_runs ADD COLUMN resumed_number integer NOT NULL DEFAULT 0;

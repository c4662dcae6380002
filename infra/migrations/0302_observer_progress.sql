-- When something was last heard of a run: one that is under way and stands still is stuck.

ALTER TABLE console_runs ADD COLUMN moved_at timestamptz;
UPDATE console_runs SET moved_at = coalesce(ended_at, started_at, submitted_at);

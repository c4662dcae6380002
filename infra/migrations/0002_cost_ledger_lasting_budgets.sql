-- What the ledger's gauges look at every few seconds: every budget but those of runs, which are as
-- many as there ever were runs.
CREATE INDEX lasting_budgets ON budgets (id) WHERE id NOT LIKE 'run:%';

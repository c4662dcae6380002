-- How often whom has asked the API: one bucket a row, counted by all replicas of the console.

-- Unlogged: a crash forgets a minute of counts, and no request waits for a disk.
CREATE UNLOGGED TABLE console_rates (
    name    text        PRIMARY KEY,  -- the limit, and a key or an address
    full_at timestamptz NOT NULL      -- when the bucket is full again: then the row may go
);

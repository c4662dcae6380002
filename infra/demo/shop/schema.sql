-- A small shop. A schema of its own keeps it apart from what Interlock itself stores.
CREATE SCHEMA IF NOT EXISTS shop;

CREATE TABLE IF NOT EXISTS shop.customers (
    customer_id text PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS shop.orders (
    order_id    text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES shop.customers,
    item        text NOT NULL,
    total       numeric(10, 2) NOT NULL CHECK (total > 0),
    ordered_on  date NOT NULL,
    status      text NOT NULL CHECK (status IN ('paid', 'shipped', 'delivered', 'lost')),
    parcel      text
);

CREATE TABLE IF NOT EXISTS shop.refunds (
    refund_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    order_id        text NOT NULL REFERENCES shop.orders,
    amount          numeric(10, 2) NOT NULL CHECK (amount > 0),
    reason          text NOT NULL,
    refunded_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS shop.sent_emails (
    email_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    recipient       text NOT NULL,
    subject         text NOT NULL,
    body            text NOT NULL,
    sent_at         timestamptz NOT NULL DEFAULT now()
);

-- One row for every execution of a tool that changes something, also of a repeated one: a test of
-- crashes counts them, where the tables above only tell that the repeats did no harm.
CREATE TABLE IF NOT EXISTS shop.effects (
    idempotency_key text NOT NULL,
    tool            text NOT NULL,
    executed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS effects_by_key ON shop.effects (idempotency_key);

-- The money ledger. All amounts are whole micro-dollars.
--
-- A budget row carries its own sums, so that a hold locks as many rows as it has budgets and reads
-- nothing else. `entries` has every movement of those sums: trial_balance says whether they agree.

CREATE TABLE budgets (
    id                  text PRIMARY KEY,   -- 'tenant:acme@2026-11', 'run:acme/r-1'
    tenant              text   NOT NULL,
    cap_micro_usd       bigint NOT NULL,
    held_micro_usd      bigint NOT NULL DEFAULT 0 CHECK (held_micro_usd >= 0),
    settled_micro_usd   bigint NOT NULL DEFAULT 0 CHECK (settled_micro_usd >= 0),
    liability_micro_usd bigint NOT NULL DEFAULT 0 CHECK (liability_micro_usd >= 0),
    -- What bills brought above their holds. It was never promised, so it stands beside the cap.
    overrun_micro_usd   bigint NOT NULL DEFAULT 0 CHECK (overrun_micro_usd >= 0),
    -- Why no further hold is taken; NULL while holds are taken.
    frozen              text CHECK (frozen IN ('overrun', 'cap_lowered', 'run_ended')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT never_above_cap
        CHECK (settled_micro_usd + held_micro_usd + liability_micro_usd <= cap_micro_usd)
) WITH (fillfactor = 50);  -- room for updates in place: a tenant's row changes with every call

CREATE INDEX budgets_of_tenant ON budgets (tenant);

CREATE TABLE holds (
    id              text PRIMARY KEY,       -- id of the request fact: one request, one hold
    tenant          text   NOT NULL,
    customer        text,
    feature         text,
    agent           text   NOT NULL,
    run_id          text   NOT NULL,
    step            int    NOT NULL,
    attempt         int    NOT NULL,
    alias           text   NOT NULL,
    budgets         text[] NOT NULL,
    amount_micro_usd bigint NOT NULL CHECK (amount_micro_usd >= 0),
    terms           jsonb  NOT NULL,        -- prices and bounds that the hold was taken under
    answer          jsonb  NOT NULL,        -- what was left of each budget, or why it was refused
    state           text   NOT NULL
        CHECK (state IN ('held', 'refused', 'settled', 'released', 'liability', 'overrun')),
    provider        text,
    model           text,
    cost_micro_usd  bigint NOT NULL DEFAULT 0 CHECK (cost_micro_usd >= 0),
    resolved_by     text,                   -- id of the fact that brought it to its state
    resolution      jsonb,                  -- the body of money.settled
    created_at      timestamptz NOT NULL DEFAULT now(),
    resolved_at     timestamptz
) WITH (fillfactor = 70);

CREATE INDEX holds_of_run ON holds (tenant, run_id);
CREATE INDEX holds_in_time ON holds (tenant, created_at);

CREATE TABLE entries (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold_id             text   NOT NULL,
    budget_id           text   NOT NULL,
    movement            text   NOT NULL,    -- 'held', or the state that the hold came to
    held_micro_usd      bigint NOT NULL,
    settled_micro_usd   bigint NOT NULL,
    liability_micro_usd bigint NOT NULL,
    overrun_micro_usd   bigint NOT NULL,
    cause_id            text   NOT NULL,
    at                  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX entries_of_budget ON entries (budget_id);


-- One hold on every budget, or on none. A request that has an answer gets that answer again.
CREATE FUNCTION take_hold(
    p_id text, p_tenant text, p_customer text, p_feature text, p_agent text, p_run_id text,
    p_step int, p_attempt int, p_alias text, p_amount bigint, p_terms jsonb,
    p_budgets text[], p_caps bigint[]
) RETURNS SETOF holds LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
    v_state  text := 'held';
BEGIN
    -- In id order here and below, so that two holds never wait for each other.
    INSERT INTO budgets (id, tenant, cap_micro_usd)
    SELECT b.id, p_tenant, b.cap FROM unnest(p_budgets, p_caps) AS b (id, cap) ORDER BY b.id
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM budgets WHERE id = ANY (p_budgets) ORDER BY id FOR UPDATE;

    -- Only now: another replica may have answered the same request while this one waited.
    RETURN QUERY SELECT * FROM holds WHERE id = p_id;
    IF FOUND THEN RETURN; END IF;

    SELECT jsonb_build_object('budget', b.id, 'frozen', b.frozen, 'remaining_micro_usd', b.remaining)
    INTO v_answer
    FROM (SELECT id, frozen,
                 cap_micro_usd - settled_micro_usd - held_micro_usd - liability_micro_usd AS remaining
          FROM budgets WHERE id = ANY (p_budgets)) AS b
    WHERE b.frozen IS NOT NULL OR b.remaining < p_amount
    ORDER BY b.frozen = 'run_ended' DESC NULLS LAST, b.frozen NULLS LAST, b.remaining, b.id LIMIT 1;

    IF FOUND THEN
        v_state := 'refused';
    ELSE
        WITH moved AS (
            UPDATE budgets SET held_micro_usd = held_micro_usd + p_amount
            WHERE id = ANY (p_budgets)
            RETURNING id, cap_micro_usd - settled_micro_usd - held_micro_usd - liability_micro_usd
                AS remaining
        ), entered AS (
            INSERT INTO entries (hold_id, budget_id, movement, held_micro_usd, settled_micro_usd,
                                 liability_micro_usd, overrun_micro_usd, cause_id)
            SELECT p_id, id, 'held', p_amount, 0, 0, 0, p_id FROM moved
        )
        SELECT jsonb_agg(jsonb_build_object('budget', id, 'remaining_micro_usd', remaining)
                         ORDER BY id)
        INTO v_answer FROM moved;
    END IF;

    RETURN QUERY
    INSERT INTO holds (id, tenant, customer, feature, agent, run_id, step, attempt, alias, budgets,
                       amount_micro_usd, terms, answer, state)
    VALUES (p_id, p_tenant, p_customer, p_feature, p_agent, p_run_id, p_step, p_attempt, p_alias,
            p_budgets, p_amount, p_terms, v_answer, v_state)
    RETURNING *;
END $$;


-- Bring a hold from the state it was seen in to the next, and move the sums of its budgets.
-- False where it is in another state by now: look again, decide again.
CREATE FUNCTION resolve_hold(
    p_id text, p_from text, p_to text, p_held bigint, p_settled bigint, p_liability bigint,
    p_overrun bigint, p_cost bigint, p_provider text, p_model text, p_cause text, p_resolution jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_budgets text[];
BEGIN
    UPDATE holds
    SET state = p_to, cost_micro_usd = p_cost, resolved_by = p_cause, resolution = p_resolution,
        provider = coalesce(p_provider, provider), model = coalesce(p_model, model),
        resolved_at = now()
    WHERE id = p_id AND state = p_from
    RETURNING budgets INTO v_budgets;
    IF NOT FOUND THEN RETURN false; END IF;

    PERFORM 1 FROM budgets WHERE id = ANY (v_budgets) ORDER BY id FOR UPDATE;
    WITH moved AS (
        UPDATE budgets
        SET held_micro_usd      = held_micro_usd + p_held,
            settled_micro_usd   = settled_micro_usd + p_settled,
            liability_micro_usd = liability_micro_usd + p_liability,
            overrun_micro_usd   = overrun_micro_usd + p_overrun,
            frozen              = CASE WHEN p_to = 'overrun' THEN 'overrun' ELSE frozen END
        WHERE id = ANY (v_budgets)
        RETURNING id
    )
    INSERT INTO entries (hold_id, budget_id, movement, held_micro_usd, settled_micro_usd,
                         liability_micro_usd, overrun_micro_usd, cause_id)
    SELECT p_id, id, p_to, p_held, p_settled, p_liability, p_overrun, p_cause FROM moved;
    RETURN true;
END $$;


-- No further hold for this run, even one that is on its way here. The row is made if it is absent.
CREATE FUNCTION close_run(p_budget text, p_tenant text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO budgets (id, tenant, cap_micro_usd, frozen)
    VALUES (p_budget, p_tenant, 0, 'run_ended')
    ON CONFLICT (id) DO UPDATE SET frozen = coalesce(budgets.frozen, 'run_ended')
$$;


-- A cap that is lowered below what is already spent or promised freezes the budget at that.
CREATE FUNCTION set_cap(p_budget text, p_tenant text, p_cap bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO budgets AS b (id, tenant, cap_micro_usd) VALUES (p_budget, p_tenant, p_cap)
    ON CONFLICT (id) DO UPDATE SET
        cap_micro_usd = greatest(
            p_cap, b.settled_micro_usd + b.held_micro_usd + b.liability_micro_usd),
        frozen = CASE
            WHEN b.frozen IN ('overrun', 'run_ended') THEN b.frozen
            WHEN p_cap < b.settled_micro_usd + b.held_micro_usd + b.liability_micro_usd
                THEN 'cap_lowered'
        END
$$;


-- A person has looked into an overrun. The cap still has to leave room for the next hold.
CREATE FUNCTION unfreeze_budget(p_budget text) RETURNS void LANGUAGE sql AS $$
    UPDATE budgets SET frozen = NULL WHERE id = p_budget AND frozen = 'overrun'
$$;


-- The views are the surface of this ledger: whoever reports reads these, and no table.

-- One row for each attempt at a model call that was funded, with what it cost and for whom.
CREATE VIEW cost_by_attempt AS
SELECT tenant, customer, feature, agent, run_id AS run, step, attempt, alias,
       provider, model, state,
       CASE WHEN state IN ('settled', 'overrun') THEN cost_micro_usd ELSE 0 END AS cost_micro_usd,
       CASE WHEN state = 'liability' THEN amount_micro_usd ELSE 0 END AS liability_micro_usd,
       CASE WHEN state = 'held' THEN amount_micro_usd ELSE 0 END AS held_micro_usd,
       created_at, resolved_at
FROM holds
WHERE state <> 'refused';

CREATE VIEW budget_status AS
SELECT id AS budget, tenant, cap_micro_usd, settled_micro_usd, held_micro_usd, liability_micro_usd,
       overrun_micro_usd,
       CASE WHEN frozen IS NULL
            THEN cap_micro_usd - settled_micro_usd - held_micro_usd - liability_micro_usd
            ELSE 0 END AS remaining_micro_usd,
       frozen, created_at
FROM budgets;

-- Sums against movements. In a sound ledger every difference is 0.
CREATE VIEW trial_balance AS
SELECT b.id AS budget, b.tenant,
       b.held_micro_usd      - coalesce(e.held, 0)      AS held_difference,
       b.settled_micro_usd   - coalesce(e.settled, 0)   AS settled_difference,
       b.liability_micro_usd - coalesce(e.liability, 0) AS liability_difference,
       b.overrun_micro_usd   - coalesce(e.overrun, 0)   AS overrun_difference
FROM budgets AS b
LEFT JOIN (
    SELECT budget_id, sum(held_micro_usd) AS held, sum(settled_micro_usd) AS settled,
           sum(liability_micro_usd) AS liability, sum(overrun_micro_usd) AS overrun
    FROM entries GROUP BY budget_id
) AS e ON e.budget_id = b.id;

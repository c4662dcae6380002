"""The ledger's own tables, read once everything is over."""

from dataclasses import dataclass

import asyncpg

from .producer import TENANT

READ_SECONDS = 10.0
OVER_CAP = """
SELECT count(*) FROM budgets
WHERE settled_micro_usd + held_micro_usd + liability_micro_usd > cap_micro_usd
"""
UNBALANCED = """
SELECT count(*) FROM trial_balance WHERE (held_difference, settled_difference,
    liability_difference, overrun_difference) IS DISTINCT FROM (0, 0, 0, 0)
"""
COSTS = """
SELECT run_id, sum(cost_micro_usd) AS cost FROM holds
WHERE tenant = $1 AND state IN ('settled', 'overrun') GROUP BY run_id
"""
STILL_HELD = "SELECT count(*) FROM holds WHERE tenant = $1 AND state = 'held'"


@dataclass(frozen=True, slots=True)
class Books:
    """What PostgreSQL says of the money."""

    budgets_over_cap: int
    budgets_unbalanced: int
    holds_open: int
    cost_of_run: dict[str, int]


async def read_books(dsn: str) -> Books:
    """Budgets above their cap or out of balance, and what each run was billed."""
    connection = await asyncpg.connect(dsn, timeout=READ_SECONDS)
    try:
        costs = await connection.fetch(COSTS, TENANT)
        return Books(
            budgets_over_cap=await connection.fetchval(OVER_CAP),
            budgets_unbalanced=await connection.fetchval(UNBALANCED),
            holds_open=await connection.fetchval(STILL_HELD, TENANT),
            cost_of_run={row["run_id"]: int(row["cost"]) for row in costs},
        )
    finally:
        await connection.close()

"""What each service may do with which table, by a role of its own; whoever migrates owns them all.

A table that stands here with no role is nobody's but the owner's. Where a list of columns follows,
the rest of a row is not theirs to write: a hold keeps its amount, an order whom it was asked by.
"""

from collections.abc import Mapping

import asyncpg

from contracts.subjects import CONSOLE, LEDGER, OBSERVER

# The services that keep something in the database, and as whom they come.
SERVICE_ROLES: Mapping[str, str] = {
    service: f"interlock_{service}" for service in (LEDGER, OBSERVER, CONSOLE)
}
WRITES = "SELECT, INSERT, UPDATE, DELETE"
READS = "SELECT"

GRANTS: Mapping[str, Mapping[str, str]] = {
    LEDGER: {
        "schema_migrations": READS,
        "budgets": "SELECT, INSERT, UPDATE",
        "holds": "SELECT, INSERT, UPDATE (state, provider, model, cost_micro_usd, resolved_by, "
        "resolution, resolved_at)",
        "entries": "INSERT",
        "budget_status": READS,
    },
    OBSERVER: {
        "schema_migrations": READS,
        "console_runs": WRITES,
        "console_reviews": WRITES,
        "console_run_search": WRITES,
        # An imported file goes with the person that it is about.
        "console_archives": "SELECT, DELETE",
        "observer_archives": WRITES,
        "observer_rebuilds": "SELECT, UPDATE (state, beat_at, ended_at, position, until, rebuilt, "
        "differed, removed, reason)",
        "observer_orders": "SELECT, UPDATE (state, tries, ended_at, answer, remains, customer, "
        "user_name)",
        "observer_order_runs": "SELECT, INSERT (order_id, number, tenant, run_id), "
        "UPDATE (evidence, tombstone, erased_at)",
    },
    CONSOLE: {
        "schema_migrations": READS,
        "cost_by_attempt": READS,
        "console_runs": READS,
        "console_reviews": READS,
        "console_run_search": READS,
        "console_archives": "SELECT, INSERT",
        "console_rates": WRITES,
        "observer_archives": READS,
        "observer_rebuilds": "SELECT, INSERT (asked_by)",
        "observer_orders": "SELECT, INSERT (kind, is_dry, tenant, run_id, customer, user_name, "
        "person_sha256, reason, asked_by)",
        "observer_order_runs": READS,
    },
}
KNOWN = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)"


async def grant(connection: asyncpg.Connection) -> None:
    """Leave the roles that there are with these rights and no others. Again changes nothing.

    Raises:
        asyncpg.PostgresError: a table is not there, or is not ours to give.
    """
    roles = list(SERVICE_ROLES.values())
    known = {row["rolname"] for row in await connection.fetch(KNOWN, roles)}
    async with connection.transaction():
        for service, role in SERVICE_ROLES.items():
            if role in known:
                await connection.execute(rights_of(service))


def rights_of(service: str) -> str:
    """The statements that leave the role of a service with its rights alone."""
    role = SERVICE_ROLES[service]
    given = (f"GRANT {what} ON {table} TO {role};" for table, what in GRANTS[service].items())
    taken = f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};"
    return "\n".join((taken, *given))

"""The state of the world after a run: rows of a database that the operator named, only read.

A query comes from whoever may submit a trial. It runs as one statement in a read-only transaction,
within limits of time and rows, and with what the role of its DSN may see: give it a role that may
see no more than people who write suites.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

import asyncpg
from pydantic import JsonValue, SecretStr

from contracts.evaluation import AssertionResult
from contracts.history import Run
from contracts.history.lineage import is_shadow
from contracts.scoring import ROWS_LIMIT, Database
from services.evaluator.rules import result
from services.evaluator.scorers.outcome import Outcome, short
from services.evaluator.scorers.world import Row, rows_are

CONNECT_SECONDS = 5.0
QUERY_SECONDS = 10.0
# The database gives up first, and says so better than a connection that heard nothing.
ANSWER_SECONDS = 2.0


class Databases:
    """The databases of the settings, by the names that suites use."""

    def __init__(self, dsns: Mapping[str, SecretStr]) -> None:
        self._dsns = dict(dsns)

    async def score(self, run: Run, scorer: Database) -> AssertionResult:
        """Whether the database holds the rows that it should after this run.

        Undecided where it cannot be asked, and of a run that could not have changed it.
        """
        return result(scorer, await self._outcome(run, scorer))

    async def _outcome(self, run: Run, scorer: Database) -> Outcome:
        if is_shadow(run):
            return Outcome(None, "its tools were stubbed: no row in a database is of this run")
        dsn = self._dsns.get(scorer.database)
        if dsn is None:
            known = ", ".join(self._dsns) or "none"
            return Outcome(None, f"no database is named {scorer.database!r}; known: {known}")
        try:
            rows = await _rows(dsn.get_secret_value(), scorer.query, run.run_id)
        except TimeoutError:
            return Outcome(None, f"{scorer.database} could not be asked: timeout")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            told = short(str(error)) or type(error).__name__
            return Outcome(None, f"{scorer.database} could not be asked: {told}")
        return rows_are(rows, scorer)


async def _rows(dsn: str, query: str, run_id: str) -> list[Row]:
    """The rows of a query. `$1` in it is the id of the run.

    Raises:
        PostgresError, InterfaceError, OSError: nobody answers, or the query is refused.
        ValueError: too many rows, or parameters beside the run's id.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=QUERY_SECONDS + ANSWER_SECONDS,
        server_settings={"statement_timeout": str(int(QUERY_SECONDS * 1000))},
    )
    try:
        async with connection.transaction(readonly=True):
            statement = await connection.prepare(query)
            parameters = len(statement.get_parameters())
            if parameters > 1:
                raise ValueError(f"it has {parameters} parameters; $1 is the run's id")
            cursor = await statement.cursor(*([run_id] * parameters))
            found = await cursor.fetch(ROWS_LIMIT + 1)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    if len(found) > ROWS_LIMIT:
        raise ValueError(f"it gives more than {ROWS_LIMIT} rows; ask for fewer")
    return [{name: _json(value) for name, value in record.items()} for record in found]


def _json(value: object) -> JsonValue:
    """A value as JSON has it: a number by its value, what JSON has no kind for as its text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal() if value.is_finite():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_json(one) for one in value]
        case _:
            return str(value)

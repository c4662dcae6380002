"""The fake payment back end: a process of its own that counts, durably, what it was told to charge.

    python -m infra.chaos.counter --port N --file FILE

It is never killed: it stands for the world outside, which does not crash when we do. It takes a
moment before it charges and another before it answers, and charges also when nobody listens any
more, as a real one does.
"""

import argparse
import asyncio
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

MOMENT_SECONDS = 0.3
CLIENT_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    number INTEGER PRIMARY KEY, tool TEXT NOT NULL, run TEXT NOT NULL, call TEXT NOT NULL,
    attempt INTEGER NOT NULL, key TEXT UNIQUE, amount INTEGER NOT NULL)
"""
# A key that was seen charges nothing more; without one, every request charges.
CHARGE = """
INSERT INTO charges (tool, run, call, attempt, key, amount)
VALUES (:tool, :run, :call, :attempt, :key, :amount) ON CONFLICT (key) DO NOTHING
"""
LOOK = "SELECT tool, run, call, attempt, amount FROM charges ORDER BY number"


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that was taken, once."""

    tool: str
    run: str
    call: str
    attempt: int
    amount: int


class Charges:
    """Every charge, in one file, flushed before it is acknowledged."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(self._connect()) as database, database:
            database.execute(SCHEMA)

    def charge(self, asked: dict[str, object]) -> bool:
        """Charge; False if the key had been charged before."""
        with closing(self._connect()) as database, database:
            return database.execute(CHARGE, asked).rowcount == 1

    def all(self) -> list[Charge]:
        """What was charged, in order."""
        with closing(self._connect()) as database:
            return [Charge(*row) for row in database.execute(LOOK)]

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file)
        database.execute("PRAGMA synchronous = FULL")
        return database


def counter_app(charges: Charges) -> Starlette:
    """`POST /charges` charges, `GET /charges` tells."""

    async def post(request: Request) -> JSONResponse:
        asked = await request.json()
        await asyncio.sleep(random.uniform(0, MOMENT_SECONDS))  # noqa: S311  a pause is no secret
        charged = charges.charge(asked)
        await asyncio.sleep(random.uniform(0, MOMENT_SECONDS))  # noqa: S311  as above
        return JSONResponse({"charged": charged})

    async def get(_: Request) -> JSONResponse:
        return JSONResponse([asdict(charge) for charge in charges.all()])

    return Starlette(
        routes=[
            Route("/charges", post, methods=["POST"]),
            Route("/charges", get, methods=["GET"]),
        ]
    )


class CounterClient:
    """How others look at the counter."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def all(self) -> list[Charge]:
        """Every charge so far.

        Raises:
            httpx.HTTPError: it did not answer.
        """
        async with httpx.AsyncClient(timeout=CLIENT_SECONDS) as client:
            told = (await client.get(f"{self._url}/charges")).raise_for_status()
        return [Charge(**one) for one in told.json()]

    async def has_charged(self, run: str, call: str) -> bool:
        """Whether a call took effect.

        Raises:
            httpx.HTTPError: it did not answer.
        """
        return happened(await self.all(), run, call) > 0


def happened(charges: Sequence[Charge], run: str, call: str) -> int:
    """How often a call took effect."""
    return sum((one.run, one.call) == (run, call) for one in charges)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.chaos.counter", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    uvicorn.run(
        counter_app(Charges(options.file)),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()

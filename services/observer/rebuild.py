"""Builds the rows of every run again from its facts, while lists go on being answered.

It goes run by run: the row is locked, the facts are read, and what they say takes the place of the
row. A fact that is projected meanwhile waits for the lock and is added after it. So no list ever
misses a run, it may be broken off and begun again at any time, and what it counts as different is
the proof of how right the rows were. Rows of runs that neither log nor archive tell of go.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from contracts.envelope import Fact
from contracts.hearings import HEARINGS
from contracts.shape import Body
from contracts.subjects import OBSERVER
from services.observer.adapters.history import History
from services.observer.rules import Change, project
from services.observer.store import Projection, Rebuild, Rebuilds, Told
from shared.readmodel import RunKey, RunRow

log = structlog.get_logger()

FIRST: RunKey = ("", "")
# As the rows were made of them live: of what is not heard they show nothing, not even that it came.
HEARD = frozenset(
    type_ for hearing in HEARINGS if hearing.service == OBSERVER for type_ in hearing.types
)


class Rebuilder:
    """Works off one order."""

    def __init__(
        self, rows: Projection, orders: Rebuilds, history: History, runs_at_once: int
    ) -> None:
        self._rows = rows
        self._orders = orders
        self._history = history
        self._runs_at_once = runs_at_once

    async def rebuild(self, number: int) -> Rebuild:
        """Go through all that there is, and then through all rows that it did not come across."""
        now = Rebuild(number, until=await self._history.end())
        async for page in self._history.runs(self._runs_at_once):
            done = await self._rows.rebuild(number, page.keys, self._told)
            position = max(now.position, page.position)
            now = await self._tell(replace(now, position=position, done=now.done + done))
        after = FIRST
        while keys := await self._rows.not_rebuilt(number, after, self._runs_at_once):
            after = keys[-1]
            done = await self._rows.rebuild(number, keys, self._told)
            now = await self._tell(replace(now, done=now.done + done))
        return now

    async def _tell(self, now: Rebuild) -> Rebuild:
        now = replace(now, until=max(now.until, now.position))
        await self._orders.tell(now)
        return now

    async def _told(self, rows: Mapping[RunKey, RunRow]) -> Told:
        found = await asyncio.gather(
            *(self._history.facts(*key, row.last_sequence) for key, row in rows.items())
        )
        return {key: _changes(facts) for key, facts in zip(rows, found, strict=True)}


def _changes(facts: Sequence[Fact[Body]] | None) -> list[Change] | None:
    return None if facts is None else list(_projected(facts))


def _projected(facts: Iterable[Fact[Body]]) -> Iterable[Change]:
    for fact in facts:
        if fact.type in HEARD:
            yield from project(fact)

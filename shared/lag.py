"""How far the lists are behind the log: facts that the observer has not projected, and since when.

A consumer knows how much it has left, and how far it has acknowledged without a gap. How old that
is, the first fact after it tells.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import APIError

from contracts.hearings import HEARINGS, Hearing
from contracts.subjects import OBSERVER, RUNS
from shared.clock import Clock, SystemClock
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import LogUnavailable


@dataclass(frozen=True, slots=True)
class Lag:
    """Facts that lists do not show yet, and how long the oldest of them has lain in the log."""

    facts: int = 0
    seconds: float = 0.0


class LagReader(Protocol):
    """Tells how far behind the lists are."""

    async def read(self) -> Lag:
        """Now.

        Raises:
            LogUnavailable: the log does not answer.
        """
        ...


class NatsLag:
    """By the observer's consumer."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        reader: DirectReader,
        clock: Clock,
        timeout_seconds: float,
    ) -> None:
        self._jetstream = jetstream
        self._reader = reader
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        (hearing,) = (one for one in HEARINGS if one.service == OBSERVER)
        self._hearing = hearing
        self._durable = hearing.durable

    async def read(self) -> Lag:
        try:
            told = await self._jetstream.consumer_info(
                RUNS, self._durable, timeout=self._timeout_seconds
            )
        except (nats.errors.Error, APIError) as error:
            name = f"consumer {self._durable}: {type(error).__name__}"
            raise LogUnavailable(RUNS, self._timeout_seconds, name) from None
        facts = (told.num_pending or 0) + (told.num_ack_pending or 0)
        reached = told.ack_floor.stream_seq if told.ack_floor is not None else 0
        oldest = await first_after(self._reader, self._hearing, reached) if facts else None
        if oldest is None:
            return Lag(facts)
        return Lag(facts, max(0.0, (self._clock.now() - oldest).total_seconds()))


class MemoryLag:
    """What it is told, for tests."""

    def __init__(self, lag: Lag | None = None) -> None:
        self.lag = lag or Lag()

    async def read(self) -> Lag:
        return self.lag


async def open_lag(client: Client, name: str, timeout_seconds: float) -> NatsLag:
    """The lag as the service `name` may read it, over its connection."""
    reader = DirectReader(client, RUNS, inbox_prefix(name), timeout_seconds)
    await reader.start()
    return NatsLag(client.jetstream(), reader, SystemClock(), timeout_seconds)


async def first_after(reader: DirectReader, hearing: Hearing, sequence: int) -> datetime | None:
    """When the first fact of a consumer was stored after this sequence; None where there is none.

    Raises:
        LogUnavailable: the log does not answer.
    """
    pages = await asyncio.gather(
        *(reader.page(subject, sequence + 1, 1) for subject in hearing.filters)
    )
    return min((page[0].stored_at for page in pages if page), default=None)

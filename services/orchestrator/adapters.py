"""Timers of the engine: message schedules in a stream that only the orchestrator writes to."""

import math
from datetime import UTC, datetime
from typing import Protocol

from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.subjects import TIMER_FIRED, TIMER_SET

WAKE = "wake"


class Timers(Protocol):
    async def wake(self, tenant: str, run_id: str, at: datetime) -> None:
        """Be told of the run at `at`. One timer a run: a later call moves it."""
        ...


class NatsTimers:
    """JetStream schedules. They survive a restart; an overdue one fires at once."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        self._jetstream: JetStreamContext = client.jetstream()
        self._timeout_seconds = timeout_seconds

    async def wake(self, tenant: str, run_id: str, at: datetime) -> None:
        await self._jetstream.publish(
            TIMER_SET.format(tenant=tenant, run_id=run_id, name=WAKE),
            b"",
            timeout=self._timeout_seconds,
            headers={
                "Nats-Schedule": schedule_at(at),
                "Nats-Schedule-Target": TIMER_FIRED.format(tenant=tenant, run_id=run_id),
            },
        )


def schedule_at(moment: datetime) -> str:
    """The schedule of one moment, in whole seconds, and never before it.

    A timer that fired early would find nothing due, and be set for the same second again.
    """
    whole = datetime.fromtimestamp(math.ceil(moment.timestamp()), UTC)
    return f"@at {whole.strftime('%Y-%m-%dT%H:%M:%SZ')}"


class MemoryTimers:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.wakes: dict[tuple[str, str], datetime] = {}

    async def wake(self, tenant: str, run_id: str, at: datetime) -> None:
        self.wakes[tenant, run_id] = at

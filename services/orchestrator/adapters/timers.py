"""Timers of the engine: message schedules in a stream that only the orchestrator writes to."""

import math
from datetime import UTC, datetime
from typing import Protocol

from nats.aio.client import Client
from nats.js.client import JetStreamContext
from nats.js.errors import BadRequestError

from contracts.envelope import Encoded
from contracts.subjects import (
    ORCHESTRATOR,
    TIMER_CRON,
    TIMER_DUE,
    TIMER_FIRED,
    TIMER_SET,
    TIMERS,
)
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import ConfigError
from shared.storing import store

WAKE = "wake"
ANY = "*"


class Timers(Protocol):
    async def wake(self, tenant: str, run_id: str, at: datetime, name: str = WAKE) -> None:
        """Be told of the run at `at`. One timer a run and name: a later call moves it.

        A run that waits for other rules has its timer under their name, so that it can be found.
        """
        ...

    async def armed(self, tenant: str | None, name: str = ANY) -> list[tuple[str, str]]:
        """Every run that has a timer, which each open one has; of all tenants where it is None."""
        ...

    async def repeat(self, name: str, cron: str, time_zone: str) -> None:
        """Be told of `name` whenever these six fields say so. Doing it again changes nothing.

        Raises:
            ConfigError: the engine does not understand the fields, or the time zone.
        """
        ...

    async def repeating(self) -> list[str]:
        """Every name that is told of again and again."""
        ...

    async def forget(self, name: str) -> None:
        """Be told of `name` no more."""
        ...


class NatsTimers:
    """JetStream schedules. They survive a restart; an overdue one fires at once."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        self._jetstream: JetStreamContext = client.jetstream()
        self._timeout_seconds = timeout_seconds
        self._reader = DirectReader(
            client, TIMERS, f"{inbox_prefix(ORCHESTRATOR)}.timers", timeout_seconds
        )

    async def start(self) -> None:
        await self._reader.start()

    async def wake(self, tenant: str, run_id: str, at: datetime, name: str = WAKE) -> None:
        headers = {
            "Nats-Schedule": schedule_at(at),
            "Nats-Schedule-Target": TIMER_FIRED.format(tenant=tenant, run_id=run_id),
        }
        subject = TIMER_SET.format(tenant=tenant, run_id=run_id, name=name)
        timer = Encoded(subject, headers, b"")
        await store(self._jetstream, timer, timeout_seconds=self._timeout_seconds)

    async def armed(self, tenant: str | None, name: str = ANY) -> list[tuple[str, str]]:
        subject = TIMER_SET.format(tenant=tenant or "*", run_id="*", name=name)
        found = await self._reader.read(subject, 1)
        return sorted({run_of_timer(one.subject) for one in found})

    async def repeat(self, name: str, cron: str, time_zone: str) -> None:
        subject = TIMER_CRON.format(name=name)
        headers = {
            "Nats-Schedule": cron,
            "Nats-Schedule-Time-Zone": time_zone,
            "Nats-Schedule-Target": TIMER_DUE.format(name=name),
        }
        known = await self._reader.last(subject)
        if known is not None and headers.items() <= known.headers.items():
            return
        timeout = self._timeout_seconds
        try:
            await self._jetstream.publish(subject, b"", timeout=timeout, headers=headers)
        except BadRequestError as error:
            raise ConfigError(
                f"schedules.yaml: {name}: the engine does not take {cron!r} in {time_zone!r}: "
                f"{error.description}; write cron, and a time zone such as Europe/Berlin"
            ) from None

    async def repeating(self) -> list[str]:
        found = await self._reader.heads(TIMER_CRON.format(name="*"))
        return [one.subject.rpartition(".")[2] for one in found]

    async def forget(self, name: str) -> None:
        await self._jetstream.purge_stream(TIMERS, subject=TIMER_CRON.format(name=name))


def run_of_timer(subject: str) -> tuple[str, str]:
    """Tenant and run of `timer.set.<tenant>.<run_id>.<name>`."""
    _, _, tenant, run_id, _ = subject.split(".")
    return tenant, run_id


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
        self.names: dict[tuple[str, str], str] = {}
        self.repeated: dict[str, tuple[str, str]] = {}

    async def wake(self, tenant: str, run_id: str, at: datetime, name: str = WAKE) -> None:
        self.wakes[tenant, run_id] = at
        self.names[tenant, run_id] = name

    async def armed(self, tenant: str | None, name: str = ANY) -> list[tuple[str, str]]:
        named = [run for run in self.wakes if name in (ANY, self.names[run])]
        return [run for run in named if tenant in (None, run[0])]

    async def repeat(self, name: str, cron: str, time_zone: str) -> None:
        self.repeated[name] = (cron, time_zone)

    async def repeating(self) -> list[str]:
        return list(self.repeated)

    async def forget(self, name: str) -> None:
        del self.repeated[name]

"""The crash budget: a message that ends its worker may do so a few times, and then no more.

The server counts deliveries, and cannot tell a handler that failed from one that took its process
along. We can: whoever ends a delivery and lives says so, by an acknowledgement or by a count of 0.
So before a repeated delivery is handled, its count is raised; what is still raised when it comes
again was not survived. A first delivery costs nothing: one that nobody speaks of was a crash.

What was in flight beside a poison message dies with it, and is counted with it. From the second
crash on a message is therefore handled with no other suspect beside it, so that the next crash is
counted against one of them alone.

A count is a guess that fails to the side of work: what is lost of it costs a few more tries.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Protocol

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from contracts.subjects import CRASH_SUBJECT, CRASHES

log = structlog.get_logger()

SUSPECT_CRASHES = 2
NOT_FOUND = "404"


class CrashCounts(Protocol):
    """How many deliveries of a message in a row ended without a word."""

    async def read(self, sequence: int) -> int | None:
        """None where nobody has ever spoken of it."""
        ...

    async def write(self, sequence: int, crashes: int) -> None:
        """Stored when it returns, so that it outlives whatever follows."""
        ...

    async def tell(self, sequence: int, crashes: int) -> None:
        """The same with no promise, for who has survived."""
        ...


class NatsCrashCounts:
    """One message a count, in a stream that forgets. Where it is away, nothing is counted."""

    def __init__(self, client: Client, service: str, durable: str, timeout_seconds: float) -> None:
        self._client = client
        self._jetstream = client.jetstream()
        self._place = CRASH_SUBJECT.replace("{service}", service).replace("{durable}", durable)
        self._timeout_seconds = timeout_seconds

    async def read(self, sequence: int) -> int | None:
        subject = f"$JS.API.DIRECT.GET.{CRASHES}.{self._place.format(sequence=sequence)}"
        try:
            found = await self._client.request(subject, b"", timeout=self._timeout_seconds)
        except nats.errors.Error as error:
            log.warning("crashes.unreadable", sequence=sequence, error=repr(error))
            return 0
        if (found.headers or {}).get("Status") == NOT_FOUND:
            return None
        return int(found.data) if found.data.isdigit() else 0

    async def write(self, sequence: int, crashes: int) -> None:
        subject = self._place.format(sequence=sequence)
        body = str(crashes).encode()
        try:
            await self._jetstream.publish(subject, body, timeout=self._timeout_seconds)
        except (nats.errors.Error, JetStreamError) as error:
            log.warning("crashes.uncounted", sequence=sequence, error=repr(error))

    async def tell(self, sequence: int, crashes: int) -> None:
        if self._client.is_connected:
            subject = self._place.format(sequence=sequence)
            await self._client.publish(subject, str(crashes).encode())


class MemoryCrashCounts:
    """Counts that die with their process: for tests, and for who does not count."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    async def read(self, sequence: int) -> int | None:
        return self.counts.get(sequence)

    async def write(self, sequence: int, crashes: int) -> None:
        self.counts[sequence] = crashes

    async def tell(self, sequence: int, crashes: int) -> None:
        self.counts[sequence] = crashes


class CrashBudget:
    """Counts the crashes of messages of one consumer, and keeps suspects apart."""

    def __init__(self, counts: CrashCounts, limit: int) -> None:
        self.limit = limit
        self._counts = counts
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def delivery(self, sequence: int, number: int) -> AsyncIterator[int]:
        """Handle delivery `number` inside; gives the crashes before it.

        At `limit` it should be reported and not worked on; above it even the report crashed.
        """
        if number == 1:
            yield 0
            return
        spoken = await self._counts.read(sequence)
        crashes = 1 if spoken is None else spoken
        async with self._alone if crashes >= SUSPECT_CRASHES else nullcontext():
            await self._counts.write(sequence, crashes + 1)
            try:
                yield crashes
            finally:
                # Over the limit it stays so, though its report was survived: it may come again.
                await self._counts.tell(sequence, crashes if crashes >= self.limit else 0)

    async def survived(self, sequence: int) -> None:
        """A first delivery ended without an acknowledgement, and its worker lives."""
        await self._counts.tell(sequence, 0)

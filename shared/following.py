"""Following what is in force on a small stream, of which the last message on a subject counts.

It is read at the start, after every notice of a new message, after a reconnection, and every
`reload_seconds` in any case. A notice is a plain message, which may be lost and is heard before its
message is stored; what counts is read.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.envelope import Stored
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import Again, LogUnavailable
from shared.settings import ServiceSettings

log = structlog.get_logger()

CATCH_UP_READS = 20  # after one notice, until its message is stored
CATCH_UP_SECONDS = 0.05
CHECK_SECONDS = 0.25
# What was not read for so many intervals is not relied upon.
STALE_INTERVALS = 4

T_co = TypeVar("T_co", covariant=True)


class Taking(Protocol[T_co]):
    """What is in force, from messages in log order."""

    last_sequence: int

    def take(self, messages: Iterable[Stored]) -> tuple[T_co, ...]:
        """Take what came after the last message; what is another one now."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """What is followed: its stream and subjects, and its name in logs and errors."""

    name: str
    stream: str
    subjects: str
    others: tuple[str, ...] = ()  # where notices come too


class Reading(Protocol):
    """How a stream is read."""

    async def start(self) -> None: ...

    async def read(self, subject: str, first: int, /) -> list[Stored]:
        """What lies on `subject` from sequence `first` on, in log order.

        Raises:
            LogUnavailable: the stream did not answer.
        """
        ...


class Follower:
    """Keeps `heads` up with a stream."""

    def __init__(
        self,
        client: Client,
        service: str,
        topic: Topic,
        heads: Taking[Any],
        *,
        reload_seconds: float,
        timeout_seconds: float,
        on_change: Callable[[Any], None] | None = None,
        reader: Reading | None = None,
    ) -> None:
        inbox = f"{inbox_prefix(service)}.{topic.name}"
        self._client = client
        self._topic = topic
        self._reader = reader or DirectReader(client, topic.stream, inbox, timeout_seconds)
        self._heads = heads
        self._reload_seconds = reload_seconds
        self._on_change = on_change
        self._read_at = 0.0
        self._connections = 0
        self._stopping = False
        self._woken = asyncio.Event()
        self._is_noticed = False
        self._subscriptions: list[Subscription] = []
        self._following: asyncio.Task[None] | None = None

    def check(self) -> None:
        """See to it that what is known may be relied upon.

        Raises:
            Again: it could not be read for too long.
        """
        age = time.monotonic() - self._read_at
        if age > STALE_INTERVALS * self._reload_seconds:
            raise Again(f"the {self._topic.name} in force were not read for {age:.0f} s")

    async def start(self) -> None:
        """Know what is in force, and follow it.

        Raises:
            LogUnavailable: the stream did not answer.
        """
        await self._reader.start()
        self._connections = self._client.stats["reconnects"]
        # Before the first reading, so that nothing comes in between.
        for subject in (self._topic.subjects, *self._topic.others):
            heard = await self._client.subscribe(subject, cb=self._on_notice)
            self._subscriptions.append(heard)
        await self._read(tell=False)
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        self._stopping = True
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.hear_no_notices()

    async def hear_no_notices(self) -> None:
        """Only read from now on, every interval; as if every notice were lost."""
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions if not self._client.is_closed else ():
            await subscription.unsubscribe()

    def read_soon(self) -> None:
        """Read what is in force now, and not only when it is time."""
        self._woken.set()

    async def _on_notice(self, _notice: Msg) -> None:
        self._is_noticed = True
        self._woken.set()

    async def _follow(self) -> None:
        # Asked each round, for a reading that ends at that moment swallows the cancellation too.
        while not self._stopping:
            noticed = await self._wait()
            try:
                await (self._catch_up() if noticed else self._read())
            except LogUnavailable as error:
                log.warning("following.unread", topic=self._topic.name, reason=str(error))
            except Exception:
                # Such as a full buffer while the server is away. It must still be followed.
                log.exception("following.failed", topic=self._topic.name)

    async def _wait(self) -> bool:
        """Until a notice comes, somebody asks, or it is time; whether it was a notice."""
        ends_at = time.monotonic() + self._reload_seconds
        while time.monotonic() < ends_at:
            if self._connections != self._client.stats["reconnects"]:
                self._connections = self._client.stats["reconnects"]
                # The server may have come back with another stream, so it is read anew.
                self._heads.last_sequence = 0
                return False
            # Not `wait_for`, which before Python 3.12 may swallow the cancellation by `stop`.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._woken.wait()
                self._woken.clear()
                noticed, self._is_noticed = self._is_noticed, False
                return noticed
        return False

    async def _catch_up(self) -> None:
        """A notice may come before its message is stored, or be of one that never will be."""
        before = self._heads.last_sequence
        for _ in range(CATCH_UP_READS):
            await self._read()
            if self._heads.last_sequence > before:
                return
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def _read(self, *, tell: bool = True) -> None:
        asked_at = time.monotonic()
        first = self._heads.last_sequence + 1
        changed = self._heads.take(await self._reader.read(self._topic.subjects, first))
        self._read_at = asked_at
        for one in changed:
            log.info("following.changed", subject=one.subject, told=one.told)
            if tell and self._on_change is not None:
                self._on_change(one)


@asynccontextmanager
async def following(
    client: Client,
    service: str,
    topic: Topic,
    heads: Taking[Any],
    settings: ServiceSettings,
    on_change: Callable[[Any], None] | None = None,
    reader: Reading | None = None,
) -> AsyncIterator[Follower]:
    """`heads` are kept up meanwhile.

    Raises:
        LogUnavailable: the stream did not answer, so that nobody could tell what is in force.
    """
    follower = Follower(
        client,
        service,
        topic,
        heads,
        reload_seconds=settings.orders_reload_seconds,
        timeout_seconds=settings.read_timeout_seconds,
        on_change=on_change,
        reader=reader,
    )
    await follower.start()
    try:
        yield follower
    finally:
        await follower.stop()

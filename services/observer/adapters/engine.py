"""What the engine tells of its streams and consumers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.hearings import Hearing
from contracts.subjects import DEAD, DEAD_NOTE, STREAMS
from contracts.tenancy import hearings_of
from shared.clock import Clock, SystemClock
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.lag import first_after

NOTES = DEAD_NOTE.split("{", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Queue:
    """One durable consumer: what it has not heard, since when, and what it has not settled."""

    durable: str
    pending: int
    ack_pending: int
    redelivered: int
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Filled:
    """One stream, and how much it may hold."""

    stream: str
    bytes: int
    limit_bytes: int


class Engine(Protocol):
    async def queues(self) -> list[Queue]:
        """Every consumer of the table."""
        ...

    async def streams(self) -> list[Filled]:
        """Every stream of the table."""
        ...

    async def open_letters(self) -> int:
        """Dead letters that nobody has decided about."""
        ...


class NatsEngine:
    """Asks JetStream."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        readers: Mapping[str, DirectReader],
        hearings: Sequence[tuple[str, Hearing]],
        clock: Clock,
    ) -> None:
        self._jetstream = jetstream
        self._hearings = hearings
        self._readers = readers
        self._clock = clock

    async def queues(self) -> list[Queue]:
        return [await self._queue(stream, hearing) for stream, hearing in self._hearings]

    async def _queue(self, stream: str, hearing: Hearing) -> Queue:
        told = await self._jetstream.consumer_info(stream, hearing.durable)
        pending = told.num_pending or 0
        # A call that takes minutes is not acknowledged, but heard: it waits for nobody.
        reached = told.delivered.stream_seq if told.delivered is not None else 0
        waits = await self._waits(stream, hearing, reached) if pending else 0.0
        return Queue(
            hearing.durable, pending, told.num_ack_pending or 0, told.num_redelivered or 0, waits
        )

    async def _waits(self, stream: str, hearing: Hearing, reached: int) -> float:
        since = await first_after(self._readers[stream], hearing, reached)
        return 0.0 if since is None else max(0.0, (self._clock.now() - since).total_seconds())

    async def streams(self) -> list[Filled]:
        return [await self._filled(name) for name in STREAMS]

    async def _filled(self, name: str) -> Filled:
        told = await self._jetstream.stream_info(name)
        return Filled(name, told.state.bytes, told.config.max_bytes or 0)

    async def open_letters(self) -> int:
        """By subjects alone, so that no letter is read: a note has the number of its letter.

        What is only placed like a note counts as one here. The list of letters does not believe it.
        """
        told = (await self._jetstream.stream_info(DEAD, subjects_filter=">")).state
        subjects = told.subjects or {}
        letters = sum(n for subject, n in subjects.items() if not subject.startswith(NOTES))
        noted = (subject.removeprefix(NOTES) for subject in subjects if subject.startswith(NOTES))
        # The oldest letters go first: a note may be left of one that is gone.
        decided = sum(number.isdigit() and int(number) >= told.first_seq for number in noted)
        return max(0, letters - decided)


async def open_engine(
    client: Client, name: str, timeout_seconds: float, tenants: Sequence[str] = ()
) -> NatsEngine:
    """The engine as the service `name` may look at it, over its connection."""
    hearings = hearings_of(tenants)
    readers = {
        stream: DirectReader(client, stream, inbox_prefix(name), timeout_seconds)
        for stream, _ in hearings
    }
    for reader in readers.values():
        await reader.start()
    jetstream = client.jetstream(timeout=timeout_seconds)
    return NatsEngine(jetstream, readers, hearings, SystemClock())

"""What the engine tells of its streams and consumers."""

from dataclasses import dataclass
from typing import Protocol

from nats.js import JetStreamContext

from contracts.hearings import HEARINGS
from contracts.subjects import RUNS, STREAMS


@dataclass(frozen=True, slots=True)
class Queue:
    """One durable consumer: what it has not heard, and what it has not settled."""

    durable: str
    pending: int
    ack_pending: int
    redelivered: int


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


class NatsEngine:
    """Asks JetStream."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream

    async def queues(self) -> list[Queue]:
        return [await self._queue(hearing.durable) for hearing in HEARINGS]

    async def _queue(self, durable: str) -> Queue:
        told = await self._jetstream.consumer_info(RUNS, durable)
        return Queue(
            durable, told.num_pending or 0, told.num_ack_pending or 0, told.num_redelivered or 0
        )

    async def streams(self) -> list[Filled]:
        return [await self._filled(name) for name in STREAMS]

    async def _filled(self, name: str) -> Filled:
        told = await self._jetstream.stream_info(name)
        return Filled(name, told.state.bytes, told.config.max_bytes or 0)

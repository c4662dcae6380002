"""A durable pull consumer: every message goes to one replica of its service until it is settled.

Nobody beats a heart here. A message comes again when its holder died, stood still for longer than
`ack_wait`, or settled it and the word was lost; whoever lives and works keeps what it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from contracts.envelope import Stored

from .engine import Engine
from .faults import Fault, Faults

if TYPE_CHECKING:
    from .process import Process

ACK_WAIT_SECONDS = 2.0
DELIVERY_SECONDS = 0.02  # from the log to a handler, at most, while all is well
DELAYED_SECONDS = 1.5


@dataclass(eq=False, slots=True)
class Pending:
    """One message of one consumer. `number` counts its deliveries."""

    message: Stored
    number: int = 0
    settled: bool = False


@dataclass(eq=False, slots=True)
class Consumer:
    """Shared by all replicas: an explicit acknowledgement, and at most so many deliveries."""

    name: str
    service: str
    types: frozenset[str]
    deliveries: int | None
    engine: Engine
    faults: Faults
    chance: Random
    replicas: "Callable[[], list[Process]]"
    open: dict[int, Pending] = field(default_factory=dict)
    waiting: list[Pending] = field(default_factory=list)

    def offer(self, message: Stored) -> None:
        """A message was stored in the stream."""
        if ".".join(message.subject.split(".")[3:5]) in self.types or self._is_named(message):
            self.offer_any(message)

    def offer_any(self, message: Stored) -> None:
        """The same, of a stream that holds nothing else."""
        pending = self.open[message.sequence] = Pending(message)
        self._schedule(pending, self._latency())

    def again(self, pending: Pending, after_seconds: float, number: int) -> None:
        """Deliver once more, if it is still what was delivered as `number` and not settled."""
        self.engine.loop.call_later(after_seconds, self._redeliver, pending, number)

    def settle(self, pending: Pending) -> None:
        """Acknowledged, or put aside: it never comes again."""
        pending.settled = True
        self.open.pop(pending.message.sequence, None)

    def flush(self) -> None:
        """A replica has started, or goes on."""
        waiting, self.waiting = self.waiting, []
        for pending in waiting:
            self._schedule(pending, self._latency())

    def _is_named(self, message: Stored) -> bool:
        """What is redriven goes to the service that it names."""
        return message.subject.endswith(f".run.redriven.{self.service}")

    def _redeliver(self, pending: Pending, number: int) -> None:
        if not pending.settled and pending.number == number:
            self._schedule(pending, self._latency())

    def _schedule(self, pending: Pending, after_seconds: float) -> None:
        self.engine.loop.call_later(after_seconds, self._deliver, pending)

    def _deliver(self, pending: Pending) -> None:
        if pending.settled:
            return
        replicas = self.replicas()
        if not replicas:
            self.waiting.append(pending)
            return
        if self.deliveries is not None and pending.number >= self.deliveries:
            self.settle(pending)  # the server is tired of it, and tells nobody
            return
        pending.number += 1
        taker = self.chance.choice(replicas)
        self.engine.trace.note(f"-> {taker.name} {pending.message.sequence} #{pending.number}")
        taker.take(self, pending)
        if self.faults.strikes(Fault.DUPLICATE):
            self.again(pending, ACK_WAIT_SECONDS, pending.number)

    def _latency(self) -> float:
        slow = self.faults.strikes(Fault.SLOW)
        return self.chance.random() * (DELAYED_SECONDS if slow else DELIVERY_SECONDS)

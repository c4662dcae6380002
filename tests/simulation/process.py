"""One process of a service: what it holds in memory dies with it, and every await may be its last.

`reach` is how it touches anything outside of itself: the log, a store, a provider, a tool. Before
and after what is reached the process may crash, stand still, or be slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from contracts.envelope import Stored

from .consumer import ACK_WAIT_SECONDS, Consumer, Pending
from .engine import Engine
from .faults import Fault, Faults

T = TypeVar("T")
CALL_SECONDS = 0.004
SLOW_SECONDS = 4.0
FROZEN_SECONDS = (1.0, 4.0, 12.0, 40.0)
# The server hands out no more to somebody whose last request for messages is so old.
PULL_EXPIRES_SECONDS = 5.0
# The message that the running task was woken by.
WORKING: ContextVar[Stored] = ContextVar("working")


class Process:
    """Alive until it crashes. A restart is another process."""

    def __init__(self, name: str, engine: Engine, faults: Faults, chance: Random) -> None:
        self.name = name
        self.engine = engine
        self.faults = faults
        self.chance = chance
        self.alive = True
        self.mortal = True
        self.frozen_at = 0.0
        self.frozen_until = 0.0
        self.handle: dict[str, Callable[[Any], Awaitable[None]]] = {}
        self.on_crash: Callable[[], None] = lambda: None
        self.on_thaw: Callable[[], None] = lambda: None
        self._held: dict[asyncio.Task[None], tuple[Consumer, Pending, int]] = {}
        # In order: a set of tasks has that of their addresses, and a seed would not replay.
        self._serving: dict[asyncio.Task[Any], None] = {}

    @property
    def hears(self) -> bool:
        """Whether the server still sends it anything."""
        now = self.engine.loop.time()
        return now >= self.frozen_until or now < self.frozen_at + PULL_EXPIRES_SECONDS

    def take(self, consumer: Consumer, pending: Pending) -> None:
        """Begin to handle a delivery; whoever stands still only takes it up later."""
        task = self.engine.loop.create_task(self._work(consumer, pending, pending.number))
        self._held[task] = (consumer, pending, pending.number)
        task.add_done_callback(lambda done: self._held.pop(done, None))
        if self.frozen_until - self.engine.loop.time() > ACK_WAIT_SECONDS:
            consumer.again(pending, ACK_WAIT_SECONDS, pending.number)

    async def serve(self, work: Coroutine[Any, Any, T], timeout_seconds: float) -> T:
        """Do what somebody asked for, who waits no longer than so; the work goes on without them.

        Raises:
            ConnectionError: the process died over it, or no answer came in time.
        """
        task = self.engine.loop.create_task(work)
        self._serving[task] = None
        task.add_done_callback(self._served)
        await asyncio.wait([task], timeout=timeout_seconds)
        if not task.done() or task.cancelled():
            raise ConnectionError(f"{self.name} gave no answer")
        return task.result()

    async def reach(self, act: Callable[[], T]) -> T:
        """One call to the outside."""
        await self._pass()
        result = act()
        await self._pass()
        return result

    async def sleep(self, seconds: float) -> None:
        """Wait; nobody goes on after a crash, or before a thaw."""
        await asyncio.sleep(seconds)
        while (left := self.frozen_until - self.engine.loop.time()) > 0:  # noqa: ASYNC110 - it grows
            await asyncio.sleep(left)
        if not self.alive:
            raise asyncio.CancelledError

    def crash(self) -> None:
        """Everything in memory is gone, and what it held comes again after `ack_wait`."""
        self.engine.trace.note(f"!! {self.name} crashed")
        self.alive = False
        held, self._held = self._held, {}
        for task, (consumer, pending, number) in held.items():
            since_heartbeat = self.chance.random() * ACK_WAIT_SECONDS / 3
            consumer.again(pending, ACK_WAIT_SECONDS - since_heartbeat, number)
            task.cancel()
        for served in [*self._serving]:
            served.cancel()
        self.on_crash()

    def freeze(self) -> None:
        """Stand still, without a heartbeat, and go on as if nothing had been."""
        seconds = self.chance.choice(FROZEN_SECONDS)
        self.engine.trace.note(f"!! {self.name} froze for {seconds:g} s")
        self.frozen_at = now = self.engine.loop.time()
        self.frozen_until = now + seconds
        self.engine.loop.call_at(self.frozen_until, self.on_thaw)
        if seconds > ACK_WAIT_SECONDS:
            for consumer, pending, number in self._held.values():
                consumer.again(pending, ACK_WAIT_SECONDS, number)

    def _served(self, task: asyncio.Task[Any]) -> None:
        self._serving.pop(task, None)
        if not task.cancelled():
            task.exception()  # It is looked at by whoever still waits.

    async def _pass(self) -> None:
        if not self.alive:
            raise asyncio.CancelledError
        if self.mortal and self.faults.strikes(Fault.CRASH):
            self.crash()
            raise asyncio.CancelledError
        if self.mortal and self.faults.strikes(Fault.FREEZE):
            self.freeze()
        slow = self.faults.strikes(Fault.SLOW)
        await self.sleep(self.chance.random() * (SLOW_SECONDS if slow else CALL_SECONDS))

    async def _work(self, consumer: Consumer, pending: Pending, number: int) -> None:
        WORKING.set(pending.message)
        delivery = Delivery(self, consumer, pending, number)
        try:
            await self.sleep(0)
            await self.handle[consumer.name](delivery)
        except asyncio.CancelledError:
            if self.alive:
                raise
            return
        except Exception as error:  # noqa: BLE001 - as the pull loop: it comes again
            self.engine.trace.note(f"!! {self.name} let {error!r} escape")
        if not pending.settled and not delivery.spoken:
            consumer.again(pending, ACK_WAIT_SECONDS, number)


class Delivery:
    """One delivery as a handler holds it: shaped like the message of the client library."""

    def __init__(self, process: Process, consumer: Consumer, pending: Pending, number: int) -> None:
        self._process = process
        self._consumer = consumer
        self._pending = pending
        self.subject = pending.message.subject
        self.headers = dict(pending.message.headers)
        self.data = pending.message.body
        self.metadata = Metadata(pending.message, number)
        self.reply = _reply(consumer.name, pending.message, number)
        self.spoken = False

    async def ack(self) -> None:
        await self._speak(lambda: self._consumer.settle(self._pending))

    async def term(self) -> None:
        await self._speak(lambda: self._consumer.settle(self._pending))

    async def nak(self, delay: float = 0.0) -> None:
        number = self._pending.number
        await self._speak(lambda: self._consumer.again(self._pending, delay, number))

    async def _speak(self, act: Callable[[], None]) -> None:
        """The client library only sends: whether it arrives nobody is told."""
        lost = self._process.faults.strikes(Fault.LOST_SETTLEMENT)
        await self._process.reach((lambda: None) if lost else act)
        self.spoken = not lost


def _reply(durable: str, message: Stored, number: int) -> str:
    """Where it is acknowledged, as the server writes it: the time is read from there."""
    at = (message.stored_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    return f"$JS.ACK.RUNS.{durable}.{number}.{message.sequence}.{message.sequence}.{at}.0"


class Metadata:
    """Where a delivered message lies, and how often it was delivered."""

    def __init__(self, message: Stored, number: int) -> None:
        self.num_delivered = number
        self.sequence = Place(message.sequence)


class Place:
    def __init__(self, stream: int) -> None:
        self.stream = stream

"""Orders that change while runs are under way: who gives them, and how a process hears of them.

Each process reads the stream when it starts, after each notice of a new order, and, where the
notice was lost, a while later. So for a moment some work by an order of which others know nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from contracts.control import ControlOrdered
from contracts.envelope import Stored
from contracts.subjects import CONSOLE, CONTROL, CONTROL_SUBJECTS
from shared.errors import LogUnavailable
from shared.order_log import Heads, LogOrders
from shared.orders import Orders
from tests.histories import Mark, Marks

from .faults import Fault
from .process import Process
from .scenarios import AGENTS, TENANTS
from .someone import Someone
from .wire import Client, StreamReader

RELOAD_SECONDS = 10.0
AGAIN_SECONDS = 0.05
ORDERS_AT_MOST = 2
ORDERED = 0.4  # of worlds
ORDER_WITHIN_SECONDS, STANDSTILL_SECONDS = 40.0, 60.0
STATES = ("paused", "paused", "stopped")
SCOPES = (
    *(("tenant", name) for name in TENANTS),
    *(("agent", name) for name in ("asker", "boss", "reader", "writer")),
    ("platform", None),
)
OnChange = Callable[[ControlOrdered], None]


class Following:
    """Keeps up what one process knows of the orders; stands for the follower of the service."""

    def __init__(self, process: Process, client: Client, on_change: OnChange | None) -> None:
        self._process = process
        self._reader = StreamReader(client, CONTROL)
        self._on_change = on_change
        self.heads = Heads(Marks())
        control = process.engine.streams[CONTROL]
        # A process that could not read them has not started.
        self.heads.take(control.messages)
        control.listeners.append(self._notice)

    def check(self) -> None:
        """They are never too old here: whoever cannot read them tries until it can."""

    def _notice(self, message: Stored) -> None:
        if self._process.alive:
            self._process.engine.loop.create_task(self._catch_up(message.sequence))

    async def _catch_up(self, sequence: int) -> None:
        lost = self._process.faults.strikes(Fault.LOST_NOTICE)
        try:
            await self._process.sleep(RELOAD_SECONDS if lost else 0.0)
            while self.heads.last_sequence < sequence:
                await self._read()
                await self._process.sleep(AGAIN_SECONDS)
        except asyncio.CancelledError:
            return  # It has crashed; whoever comes after it reads them all.

    async def _read(self) -> None:
        try:
            found = await self._reader.read(CONTROL_SUBJECTS, self.heads.last_sequence + 1)
        except LogUnavailable:
            return
        for changed in self.heads.take(found):
            if self._on_change is not None:
                self._on_change(changed)


def orders_of(process: Process, client: Client, on_change: OnChange | None = None) -> Orders:
    """The orders in force, as a process has them."""
    following = Following(process, client, on_change)
    return Orders(following.heads, cast("Any", following))


@dataclass
class Operators(Someone):
    """Whoever pauses an agent, a tenant or the platform, or stops it; and lets it run again."""

    def begin(self) -> None:
        if self.chance.random() < ORDERED:
            for _ in range(self.chance.randrange(1, ORDERS_AT_MOST + 1)):
                self._begin(self._interfere())

    async def _interfere(self) -> None:
        scope, name = self.chance.choice(SCOPES)
        assert scope != "agent" or name in AGENTS
        await self._wait(ORDER_WITHIN_SECONDS)
        await self._give(scope, name, self.chance.choice(STATES))
        await self._wait(STANDSTILL_SECONDS)
        await self._give(scope, name, "running")

    async def _give(self, scope: str, name: str | None, state: str) -> None:
        nonce = f"{self.chance.randrange(10**9)}"
        desk = LogOrders(
            self._client.jetstream(), self._reader, Marks(), Mark(CONSOLE), timeout_seconds=2.0
        )
        while True:
            order = ControlOrdered(
                scope=scope,
                name=name,
                state=state,
                principal="olga",
                at=self.bus.clock.now(),
                nonce=nonce,
            )
            try:
                await desk.give(order)
            except LogUnavailable:
                continue
            return

    @property
    def _client(self) -> Client:
        return cast("Client", self.bus._client)

    @property
    def _reader(self) -> StreamReader:
        return StreamReader(self._client, CONTROL)

"""The orders in force, as whoever starts something must know them.

They are read from the stream at the start, after every notice of a new one, after a reconnection,
and every `reload_seconds` in any case. A notice is a plain message, which may be lost and is heard
before its order is stored; what counts is read.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.control import ControlOrdered
from contracts.envelope import Verifier
from contracts.history import Run
from contracts.subjects import CONTROL, CONTROL_SUBJECTS
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import Again, LogUnavailable
from shared.order_log import Heads
from shared.settings import ServiceSettings

log = structlog.get_logger()

CATCH_UP_READS = 20  # after one notice, until its order is stored
CATCH_UP_SECONDS = 0.05
CHECK_SECONDS = 0.25
# Orders that were not read for so many intervals are not relied upon.
STALE_INTERVALS = 4
SEVERITY = {"paused": 1, "stopped": 2}
BREADTH = {"agent": 0, "tenant": 1, "platform": 2}

OnChange = Callable[[ControlOrdered], None]


class InForce(Protocol):
    """What is ordered for the runs of an agent in a tenant."""

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        """The last order for each scope that they are in, also those that let them run.

        Raises:
            Again: the orders could not be read for too long to be relied upon.
        """
        ...

    def state_for(self, tenant: str, agent: str) -> ControlOrdered | None:
        """The strictest of them; of equals the broadest. None where they may run.

        Raises:
            Again: as above.
        """
        ...


@dataclass(frozen=True, slots=True)
class FixedOrders:
    """Orders that do not change: of a platform in which everything runs, and in tests."""

    orders: tuple[ControlOrdered, ...] = ()

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        return tuple(one for one in self.orders if one.covers(tenant, agent))

    def state_for(self, tenant: str, agent: str) -> ControlOrdered | None:
        return strictest(self.covering(tenant, agent))


EVERYTHING_RUNS = FixedOrders()


class Orders:
    """Follows the stream of orders."""

    def __init__(
        self,
        client: Client,
        service: str,
        verifier: Verifier,
        *,
        reload_seconds: float,
        timeout_seconds: float,
        on_change: OnChange | None = None,
    ) -> None:
        self._client = client
        self._reader = DirectReader(
            client, CONTROL, f"{inbox_prefix(service)}.orders", timeout_seconds
        )
        self._heads = Heads(verifier)
        self._reload_seconds = reload_seconds
        self._on_change = on_change
        self._read_at = 0.0
        self._connections = 0
        self._stopping = False
        self._noticed = asyncio.Event()
        self._subscription: Subscription | None = None
        self._following: asyncio.Task[None] | None = None

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        age = time.monotonic() - self._read_at
        if age > STALE_INTERVALS * self._reload_seconds:
            raise Again(f"the orders in force were not read for {age:.0f} s")
        return tuple(one for one in self._heads.by_subject.values() if one.covers(tenant, agent))

    def state_for(self, tenant: str, agent: str) -> ControlOrdered | None:
        return strictest(self.covering(tenant, agent))

    async def start(self) -> None:
        """Know what is in force, and follow it.

        Raises:
            LogUnavailable: the stream did not answer.
        """
        await self._reader.start()
        self._connections = self._client.stats["reconnects"]
        # Before the first reading, so that nothing comes in between.
        self._subscription = await self._client.subscribe(CONTROL_SUBJECTS, cb=self._on_notice)
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
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._client.is_closed:
            await subscription.unsubscribe()

    async def _on_notice(self, _notice: Msg) -> None:
        self._noticed.set()

    async def _follow(self) -> None:
        # Asked each round, for a reading that ends at that moment swallows the cancellation too.
        while not self._stopping:
            noticed = await self._wait()
            try:
                await (self._catch_up() if noticed else self._read())
            except LogUnavailable as error:
                log.warning("orders.unread", reason=str(error))
            except Exception:
                # Such as a full buffer while the server is away. Orders must still be followed.
                log.exception("orders.follow_failed")

    async def _wait(self) -> bool:
        """Until a notice comes, the connection is another one, or it is time; which it was."""
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
                    await self._noticed.wait()
                self._noticed.clear()
                return True
        return False

    async def _catch_up(self) -> None:
        """A notice may come before its order is stored, or be of one that never will be."""
        before = self._heads.last_sequence
        for _ in range(CATCH_UP_READS):
            await self._read()
            if self._heads.last_sequence > before:
                return
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def _read(self, *, tell: bool = True) -> None:
        asked_at = time.monotonic()
        messages = await self._reader.read(CONTROL_SUBJECTS, self._heads.last_sequence + 1)
        changed = self._heads.take(messages)
        self._read_at = asked_at
        for order in changed:
            log.info("orders.changed", subject=order.subject, state=order.state, by=order.principal)
            if tell and self._on_change is not None:
                self._on_change(order)


def why_stopped(orders: InForce, run: Run) -> str | None:
    """Why nothing of the run may be started any more; None where it may.

    Raises:
        Again: nobody can tell.
    """
    if run.submitted is None:
        return None
    order = orders.state_for(run.tenant, run.submitted.body.agent)
    if order is None or order.state != "stopped":
        return None
    return f"{order.what} is stopped by {order.principal}: {order.reason or 'no reason given'}"


@asynccontextmanager
async def following_orders(
    client: Client,
    service: str,
    verifier: Verifier,
    settings: ServiceSettings,
    on_change: OnChange | None = None,
) -> AsyncIterator[Orders]:
    """Orders that are followed meanwhile.

    Raises:
        LogUnavailable: the stream did not answer, so that nobody could tell what is in force.
    """
    orders = Orders(
        client,
        service,
        verifier,
        reload_seconds=settings.orders_reload_seconds,
        timeout_seconds=settings.read_timeout_seconds,
        on_change=on_change,
    )
    await orders.start()
    try:
        yield orders
    finally:
        await orders.stop()


def strictest(orders: tuple[ControlOrdered, ...]) -> ControlOrdered | None:
    """What counts of several orders; None where all let run."""
    return max((one for one in orders if one.state != "running"), key=_weight, default=None)


def _weight(order: ControlOrdered) -> tuple[int, int]:
    return SEVERITY[order.state], BREADTH[order.scope]

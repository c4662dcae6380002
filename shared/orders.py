"""The orders in force, as whoever starts something must know them."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from nats.aio.client import Client

from contracts.control import ControlOrdered
from contracts.envelope import Verifier
from contracts.history import Run
from contracts.subjects import CONTROL, CONTROL_SUBJECTS
from shared.following import Follower, Topic, following
from shared.order_log import Heads
from shared.settings import ServiceSettings

TOPIC = Topic("orders", CONTROL, CONTROL_SUBJECTS)
SEVERITY = {"paused": 1, "stopped": 2}
BREADTH = {"tool": 0, "agent": 0, "tenant": 1, "platform": 2}

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

    def for_tool(self, name: str) -> ControlOrdered | None:
        """The last order for a tool; None where there is none.

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

    def for_tool(self, name: str) -> ControlOrdered | None:
        return _last(self.orders, name)


EVERYTHING_RUNS = FixedOrders()


@dataclass(frozen=True, slots=True)
class Orders:
    """Those of the stream, which is followed."""

    heads: Heads
    follower: Follower

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        self.follower.check()
        return tuple(one for one in self.heads.by_subject.values() if one.covers(tenant, agent))

    def state_for(self, tenant: str, agent: str) -> ControlOrdered | None:
        return strictest(self.covering(tenant, agent))

    def for_tool(self, name: str) -> ControlOrdered | None:
        self.follower.check()
        return _last(self.heads.by_subject.values(), name)


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
    heads = Heads(verifier)
    async with following(client, service, TOPIC, heads, settings, on_change) as follower:
        yield Orders(heads, follower)


def strictest(orders: tuple[ControlOrdered, ...]) -> ControlOrdered | None:
    """What counts of several orders; None where all let run."""
    return max((one for one in orders if one.state != "running"), key=_weight, default=None)


def _last(orders: Iterable[ControlOrdered], tool: str) -> ControlOrdered | None:
    return next((one for one in orders if (one.scope, one.name) == ("tool", tool)), None)


def _weight(order: ControlOrdered) -> tuple[int, int]:
    return SEVERITY[order.state], BREADTH[order.scope]

"""How a process follows the orders in force: by the follower of the services, over its connection.

It reads the stream when it starts, after each notice of a new order, and, where the notice was
lost, a while later. So for a moment some work by an order of which others know nothing.
"""

from collections.abc import Callable
from typing import Any, cast

from contracts.control import ControlOrdered
from contracts.subjects import CONTROL
from shared.following import Follower
from shared.order_log import Heads
from shared.orders import TOPIC, Orders
from tests.histories import Marks

from .wire import READ_TIMEOUT_SECONDS, Client, StreamReader

RELOAD_SECONDS = 10.0


async def orders_of(
    client: Client, on_change: Callable[[ControlOrdered], None] | None = None
) -> Orders:
    """The orders in force, as a process follows them.

    Raises:
        LogUnavailable: the stream did not answer; such a process does not start.
    """
    heads = Heads(Marks())
    follower = Follower(
        cast("Any", client),
        client.process.name,
        TOPIC,
        heads,
        reload_seconds=RELOAD_SECONDS,
        timeout_seconds=READ_TIMEOUT_SECONDS,
        on_change=on_change,
    )
    follower._reader = StreamReader(client, CONTROL)
    await follower.start()
    return Orders(heads, follower)

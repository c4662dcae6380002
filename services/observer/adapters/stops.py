"""Which stops are in force, from the stream of orders."""

from collections import Counter
from typing import Protocol, get_args

from nats.aio.client import Client

from contracts.control import Scope
from contracts.envelope import Verifier
from contracts.subjects import CONTROL, CONTROL_SUBJECTS
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.order_log import Heads


class Stops(Protocol):
    async def in_force(self) -> dict[str, int]:
        """How many agents, tenants or platforms are stopped; also of scopes without any."""
        ...


class LogStops:
    """Reads on from where it was; a place whose order cannot be believed is stopped."""

    def __init__(self, reader: DirectReader, verifier: Verifier) -> None:
        self._reader = reader
        self._heads = Heads(verifier)

    async def in_force(self) -> dict[str, int]:
        self._heads.take(await self._reader.read(CONTROL_SUBJECTS, self._heads.last_sequence + 1))
        orders = self._heads.by_subject.values()
        stopped = Counter(order.scope for order in orders if order.state == "stopped")
        return {scope: stopped[scope] for scope in get_args(Scope)}


async def open_stops(
    client: Client, name: str, verifier: Verifier, timeout_seconds: float
) -> LogStops:
    """Orders as the service `name` may read them, over its connection."""
    inbox = f"{inbox_prefix(name)}.orders"
    reader = DirectReader(client, CONTROL, inbox, timeout_seconds)
    await reader.start()
    return LogStops(reader, verifier)

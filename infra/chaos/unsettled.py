"""Messages that no worker has settled yet: the engine's own count, consumer by consumer."""

import asyncio
import time
from contextlib import suppress

import nats.errors
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from contracts.subjects import RUNS

from .plan import WORKERS

SETTLE_SECONDS = 60.0
LOOK_SECONDS = 1.0
WATCH_SECONDS = 0.005


async def unsettled(client: Client) -> dict[str, int]:
    """What still lies with each consumer, once nothing does any more or our patience is over."""
    gives_up_at = time.monotonic() + SETTLE_SECONDS
    while True:
        found = {durable: await _left(client, durable) for durable in WORKERS}
        left = {durable: count for durable, count in found.items() if count}
        if not left or time.monotonic() > gives_up_at:
            return left
        await asyncio.sleep(LOOK_SECONDS)


async def wait_in_hand(client: Client, durable: str, patience_seconds: float) -> bool:
    """Whether replicas of a service have something in hand, within the patience."""
    gives_up_at = time.monotonic() + patience_seconds
    while time.monotonic() < gives_up_at:
        with suppress(nats.errors.Error, JetStreamError):
            if (await client.jetstream().consumer_info(RUNS, durable)).num_ack_pending:
                return True
        await asyncio.sleep(WATCH_SECONDS)
    return False


async def _left(client: Client, durable: str) -> int:
    """Delivered and not settled, or not delivered at all. Where nobody answers, it is not none."""
    with suppress(nats.errors.Error, JetStreamError):
        found = await client.jetstream().consumer_info(RUNS, durable)
        return (found.num_ack_pending or 0) + (found.num_pending or 0)
    return 1

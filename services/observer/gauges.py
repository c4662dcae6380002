"""Gauges of the whole platform, looked at again and again: rows, queues, streams.

Every replica looks, and tells the same: take the largest of them. Where one cannot look, nothing is
better than what was true a while ago.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from services.observer.adapters.engine import Engine
from services.observer.adapters.stops import Stops
from services.observer.store.states import Counted
from shared.background import running
from shared.lag import LagReader
from shared.telemetry.levels import Levels

log = structlog.get_logger()

ACTIVE = Levels("interlock_runs_active", "Runs that have not ended", ["agent", "state"])
IDLE = Levels(
    "interlock_run_oldest_progress_seconds", "Since the run under way that stood longest", ["agent"]
)
STUCK = Levels("interlock_runs_stuck", "Runs under way that nothing is heard of", ["agent"])
REVIEWS = Levels("interlock_reviews_waiting", "Questions without an answer", ["agent"])
OLDEST = Levels("interlock_review_oldest_seconds", "Age of the oldest question", ["agent"])
PENDING = Levels("interlock_consumer_pending", "Facts that were not heard yet", ["consumer"])
UNSETTLED = Levels("interlock_consumer_ack_pending", "Heard and not settled", ["consumer"])
REDELIVERED = Levels("interlock_consumer_redelivered", "Heard more than once", ["consumer"])
WAITING = Levels(
    "interlock_consumer_oldest_seconds", "Since when a fact was not heard", ["consumer"]
)
BYTES = Levels("interlock_stream_bytes", "What a stream holds", ["stream"])
LIMIT = Levels("interlock_stream_limit_bytes", "What it may hold", ["stream"])
LETTERS = Levels("interlock_dead_letters_open", "Dead letters that nobody has decided about")
STOPS = Levels("interlock_stops_active", "What people have stopped", ["scope"])

LAG_FACTS = Levels("interlock_projection_lag_facts", "Facts that lists do not show yet")
LAG_SECONDS = Levels("interlock_projection_lag_seconds", "Since when the oldest of them waits")

FROM_ROWS = (ACTIVE, IDLE, STUCK, REVIEWS, OLDEST)
FROM_ENGINE = (PENDING, UNSETTLED, REDELIVERED, WAITING, BYTES, LIMIT, LETTERS)
FROM_LAG = (LAG_FACTS, LAG_SECONDS)
FROM_ORDERS = (STOPS,)


async def look_at_rows(counted: Counted, stuck_seconds: float) -> None:
    """What the read models tell."""
    states = await counted.states(stuck_seconds)
    ACTIVE.set_all(dict(states.active))
    for gauge, values in (
        (IDLE, states.idle_seconds),
        (STUCK, states.stuck),
        (REVIEWS, states.reviews),
        (OLDEST, states.review_seconds),
    ):
        gauge.set_all({(agent,): value for agent, value in values.items()})


async def look_at_engine(engine: Engine) -> None:
    """What JetStream tells."""
    queues, streams = await engine.queues(), await engine.streams()
    letters = await engine.open_letters()
    PENDING.set_all({(one.durable,): one.pending for one in queues})
    UNSETTLED.set_all({(one.durable,): one.ack_pending for one in queues})
    REDELIVERED.set_all({(one.durable,): one.redelivered for one in queues})
    WAITING.set_all({(one.durable,): one.oldest_seconds for one in queues})
    BYTES.set_all({(one.stream,): one.bytes for one in streams})
    LIMIT.set_all({(one.stream,): one.limit_bytes for one in streams if one.limit_bytes > 0})
    LETTERS.set(letters)


async def look_at_lag(lag: LagReader) -> None:
    """How far the rows are behind."""
    told = await lag.read()
    LAG_FACTS.set(told.facts)
    LAG_SECONDS.set(told.seconds)


async def look_at_orders(stops: Stops) -> None:
    """What people have stopped, until they let it run again."""
    STOPS.set_all({(scope,): number for scope, number in (await stops.in_force()).items()})


@asynccontextmanager
async def gauged(
    counted: Counted,
    engine: Engine,
    lag: LagReader,
    stops: Stops,
    *,
    look_seconds: float,
    stuck_seconds: float,
) -> AsyncIterator[None]:
    """The gauges are told for as long as the block lasts."""
    looks = (
        _again_and_again(lambda: look_at_rows(counted, stuck_seconds), FROM_ROWS, look_seconds),
        _again_and_again(lambda: look_at_engine(engine), FROM_ENGINE, look_seconds),
        _again_and_again(lambda: look_at_lag(lag), FROM_LAG, look_seconds),
        _again_and_again(lambda: look_at_orders(stops), FROM_ORDERS, look_seconds),
    )
    async with running(*looks):
        yield


async def _again_and_again(
    look: Callable[[], Awaitable[None]], gauges: tuple[Levels, ...], seconds: float
) -> None:
    while True:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 - whatever is away comes back
            log.warning("observer.not_gauged", error=repr(error))
            for gauge in gauges:
                gauge.clear()
        await asyncio.sleep(seconds)

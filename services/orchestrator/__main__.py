"""Run the orchestrator: `python -m services.orchestrator`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from contracts.subjects import ORCHESTRATOR, TIMER_DURABLE, TIMERS
from shared.bus import Bus
from shared.config import load_agents, load_manifests
from shared.connection import inbox_prefix
from shared.pull import PullLoop
from shared.service import Core, Service, run_service

from .adapters import NatsTimers
from .handlers import Desk, hears, wake
from .rules import Book
from .settings import Settings

FIRED_TOKENS = 4  # timer.fired.<tenant>.<run_id>


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """The book of agents and tools, and the loop that hears timers."""
    desk = Desk(
        book=Book(load_agents(settings.config_dir), load_manifests(settings.manifests_file)),
        timers=NatsTimers(core.client, settings.publish_timeout_seconds),
        sweep_seconds=settings.sweep_seconds,
        rounds=settings.rounds,
    )
    core.loops.append(timer_loop(core, desk, settings))
    await core.loops[-1].start()
    yield {"desk": desk}


def timer_loop(core: Core, desk: Desk, settings: Settings) -> PullLoop:
    """Hears `timer.fired.<tenant>.<run_id>`."""
    bus: Bus = core.bus

    async def fired(message: Msg) -> None:
        tokens = message.subject.split(".")
        if len(tokens) == FIRED_TOKENS:
            await wake(tokens[2], tokens[3], bus, desk)
        await message.ack()

    return PullLoop(
        core.client,
        TIMERS,
        TIMER_DURABLE,
        inbox_prefix(ORCHESTRATOR),
        fired,
        in_flight=settings.in_flight,
        ack_wait_seconds=settings.ack_wait_seconds,
        expires_seconds=settings.pull_expires_seconds,
    )


def main() -> None:
    run_service(Service(ORCHESTRATOR, Settings(), hears, wire))


if __name__ == "__main__":
    main()

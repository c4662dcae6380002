"""Run the orchestrator: `python -m services.orchestrator`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from contracts.run import Configuration
from contracts.subjects import ADMISSION, ADMISSION_VALUE, ORCHESTRATOR, TIMER_DURABLE, TIMERS
from shared.catalogue import load_models
from shared.clock import Clock
from shared.config import load_agents, load_manifests, load_schedules
from shared.connection import inbox_prefix
from shared.orders import following_orders
from shared.pull import PullLoop, Slots
from shared.register import NatsRegister, Register
from shared.releases import following_releases
from shared.service import Core, Service, crash_budget, run_service
from shared.versions import versions_of

from .adapters import NatsTimers, Timers
from .handlers import Desk, Rouser, hears, take_up
from .handlers.admission import Admission
from .handlers.firing import Alarm
from .handlers.scheduling import Clockwork
from .metrics import count
from .rules import Book
from .rules.admission import Caps
from .rules.rates import Rates
from .rules.shares import Fairness
from .settings import Settings


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """The book of agents and tools, the orders in force, and the loop that hears timers."""
    timers = NatsTimers(core.client, settings.publish_timeout_seconds)
    await timers.start()
    register = NatsRegister(
        core.client, ORCHESTRATOR, ADMISSION, ADMISSION_VALUE, settings.publish_timeout_seconds
    )
    await register.start()
    rouser = Rouser(timers, core.bus.clock, settings.roused_at_once)
    known = core.client, ORCHESTRATOR, core.keyring, settings
    async with (
        following_orders(*known, rouser) as orders,
        following_releases(*known) as releases,
    ):
        desk = Desk(
            book=replace(book_of(settings), orders=orders, releases=releases),
            timers=timers,
            sweep_seconds=settings.sweep_seconds,
            rounds=settings.rounds,
            admission=admission(register, core.bus.clock, timers, settings),
        )
        clockwork = Clockwork(load_schedules(settings.config_dir), register)
        await clockwork.wind(timers)
        core.loops.append(timer_loop(core, desk, clockwork, settings))
        await core.loops[-1].start()
        returning = asyncio.create_task(take_up(core.bus, desk, settings.roused_at_once))
        yield {"desk": desk}
        returning.cancel()
        await asyncio.gather(returning, return_exceptions=True)
    await rouser.stop()


def book_of(settings: Settings) -> Book:
    """What the configuration says of agents, tools and models."""
    aliases = load_models(settings.config_dir).aliases
    versions = versions_of(settings.config_dir, settings.manifests_file)
    return Book(
        load_agents(settings.config_dir),
        load_manifests(settings.manifests_file),
        context_tokens={name: alias.context_tokens for name, alias in aliases.items()},
        trials_act=settings.trials_act,
        configuration=Configuration(whole=versions.whole, parts=dict(versions.parts)),
    )


def admission(register: Register, clock: Clock, timers: Timers, settings: Settings) -> Admission:
    """Who may start when."""
    fairness = Fairness(
        half_life_seconds=settings.fair_half_life_seconds,
        guess_tokens=settings.guess_tokens,
        weights=settings.tenant_weights,
    )
    caps = Caps(
        open_runs=settings.open_runs,
        open_runs_per_tenant=settings.open_runs_per_tenant,
        queued_runs=settings.queued_runs,
        queued_runs_per_tenant=settings.queued_runs_per_tenant,
        queue_seconds=settings.queue_seconds,
        fairness=fairness,
        rates=Rates(
            per_tenant=settings.starts_per_minute_per_tenant,
            per_key=settings.starts_per_minute_per_key,
            tenants=settings.tenant_starts_per_minute,
        ),
    )
    return Admission(register, caps, clock, timedelta(seconds=settings.sweep_seconds), timers)


def timer_loop(core: Core, desk: Desk, clockwork: Clockwork, settings: Settings) -> PullLoop:
    """The loop that hears timers."""
    alarm = Alarm(
        core.bus,
        desk,
        clockwork,
        crash_budget(core, ORCHESTRATOR, TIMER_DURABLE, settings),
        core.dead_letters,
        timedelta(seconds=settings.parked_wake_seconds),
    )
    return PullLoop(
        core.client,
        TIMERS,
        TIMER_DURABLE,
        inbox_prefix(ORCHESTRATOR),
        alarm.hear,
        slots=Slots(settings.in_flight, settings.recovery_slots),
        ack_wait_seconds=settings.ack_wait_seconds,
        expires_seconds=settings.pull_expires_seconds,
    )


def main() -> None:
    run_service(Service(ORCHESTRATOR, Settings(), hears, wire, on_said=count))


if __name__ == "__main__":
    main()

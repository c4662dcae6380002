"""A release has come up: the runs that waited for its rules are looked at now.

Replicas of another release cannot decide for them, and look at them ever more seldom. This one does
not leave it to their timers: another replica might hear those.
"""

import asyncio

import structlog

from services.orchestrator.handlers.advancing import wake
from services.orchestrator.handlers.desk import Desk
from services.orchestrator.rules.versions import OWN_RULES
from shared.bus import Bus

log = structlog.get_logger()


async def take_up(bus: Bus, desk: Desk, at_once: int) -> None:
    """Look at each of them. One that cannot be looked at now keeps its timer."""
    slots = asyncio.Semaphore(at_once)

    async def look(tenant: str, run_id: str) -> None:
        async with slots:
            try:
                await wake(tenant, run_id, bus, desk)
            except Exception:
                log.exception("orchestrator.not_taken_up", tenant=tenant, run_id=run_id)

    try:
        waiting = await desk.timers.armed(None, OWN_RULES)
    except Exception:
        log.exception("orchestrator.taking_up_failed", rules=OWN_RULES)
        return
    await asyncio.gather(*(look(*run) for run in waiting))
    if waiting:
        log.info("orchestrator.taken_up", rules=OWN_RULES, runs=len(waiting))

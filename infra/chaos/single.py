"""Single kills: one worker at a time, and nothing else, until enough work was in hand.

Under fire, blows fall into each other and a recovery is that of several. Here a worker is killed
only after the last one hears again, so each figure is what one SIGKILL costs, under a steady load.
The moment is one at which its service has work in hand: a kill that hits nobody measures nothing.
"""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from itertools import count

from infra.dev.assembly import service_of

from .killer import now
from .plan import singles
from .recovery import held_since
from .stage import ChaosOptions, Progress, Stage
from .unsettled import wait_in_hand

# For so long a run keeps its slot. It may end later, and is not lost for it.
RUN_PATIENCE_SECONDS = 120.0
# After the fire: elections, reconnects and retries that it left behind are over.
QUIET_SECONDS = 12.0
# Between two kills, and after a worker hears again: by then what was in hand has gone on.
SPACING_SECONDS = 4.0
READY_SECONDS = 1.0
# A replica that does not hear again by then is named in the judgement.
BACK_SECONDS = 60.0
# For work to come to a service. One that has none by then has its turn in the next round.
IN_HAND_SECONDS = 2.0
# Kills that may find next to nothing in hand, for each recovery that is wanted.
KILLS_FOR_EACH = 3


async def kill_singly(stage: Stage, options: ChaosOptions, progress: Progress) -> dict[str, bool]:
    """Kill until enough messages were in hand; the runs meanwhile, and which were acknowledged."""
    progress.doing = "waiting until all is quiet"
    with suppress(TimeoutError):
        async with asyncio.timeout(BACK_SECONDS):
            await asyncio.gather(*(stage.killer.heard_again(one) for one in _processes(stage)))
    await asyncio.sleep(QUIET_SECONDS)
    acknowledged: dict[str, bool] = {}
    numbers, enough = count(1), asyncio.Event()

    async def load() -> None:
        while not enough.is_set():
            number = next(numbers)
            run_id = f"chaos-{options.seed}-single-{number}"
            acknowledged[run_id] = await stage.log.submit(run_id, number)
            await stage.log.ended(run_id, RUN_PATIENCE_SECONDS)

    async with asyncio.TaskGroup() as together:
        for _ in range(options.concurrency):
            together.create_task(load())
        await _kill(stage, options.recoveries, progress)
        enough.set()
    return acknowledged


async def _kill(stage: Stage, wanted: int, progress: Progress) -> None:
    began: datetime = now()
    targets = singles(stage.platform.options.seed, _processes(stage))
    for target, _ in zip(targets, range(wanted * KILLS_FOR_EACH), strict=False):
        held = held_since(began, stage.hands.seen)
        progress.doing = f"single kills: {held} of {wanted} recoveries"
        if held >= wanted:
            return
        if await wait_in_hand(stage.client, service_of(target), IN_HAND_SECONDS):
            earliest = time.monotonic() + SPACING_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(BACK_SECONDS):
                    await stage.killer.strike_alone(target)
            await asyncio.sleep(max(READY_SECONDS, earliest - time.monotonic()))


def _processes(stage: Stage) -> tuple[str, ...]:
    return stage.platform.options.processes

"""Look after a child that runs, answers, and says itself that it cannot work any more.

nats-server is such a one (measured, 2.15.1): after one failed write, as on a full disk, its stream
takes nothing until the server is restarted, even when there is space again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from infra.platform.processes import Supervisor
from shared.background import running

LOOK_SECONDS = 1.0
# One look may fall into a moment that passes.
LOOKS_BEFORE_RESTART = 2

# What it says is wrong with it; None while it is well, and while it does not answer at all:
# a child that is down is the supervisor's business, and one that starts needs its time.
Ailment = Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def kept_well(supervisor: Supervisor, name: str, ailment: Ailment) -> AsyncIterator[None]:
    """While the block lasts, restart the child whenever it goes on saying that it is unwell."""
    async with running(_watch(supervisor, name, ailment)):
        yield


async def _watch(supervisor: Supervisor, name: str, ailment: Ailment) -> None:
    unwell = 0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        said = await ailment()
        unwell = unwell + 1 if said is not None else 0
        if unwell >= LOOKS_BEFORE_RESTART:
            supervisor.kill(name, f"killed, to be restarted: {said}")
            unwell = 0

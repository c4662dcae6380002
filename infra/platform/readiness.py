"""Wait, not for ever, until a server that was just started answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from infra.platform.child import Child
from infra.platform.errors import NotReady
from infra.platform.logs import tail
from infra.platform.processes import Supervisor

PROBE_PAUSE_SECONDS = 0.05

# Asks the server once. What it raises means "not yet" if the caller said so in `transient`.
Probe = Callable[[], Awaitable[None]]


async def wait_ready(
    supervisor: Supervisor,
    child: Child,
    probe: Probe,
    *,
    timeout_seconds: float,
    transient: tuple[type[Exception], ...],
) -> None:
    """Return when `probe` does; NotReady, with the end of the log, when the time is up."""
    began = time.monotonic()
    cause = "it was not asked"
    while True:
        waited = time.monotonic() - began
        if waited >= timeout_seconds or supervisor.has_given_up(child.name):
            raise NotReady(child.name, waited, cause, tail(child.log_file))
        try:
            async with asyncio.timeout(timeout_seconds - waited):
                await probe()
        except TimeoutError:
            cause = "it did not answer"
        except transient as error:
            cause = f"{type(error).__name__}: {error}"
        else:
            return
        await asyncio.sleep(PROBE_PAUSE_SECONDS)

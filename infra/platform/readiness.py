"""Wait, not for ever, until a server that was just started answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from infra.platform.child import Child
from infra.platform.errors import NotReady
from infra.platform.logs import tail
from infra.platform.processes import Supervisor

PROBE_PAUSE_SECONDS = 0.05

# Raises what `transient` names, or TimeoutError, while the server is not ready.
Probe = Callable[[], Awaitable[None]]


async def wait_ready(
    supervisor: Supervisor,
    child: Child,
    probe: Probe,
    *,
    timeout_seconds: float,
    transient: tuple[type[Exception], ...] = (OSError,),
) -> None:
    """Return when `probe` does; NotReady, with the end of the log, when the time is up."""
    began = time.monotonic()
    while True:
        cause = "no time was left to ask"
        try:
            left = timeout_seconds - (time.monotonic() - began)
            await asyncio.wait_for(probe(), max(left, 0))
        except (TimeoutError, *transient) as error:
            cause = f"{type(error).__name__}: {error}"
        else:
            return
        waited = time.monotonic() - began
        if waited >= timeout_seconds or supervisor.has_given_up(child.name):
            raise NotReady(child.name, waited, cause, tail(child.log_file))
        await asyncio.sleep(PROBE_PAUSE_SECONDS)

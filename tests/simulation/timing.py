"""Timers of the orchestrator over the virtual engine."""

from contracts.subjects import TIMER_SET
from services.orchestrator.adapters import NatsTimers
from services.orchestrator.adapters.timers import ANY, run_of_timer
from shared.errors import LogUnavailable

from .faults import Fault
from .wire import READ_TIMEOUT_SECONDS, Client


class VirtualTimers(NatsTimers):
    """What is set is published as ever; what is armed, the engine knows."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        super().__init__(client, timeout_seconds)
        self._client = client

    async def armed(self, tenant: str | None, name: str = ANY) -> list[tuple[str, str]]:
        process, timers = self._client.process, self._client.engine.timers
        if self._client.outages.on or process.faults.strikes(Fault.FAILED_READ):
            await process.sleep(READ_TIMEOUT_SECONDS)
            raise LogUnavailable(TIMER_SET, READ_TIMEOUT_SECONDS, "no answer")
        ending = "" if name == ANY else f".{name}"
        found = await process.reach(lambda: [one for one in timers if one.endswith(ending)])
        runs = sorted({run_of_timer(one) for one in found})
        return [run for run in runs if tenant in (None, run[0])]

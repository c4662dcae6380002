"""What a process of the orchestrator sees of the schedules that are set in the engine."""

from contracts.envelope import Stored
from contracts.subjects import TIMER_SET
from services.orchestrator.adapters import NatsTimers
from shared.errors import LogUnavailable

from .faults import Fault
from .wire import READ_TIMEOUT_SECONDS, Client


def timers_of(client: Client, timeout_seconds: float) -> NatsTimers:
    """The timers of one process."""
    timers = NatsTimers(client, timeout_seconds)
    timers._reader = Schedules(client)
    return timers


class Schedules:
    """Direct gets of schedules: what has fired is gone, and of each subject there is one."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def last(self, subject: str) -> Stored | None:
        found = await self._look(subject)
        return found[0] if found else None

    async def heads(self, subject: str) -> list[Stored]:
        return await self._look(subject)

    async def read(self, subject: str, _first: int) -> list[Stored]:
        return await self._look(subject)

    async def _look(self, pattern: str) -> list[Stored]:
        process, known = self._client.process, self._client.engine.schedules
        if self._client.outages.on or process.faults.strikes(Fault.FAILED_READ):
            await process.sleep(READ_TIMEOUT_SECONDS)
            raise LogUnavailable(TIMER_SET, READ_TIMEOUT_SECONDS, "no answer")
        return await process.reach(
            lambda: [one for subject, one in sorted(known.items()) if _matches(pattern, subject)]
        )


def _matches(pattern: str, subject: str) -> bool:
    wanted, found = pattern.split("."), subject.split(".")
    pairs = zip(wanted, found, strict=False)
    return len(wanted) == len(found) and all(one in ("*", other) for one, other in pairs)

"""The clock says that a task is due: submit it, under a name that no two replicas tell apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from contracts.history import Run
from contracts.schedule import Schedule, scheduled_task
from services.orchestrator.adapters import Timers
from services.orchestrator.rules.schedules import is_skipped
from shared.bus import Bus
from shared.register import Register
from shared.runlog import BY_NOW

log = structlog.get_logger()


@dataclass(frozen=True)
class Clockwork:
    """The schedules in force, and which run of each was the last."""

    schedules: Mapping[str, Schedule]
    register: Register

    async def wind(self, timers: Timers) -> None:
        """Have the engine fire exactly these.

        Raises:
            ConfigError: the engine does not take one of them; the message says which, and why.
        """
        for schedule in self.schedules.values():
            await timers.repeat(schedule.name, schedule.spec, schedule.time_zone)
        for name in await timers.repeating():
            if name not in self.schedules:
                await timers.forget(name)

    async def fire(self, name: str, fired_at: datetime, bus: Bus) -> None:
        """Submit the task of a schedule; what was submitted before is not submitted again."""
        schedule = self.schedules.get(name)
        if schedule is None:
            log.warning("orchestrator.schedule_unknown", schedule=name)
            return
        run_id = schedule.run_id_at(fired_at)
        value, revision = await self.register.load(_value(name))
        if is_skipped(schedule, run_id, await _last(value, schedule, bus)):
            log.info("orchestrator.schedule_skipped", schedule=name, open=value.decode())
            return
        if not await bus.submit(schedule.tenant, run_id, scheduled_task(schedule)):
            log.warning("orchestrator.schedule_conflict", schedule=name, run_id=run_id)
            return
        log.info("orchestrator.schedule_fired", schedule=name, run_id=run_id)
        # Losing means that another replica wrote the same.
        await self.register.store(_value(name), run_id.encode(), revision)


async def _last(value: bytes, schedule: Schedule, bus: Bus) -> Run | None:
    """The run before, surely as it is: in a copy that lags it may look open, and be over."""
    return await bus.read(schedule.tenant, value.decode(), as_of=BY_NOW) if value else None


def _value(name: str) -> str:
    return f"schedule-{name}"

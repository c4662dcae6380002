"""Promises about schedules: each tick that is due starts one run, and no run is of no tick."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from contracts.envelope import Fact
from contracts.schedule import Schedule, scheduled_task
from contracts.shape import Body
from contracts.subjects import DEAD
from contracts.task import TaskSubmitted

from .cron import Crons
from .engine import Engine
from .log import Log, Place

Facts = list[Fact[Body]]


class Ticks:
    """What the clock had submitted, by the log alone."""

    def __init__(
        self,
        log: Log,
        engine: Engine,
        crons: Crons,
        schedules: Mapping[str, Schedule],
        violate: Callable[[str, str], None],
    ) -> None:
        self._log = log
        self._engine = engine
        self._crons = crons
        self._schedules = schedules
        self._violate = violate

    @property
    def are_over(self) -> bool:
        return all(self._crons.is_over(name) for name in self._schedules)

    def check_at_rest(self) -> None:
        """Every tick has its run, or had reason to have none."""
        for name, schedule in self._schedules.items():
            named = {_named(name, at): at for at in self._crons.due[name]}
            for run_id, at in named.items():
                self._check_tick(schedule, (schedule.tenant, run_id), at)
            for _, run_id in self._runs(schedule):
                if run_id not in named:
                    self._violate("one_run_a_tick", f"{run_id} was started by no tick of {name}")

    def _check_tick(self, schedule: Schedule, place: Place, at: datetime) -> None:
        run_id, facts = place[1], self._log.runs.get(place, [])
        tasks = [one.body for one in facts if isinstance(one.body, TaskSubmitted)]
        if len(tasks) > 1:
            self._violate("one_run_a_tick", f"{run_id} was submitted {len(tasks)} times")
        if tasks and tasks != [scheduled_task(schedule)]:
            self._violate("ticks_submit_as_written", f"{run_id} is another task than was written")
        if not tasks and not self._was_busy(schedule, at) and not self._is_parked(schedule):
            self._violate("every_tick_runs", f"{run_id} was due, and was never submitted")

    def _was_busy(self, schedule: Schedule, at: datetime) -> bool:
        """Whether another run of the schedule was open at the tick or later, and it may wait."""
        ends = (self._log.end(one) for one in self._runs(schedule))
        return schedule.overlap == "skip" and any(
            end is None or end.stored_at is None or end.stored_at > at for end in ends
        )

    def _is_parked(self, schedule: Schedule) -> bool:
        """Whether an operator was told that its timer was put aside."""
        due = f'"subject": "timer.due.{schedule.name}"'.encode()
        return any(due in one.body for one in self._engine.streams[DEAD].messages)

    def _runs(self, schedule: Schedule) -> Iterable[Place]:
        """Those that the clock submitted, and not those that they called."""
        return [
            (tenant, run_id)
            for (tenant, run_id), facts in self._log.runs.items()
            if tenant == schedule.tenant and run_id.startswith(f"{schedule.name}-")
            if isinstance(task := facts[0].body, TaskSubmitted) and not task.parent
            if not task.judging
        ]


def _named(name: str, at: datetime) -> str:
    return f"{name}-{at:%Y%m%dT%H%MZ}"

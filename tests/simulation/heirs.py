"""People who go on from runs of others: the next turn of a conversation, or a fork of a run.

Sometimes they are too early, or name what is not there; a run that cannot grow says so, and ends.
"""

from dataclasses import dataclass, field
from itertools import count

from contracts.envelope import Stored, believe
from contracts.model import ModelRequested
from contracts.task import TaskSubmitted
from tests.histories import Marks

from .scenarios import fork_of, named, next_turn
from .someone import Someone

HEIRS_AT_MOST = 3
CONTINUES, FORKS, HURRIES = 0.25, 0.03, 0.02
CANCELS = 0.1
ENDS = ("run.completed", "run.failed", "run.cancelled")


@dataclass
class Heirs(Someone):
    """Whoever submits a task because of another run."""

    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def begin(self) -> None:
        """Look at what becomes of runs."""
        self.engine.runs.listeners.append(self._on_fact)

    def _on_fact(self, message: Stored) -> None:
        _, tenant, run_id, *_ = message.subject.split(".")
        type_ = message.headers.get("ce-type")
        if type_ in ENDS and self.chance.random() < CONTINUES:
            self._grow(tenant, next_turn(run_id, self.chance))
        if type_ != "model.requested":
            return
        if self.chance.random() < HURRIES:
            named = self.chance.choice((run_id, "r-none"))
            self._grow(tenant, next_turn(named, self.chance))
        if self.chance.random() < FORKS:
            step = believe(message, Marks()).body
            assert isinstance(step, ModelRequested)
            theirs = self._task_of(tenant, run_id)
            self._grow(tenant, fork_of(run_id, theirs, step.step, self.chance))

    def _grow(self, tenant: str, wanted: TaskSubmitted) -> None:
        number = next(self._numbers)
        if number > HEIRS_AT_MOST:
            return
        run_id = f"h-{number}"
        wanted = wanted if wanted.fork is not None else named(wanted, run_id)
        self._begin(self._order(tenant, run_id, wanted))

    async def _order(self, tenant: str, run_id: str, wanted: TaskSubmitted) -> None:
        await self._submit(tenant, run_id, wanted)
        if self.chance.random() < CANCELS:
            await self._cancel(run_id)

    def _task_of(self, tenant: str, run_id: str) -> TaskSubmitted:
        first = believe(self.engine.runs.of_run[f"run.{tenant}.{run_id}"][0], Marks())
        assert isinstance(first.body, TaskSubmitted)
        return first.body

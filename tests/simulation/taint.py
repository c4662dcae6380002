"""Promises about taint: a call is judged by the labels of everything that its run had read.

What was read is reckoned here from the log alone: the labels that the gates signed, up to where the
request to the model says that it was made of, of the run itself, of the run that called it, and of
those that it grew from. What the model was shown, or still is, plays no part.
"""

from collections.abc import Callable
from typing import TypeVar

from contracts.envelope import Fact
from contracts.guardrail import ResultCleared, TaskCleared
from contracts.model import ModelRequested
from contracts.shape import Body
from contracts.task import TaskSubmitted
from contracts.tool import ToolContext, ToolManifest, ToolRequested

from .log import Log, Place

B = TypeVar("B", bound=Body)
EXTERNAL = "external"


class Taint:
    """What each run has read, and what it was let do then."""

    def __init__(self, log: Log, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._violate = violate

    def stored(self, fact: Fact[Body]) -> None:
        """A fact was stored now."""
        if not isinstance(fact.body, ToolRequested):
            return
        asked, place = fact.body, (fact.tenant, fact.run_id)
        missing = self._read_before(place, asked.step) - set(asked.labels)
        if missing:
            name = f"{fact.run_id}/{asked.call}-{asked.attempt} ({asked.tool})"
            self._violate("taint_sticks", f"{name} was asked for without {sorted(missing)}")

    def started(
        self, context: ToolContext, manifest: ToolManifest, approval_id: str | None
    ) -> None:
        """An effect starts now. What leaves needs a person where a stranger was read."""
        place, step = (context.tenant, context.run_id), int(context.call.split("-")[0])
        is_tainted = EXTERNAL in self._read_before(place, step)
        if manifest.effect == "egress" and is_tainted and approval_id is None:
            name = f"{context.run_id}/{context.call}-{context.attempt} ({manifest.name})"
            self._violate("taint_binds", f"{name} was started by a run that had read a stranger")

    def _read_before(self, place: Place, step: int) -> set[str]:
        """The labels of all that was read by the request of this step."""
        asked = next(one for one in self._of(place, ModelRequested) if one.body.step == step)
        return self._read_by(place, asked.body.position)

    def _read_by(self, place: Place, position: int) -> set[str]:
        found: set[str] = set()
        for fact in self._log.runs[place]:
            if fact.sequence > position:
                break
            match fact.body:
                case TaskCleared(labels=labels):
                    found.update(labels)
                case ResultCleared(label=label):
                    found.add(label)
        return found | self._inherited(place)

    def _inherited(self, place: Place) -> set[str]:
        """What was read by the run that called this one, or that it goes on from."""
        task = self._log.runs[place][0].body
        assert isinstance(task, TaskSubmitted)
        if task.parent is not None:
            step = int(task.parent.call.split("-")[0])
            return self._read_before((place[0], task.parent.run_id), step)
        if task.fork is not None:
            return self._read_before((place[0], task.fork.run_id), task.fork.step)
        if task.continues is not None:
            end = self._log.end((place[0], task.continues))
            assert end is not None, "only a run that is over is continued"
            return self._read_by((place[0], task.continues), end.sequence)
        return set()

    def _of(self, place: Place, kind: type[B]) -> list[Fact[B]]:
        return [fact for fact in self._log.runs[place] if isinstance(fact.body, kind)]

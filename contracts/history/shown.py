"""What of a run is still shown to the model at one step, after compactions and rollbacks."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..control import InputTaken
from ..guardrail import InputCleared
from ..model import ModelResponded
from ..run import ContextCompacted
from .state import Input, Run

INHERITED = 0  # counts as a step of that number


@dataclass(frozen=True, slots=True)
class Shown:
    """The bounds of the conversation at step `at`.

    Steps after `dropped` are shown, and of those after `cleared` the tool results too. From the
    step `back` on a rollback has taken back what came before. `summary` stands in for the rest.
    """

    at: int
    dropped: int
    cleared: int
    back: int
    summary: str | None

    def has(self, step: int) -> bool:
        return step > self.dropped and step >= self.back


def shown(run: Run, at: int, tried: ContextCompacted | None = None) -> Shown:
    """By the facts that were recorded for steps up to `at`, and by no later ones."""
    known = [one.body for one in run.compactions if one.body.step <= at]
    known += [] if tried is None else [tried]
    return Shown(
        at=at,
        dropped=max((one.through_step for one in known if one.kind != "cleared"), default=-1),
        cleared=max((one.through_step for one in known if one.kind == "cleared"), default=-1),
        back=max((step for step, given in _taken(run, at) if _is_rollback(given)), default=0),
        summary=_summary(run, known),
    )


def inputs_before(run: Run, step: int) -> Iterator[InputCleared]:
    """Follow-ups that come into the conversation right before this step."""
    return (given for taken_at, given in _cleared(run, step) if taken_at == step)


def inputs_through(run: Run, step: int) -> Iterator[InputCleared]:
    """Every follow-up that came into the conversation before this step, or any earlier one."""
    return (given for _, given in _cleared(run, step))


def taken_through(run: Run, step: int) -> Iterator[Input]:
    """The same, with who gave it."""
    return (given for _, given in _taken(run, step))


def _cleared(run: Run, at: int) -> Iterator[tuple[int, InputCleared]]:
    for taken_at, given in _taken(run, at):
        assert given.verdict is not None, "only cleared input is taken"
        assert isinstance(given.verdict.body, InputCleared), "only cleared input is taken"
        yield taken_at, given.verdict.body


def _taken(run: Run, at: int) -> Iterator[tuple[int, Input]]:
    for given in run.inputs:
        taken = given.end.body if given.end is not None else None
        if isinstance(taken, InputTaken) and taken.step <= at:
            yield taken.step, given


def _is_rollback(given: Input) -> bool:
    return given.submitted.body.policy == "rollback"


def _summary(run: Run, known: list[ContextCompacted]) -> str | None:
    """The newest summary, which also covers the older ones."""
    numbers = [one.summary_step for one in known if one.summary_step is not None]
    outcome = run.steps[numbers[-1] - 1].outcome if numbers else None
    if outcome is None or not isinstance(outcome.body, ModelResponded):
        return None
    return outcome.body.text

"""Where each turn of a prompt came from, in the order of `contracts.history.pieces`.

The conversation itself does not say: a model sees words. Here the same walk is made once more, over
the facts that brought them; both must come out at the same length, or the record is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from contracts.control import InputTaken
from contracts.envelope import Fact
from contracts.guardrail import InputCleared, ResultCleared, TaskCleared
from contracts.history import Call, Run, Step
from contracts.history.conversation import segment
from contracts.history.lineage import grown_from
from contracts.history.shown import INHERITED, Shown, shown
from contracts.run import RunCompleted
from contracts.shape import Body

Kind = Literal["system", "task", "history", "tool_result", "input", "summary", "question"]

SYSTEM, AGENT, PERSON = "system", "agent", "person"


@dataclass(frozen=True, slots=True)
class Origin:
    """One block: what it is, by what it came, how far it may be trusted.

    `turn` counts from 1 within its run; several results of tools share one. `fact` is what it was
    taken from; None where no fact says it.
    """

    kind: Kind
    source: str
    label: str
    fact: Fact[Body] | None
    is_cleared: bool = False
    run_id: str | None = None  # of another run, whose conversation goes on here


Turn = tuple[Origin, ...]


def origins(run: Run, step: int) -> Iterator[Turn]:
    """The blocks of each turn before `step`."""
    if run.verdict is None or not isinstance(run.verdict.body, TaskCleared):
        return
    view = shown(run, step)
    yield from _opening(run, run.verdict, view)
    for each in run.steps[: view.at - 1]:
        if each.number >= view.back:
            yield from _inputs(run, each.number)
        if view.has(each.number):
            yield from _segment(each, is_cleared=each.number <= view.cleared)
    yield from _inputs(run, view.at)
    if step <= len(run.steps) and run.steps[step - 1].is_summary:
        asked = run.steps[step - 1].requested
        yield (Origin("question", "the context policy", SYSTEM, asked),)


def _opening(run: Run, verdict: Fact[Body], view: Shown) -> Iterator[Turn]:
    grown = grown_from(run)
    inherits = grown is not None and view.has(INHERITED)
    if inherits:
        for turn in _inherited(run):
            yield _cleared(turn) if view.cleared >= INHERITED else turn
    if grown is None or grown.kind == "continues" or not inherits:
        assert isinstance(verdict.body, TaskCleared), "only a cleared task is shown"
        yield (Origin("task", "the task", _labels(verdict.body.labels), verdict),)
    if view.summary is not None:
        yield (_summary(run, view.at),)


def _summary(run: Run, at: int) -> Origin:
    """The newest summary: the answer of a step that the context policy asked for."""
    known = [one for one in run.compactions if one.body.step <= at]
    number = [one.body.summary_step for one in known if one.body.summary_step is not None][-1]
    return Origin("summary", f"step {number}", AGENT, run.steps[number - 1].outcome)


def _inputs(run: Run, step: int) -> Iterator[Turn]:
    for given in run.inputs:
        taken = given.end.body if given.end is not None else None
        if isinstance(taken, InputTaken) and taken.step == step:
            assert given.verdict is not None, "only cleared input is taken"
            assert isinstance(given.verdict.body, InputCleared), "only cleared input is taken"
            label = _labels(given.verdict.body.labels)
            yield (Origin("input", f"input ({taken.policy})", label, given.verdict),)


def _segment(step: Step, *, is_cleared: bool) -> Iterator[Turn]:
    for piece in segment(step):
        if piece.turn.role == "assistant":
            yield (Origin("history", f"step {step.number}", AGENT, step.outcome),)
        else:
            turn = tuple(_result(call) for call in step.calls)
            yield _cleared(turn) if is_cleared else turn


def _result(call: Call) -> Origin:
    """What the model was told of a call: by the tool, by a person, or by us."""
    source = f"call {call.name}, {call.part.name}"
    if call.result is not None:
        said = call.result.body
        if not isinstance(said, ResultCleared):
            return Origin("tool_result", source, SYSTEM, call.result)
        # A result that the check left as it was is not stored twice.
        ended = (each.outcome for each in reversed(call.tries) if each.outcome is not None)
        fact = call.result if said.text is not None else next(ended, call.result)
        return Origin("tool_result", source, said.label, fact)
    last = call.last
    if last is not None and last.review is not None and last.review.decided is not None:
        label = PERSON if last.review.decided.body.approvers else SYSTEM
        return Origin("tool_result", source, label, last.review.decided)
    verdict = last.verdict if last is not None else None
    return Origin("tool_result", source, SYSTEM, verdict)


def _inherited(run: Run) -> Iterator[Turn]:
    grown = grown_from(run)
    assert grown is not None, "asked for where it grew from another"
    assert run.ancestor is not None, "a prompt is made only where it was read"
    before = run.ancestor
    turns = _whole(before) if grown.step is None else origins(before, grown.step)
    for turn in turns:
        yield tuple(replace(one, run_id=one.run_id or before.run_id) for one in turn)


def _whole(run: Run) -> Iterator[Turn]:
    """The conversation of a run that is over."""
    if run.step is None:
        yield from origins(run, 1)
        return
    yield from origins(run, run.step.number)
    if run.end is not None and isinstance(run.end.body, RunCompleted):
        yield (Origin("history", "its answer", AGENT, run.end),)
    else:
        yield from _segment(run.step, is_cleared=False)


def _cleared(turn: Turn) -> Turn:
    """Results of tools without their text; whatever else is said stays."""
    return tuple(replace(one, is_cleared=one.kind == "tool_result") for one in turn)


def _labels(labels: tuple[str, ...]) -> str:
    return " ".join(labels) or "none"

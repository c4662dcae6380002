"""Two runs side by side, step by step: where do they first differ, and in what."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from contracts.history import Call, Run, Step, told
from contracts.history.lineage import canonical_arguments, grown_from
from contracts.model import ModelResponded, Text
from contracts.run import RunCompleted

What = Literal["model", "calls", "arguments", "result", "text", "end", "answer"]
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in both. `step` is that of the first run; 0 is the end."""

    step: int
    what: What
    first: str
    second: str

    def __str__(self) -> str:
        where = f"step {self.step}" if self.step else "the end"
        return f"{where}, {self.what}: {self.first} / {self.second}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs from where they begin to be comparable: a fork from the step that it grew from."""

    first: str
    second: str
    from_step: int
    steps: tuple[int, int]
    cost_micro_usd: tuple[int, int]
    differences: tuple[Difference, ...]

    @property
    def divergence(self) -> Difference | None:
        """The first difference, if there is one."""
        return self.differences[0] if self.differences else None


def compare(first: Run, second: Run) -> Comparison:
    """What `second` did otherwise than `first`."""
    grown = grown_from(second)
    forked = grown is not None and grown.kind == "fork" and grown.run_id == first.run_id
    start = grown.step if forked and grown is not None and grown.step is not None else 1
    ours, theirs = first.steps[start - 1 :], second.steps
    return Comparison(
        first=first.run_id,
        second=second.run_id,
        from_step=start,
        steps=(len(ours), len(theirs)),
        cost_micro_usd=(_cost(ours), _cost(theirs)),
        differences=(*_step_differences(ours, theirs, start), *_end_differences(first, second)),
    )


def _step_differences(ours: list[Step], theirs: list[Step], start: int) -> Iterator[Difference]:
    for number, (mine, other) in enumerate(zip_longest(ours, theirs), start):
        if mine is None or other is None:
            yield Difference(number, "calls", _did(mine), _did(other))
            return
        for what, one, two in _aspects(mine, other):
            if one != two:
                yield Difference(number, what, _cut(one), _cut(two))


def _aspects(mine: Step, other: Step) -> Iterator[tuple[What, str, str]]:
    yield "model", mine.requested.body.alias, other.requested.body.alias
    calls = _names(mine), _names(other)
    yield "calls", *calls
    if calls[0] == calls[1]:
        for one, two in zip(mine.calls, other.calls, strict=True):
            yield "arguments", _arguments(one), _arguments(two)
            yield "result", _result(one), _result(two)
    yield "text", _text(mine), _text(other)


def _end_differences(first: Run, second: Run) -> Iterator[Difference]:
    if first.status != second.status:
        yield Difference(0, "end", first.status, second.status)
    answers = _answer(first), _answer(second)
    if answers[0] != answers[1]:
        yield Difference(0, "answer", _cut(answers[0]), _cut(answers[1]))


def _did(step: Step | None) -> str:
    return "no such step" if step is None else _names(step) or _cut(_text(step))


def _names(step: Step) -> str:
    return ", ".join(call.part.name for call in step.calls)


def _arguments(call: Call) -> str:
    return f"{call.part.name} {canonical_arguments(call.part.arguments_json)}"


def _result(call: Call) -> str:
    found = told(call)
    if found is None:
        return "none"
    return "".join(part.text for part in found.parts if isinstance(part, Text))


def _text(step: Step) -> str:
    outcome = step.outcome.body if step.outcome is not None else None
    return outcome.text if isinstance(outcome, ModelResponded) else ""


def _answer(run: Run) -> str:
    end = run.end.body if run.end is not None else None
    return end.answer if isinstance(end, RunCompleted) else ""


def _cost(steps: list[Step]) -> int:
    settled = (one.settled for step in steps for one in step.attempts if one.settled is not None)
    return sum(one.body.cost_micro_usd for one in settled)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."

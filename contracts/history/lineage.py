"""Runs that grew from other runs, and what a shadow of a run may be given of it.

A fork goes on from a step of another run and touches nothing outside: its calls are answered by
what the other run has on record from that step on. Equal calls (the same tool, and arguments that
are the same JSON) are matched in their order, so that a tool that was called twice, and answered
differently, is answered so again. What the fork inherited has used up its part of the record.
"""

import json
from collections.abc import Iterator

from ..envelope import Fact
from ..run import Ancestor
from ..tool import ToolFailed, ToolRequested, ToolSucceeded
from .state import Call, Run

RecordedOutcome = Fact[ToolSucceeded] | Fact[ToolFailed]


def grown_from(run: Run) -> Ancestor | None:
    """Where it grew from another run; None for one that did not, or has not started."""
    return run.started.body.ancestor if run.started is not None else None


def is_shadow(run: Run) -> bool:
    """Whether it may touch nothing outside."""
    return run.started is not None and run.started.body.shadow


def lacks_ancestor(run: Run) -> bool:
    """Whether it grew from another run that was not read with it: it has no prompt then."""
    return grown_from(run) is not None and run.ancestor is None


def generations(run: Run) -> int:
    """How many runs it grew from, one from the other, as far as they were read with it."""
    return 0 if run.ancestor is None else 1 + generations(run.ancestor)


def recorded_call(run: Run, parent: Run, asked: ToolRequested) -> Call | None:
    """The call of `parent` that stands for a call of its fork `run`; None where there is none.

    `parent` is folded to its end: what is on record lies after the position that the fork knows.
    """
    grown = grown_from(run)
    if grown is None or grown.kind != "fork" or grown.step is None:
        return None
    wanted = call_key(asked)
    number = sum(key_of(call) == wanted for call in calls_before(run, asked))
    alike = [call for call in _calls_from(parent, grown.step) if key_of(call) == wanted]
    return alike[number] if number < len(alike) else None


def recorded_outcome(call: Call) -> RecordedOutcome | None:
    """What became of a call; None where it never ran, or nobody can tell."""
    outcome = call.last.outcome if call.last is not None else None
    match outcome:
        case Fact(body=ToolSucceeded() | ToolFailed()):
            return outcome  # type: ignore[return-value]  # the pattern looked at its body
        case _:
            return None


def call_key(asked: ToolRequested) -> tuple[str, str]:
    """What makes two calls equal: the tool, and the arguments that run, in any spelling."""
    return asked.tool, canonical_arguments(asked.arguments_json)


def canonical_arguments(arguments_json: str) -> str:
    """Arguments in one spelling: keys sorted, no spaces; what is unclear stays as it is."""
    try:
        found = json.loads(arguments_json, object_pairs_hook=_unique)
    except ValueError:
        return arguments_json
    return canonical_json(found)


def canonical_json(found: object) -> str:
    """JSON in one spelling: keys sorted, no spaces."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it names something twice")
    return found


def key_of(call: Call) -> tuple[str, str]:
    """Of the arguments that ran: a person may have written others than the model."""
    if call.last is not None:
        return call_key(call.last.request.body)
    return call.part.name, canonical_arguments(call.part.arguments_json)


def calls_before(run: Run, asked: ToolRequested) -> Iterator[Call]:
    """The calls of a run that come before one in the order in which they were asked for."""
    for step in run.steps[: asked.step]:
        for call in step.calls:
            if (step.number, call.index) < (asked.step, asked.index):
                yield call


def _calls_from(parent: Run, step: int) -> Iterator[Call]:
    yield from (call for each in parent.steps[step - 1 :] for call in each.calls)

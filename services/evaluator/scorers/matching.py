"""Expected calls and real ones: which fit, and how many of them at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from contracts.history import Call, Run
from contracts.scoring import ExpectedCall, Matching

from .outcome import short


@dataclass(frozen=True, slots=True)
class Made:
    """A call with its arguments, as far as they are JSON."""

    name: str
    tool: str
    arguments: JsonValue

    def __str__(self) -> str:
        return f"{self.tool}({short(json.dumps(self.arguments, ensure_ascii=False))})"


def made_by(run: Run) -> list[Made]:
    """Every call of a run, in its order, with the arguments that ran."""
    return [made(call) for step in run.steps for call in step.calls]


def made(call: Call) -> Made:
    """With the arguments that ran: a person may have written others than the model."""
    ran = None if call.last is None else call.last.request.body.arguments_json
    return _made(call, call.part.arguments_json if ran is None else ran)


def asked_by(run: Run) -> list[Made]:
    """Every call of a run, in its order, with the arguments that the model wrote."""
    return [_made(call, call.part.arguments_json) for step in run.steps for call in step.calls]


def _made(call: Call, arguments_json: str) -> Made:
    try:
        arguments = json.loads(arguments_json or "{}")
    except ValueError:
        arguments = arguments_json
    return Made(call.name, call.part.name, arguments)


def fits(expected: ExpectedCall, real: Made, arguments: Matching) -> bool:
    """Whether the real call is one of these."""
    if expected.tool != real.tool:
        return False
    if expected.arguments is None or arguments == "ignore":
        return True
    if not isinstance(real.arguments, dict):
        return False
    wanted, found = expected.arguments, real.arguments
    match arguments:
        case "superset":
            return _all_in(wanted, found)
        case "subset":
            return _all_in(found, wanted)
        case _:
            return _all_in(wanted, found) and len(wanted) == len(found)


def matched(
    expected: Sequence[ExpectedCall], real: Sequence[Made], arguments: Matching
) -> dict[int, int]:
    """The most pairs that fit, each call in one: place of the expected to that of the real call.

    By augmenting paths: the first that fits may be needed by another one.
    """
    options = [
        [at for at, one in enumerate(real) if fits(wanted, one, arguments)] for wanted in expected
    ]
    taken: dict[int, int] = {}
    for place in range(len(expected)):
        _find_place(place, options, taken, set())
    return {wanted: at for at, wanted in taken.items()}


def _find_place(
    place: int, options: Sequence[Sequence[int]], taken: dict[int, int], seen: set[int]
) -> bool:
    for at in options[place]:
        if at in seen:
            continue
        seen.add(at)
        if at not in taken or _find_place(taken[at], options, taken, seen):
            taken[at] = place
            return True
    return False


def _all_in(some: dict[str, JsonValue], others: dict[str, JsonValue]) -> bool:
    """Whether the others have each of these."""
    return all(name in others and same(value, others[name]) for name, value in some.items())


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, and is not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return len(one) == len(other) and _all_in(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other

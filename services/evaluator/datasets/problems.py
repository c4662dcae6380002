"""What pydantic found wrong with a suite, in the words of whoever wrote it."""

import difflib
from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contracts.scoring import ExpectedCall, Scored, Scorer
from contracts.suite import Case, GateRules, Source, Suite
from contracts.task import TaskLimits
from contracts.trial import Stub

Place = tuple[int | str, ...]

KINDS: dict[str, type[Scored]] = {
    shape.model_fields["kind"].default: shape for shape in get_args(get_args(Scorer)[0])
}
_SHAPES: dict[str, type[BaseModel]] = {
    **KINDS,
    "calls": ExpectedCall,
    "cases": Case,
    "gate": GateRules,
    "limits": TaskLimits,
    "source": Source,
    "stubs": Stub,
}
_QUOTE = "give text; a number or a yes needs quotes around it"
_NAME = "use 1 to 64 of A-Z a-z 0-9 _ -"


def problems_of(error: ValidationError, shape: type[Suite | Case]) -> list[str]:
    """Each mistake as `field: what is wrong; what to do`."""
    return [_problem(one, shape) for one in error.errors(include_url=False)]


def nearest(word: str, known: Sequence[str]) -> str:
    """`did you mean ...?` where one of the known words is near, else all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"


def _problem(one: ErrorDetails, shape: type[BaseModel]) -> str:
    place, context = one["loc"], one.get("ctx", {})
    field = place_text(place)
    match one["type"]:
        case "extra_forbidden":
            known = list(_shape_at(place[:-1], shape).model_fields)
            return f"{field}: there is no such field; {nearest(str(place[-1]), known)}"
        case "union_tag_invalid":
            tag = str(context.get("tag"))
            return f"{field}: no scorer is of kind {tag!r}; {_kinds(tag)}"
        case "union_tag_not_found":
            return f"{field}: say which scorer it is, as kind; known: {', '.join(KINDS)}"
        case "missing":
            return f"{field}: it is missing; write it"
        case "string_type":
            return f"{field}: {one['input']!r} is no text; {_QUOTE}"
        case "string_pattern_mismatch":
            return f"{field}: {one['input']!r} is no name; {_NAME}"
        case "value_error":
            return f"{field}: {context.get('error', one['msg'])}"
    return f"{field}: {one['msg'][:1].lower()}{one['msg'][1:]}; correct it"


def _kinds(tag: str) -> str:
    near = difflib.get_close_matches(tag, list(KINDS), n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{guess}known: {', '.join(KINDS)}"


def place_text(place: Place) -> str:
    """`scorers[0].pattern`, counted from 0 as in the file; the kind of a scorer is left out."""
    text = ""
    for index, part in enumerate(place):
        if isinstance(part, int):
            text += f"[{part}]"
        elif not _is_tag(place, index):
            text += f".{part}"
    return text.removeprefix(".") or "the whole of it"


def _is_tag(place: Place, index: int) -> bool:
    return index >= 2 and place[index - 2] == "scorers" and isinstance(place[index - 1], int)


def _shape_at(place: Place, shape: type[BaseModel]) -> type[BaseModel]:
    for index in range(len(place) - 1, -1, -1):
        part = place[index]
        if isinstance(part, str) and (part not in KINDS or _is_tag(place, index)):
            return _SHAPES.get(part, shape)
    return shape

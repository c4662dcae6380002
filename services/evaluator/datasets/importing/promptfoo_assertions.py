"""The assertions of promptfoo, and the scorers that say the same; the others are told."""

import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from contracts.scoring import (
    CostAtMost,
    Exact,
    Fuzzy,
    JsonSchema,
    Judged,
    LatencyAtMost,
    Regex,
    Scorer,
)

from .imported import Imported, NotTaken, any_of, as_text, filled

DEFAULT_SIMILARITY = 0.75
MILLISECONDS = 1000
Fields = Mapping[str, object]
Scoring = Callable[[object, Fields], list[Scorer]]


def scorers_of(
    imported: Imported, where: str, asserted: list[object], variables: Fields, judge: str
) -> list[Scorer]:
    """The scorers of a test, each with the weight of its assertion."""
    found: list[Scorer] = []
    for number, one in enumerate(asserted):
        place = f"{where}.assert[{number}]"
        try:
            assertion = one if isinstance(one, dict) else {}
            found += _taken(imported, place, assertion, variables, judge)
        except ValueError as error:
            imported.note(place, str(error).split("\n")[0])
    return found


def _taken(
    imported: Imported, place: str, one: Fields, variables: Fields, judge: str
) -> list[Scorer]:
    kind, value = str(one.get("type", "")), _filled(one.get("value"), variables)
    for name in sorted(one.keys() - {"type", "value", "threshold", "weight"}):
        imported.note(place, f"{name}: a scorer has nothing like it")
    if one.get("weight") == 0:
        raise NotTaken(f"{kind} counts for nothing there, so it is left out")
    if isinstance(value, str) and value.startswith("file://"):
        raise NotTaken(f"{value} is another file; write its content here")
    if kind == "llm-rubric":
        imported.note(place, f"llm-rubric is asked of {judge}, who passes or fails")
        scorers: list[Scorer] = [Judged(by=judge, question=as_text(value))]
    elif (scoring := KINDS.get(kind)) is None:
        raise NotTaken(f"{kind or 'without a type, it'} is not taken; write a scorer in its place")
    else:
        scorers = scoring(value, one)
    if kind == "similar":
        imported.note(place, "similar compares meanings there, and letters here: look at at_least")
    weight = float(str(one.get("weight", 1.0))) / len(scorers)
    return [scorer.model_copy(update={"weight": weight}) for scorer in scorers]


def _filled(value: object, variables: Fields) -> object:
    match value:
        case str():
            return filled(value, variables)
        case list():
            return [_filled(one, variables) for one in value]
    return value


def _texts(value: object) -> list[str]:
    # A text of several is a line of CSV there.
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not found:
        raise NotTaken("its value is no list")
    return [as_text(one).strip() for one in found]


def _contains(*, ignore_case: bool) -> Scoring:
    return lambda value, _: [any_of([as_text(value)], ignore_case=ignore_case)]


def _any(*, ignore_case: bool) -> Scoring:
    return lambda value, _: [any_of(_texts(value), ignore_case=ignore_case)]


def _all(*, ignore_case: bool) -> Scoring:
    return lambda value, _: [any_of([one], ignore_case=ignore_case) for one in _texts(value)]


def _regex(value: object, _: Fields) -> list[Scorer]:
    pattern = as_text(value)
    try:
        re.compile(pattern)
    except re.error as error:
        raise NotTaken(f"{pattern!r} is no pattern in Python: {error}") from None
    return [Regex(pattern=pattern)]


def _equals(value: object, _: Fields) -> list[Scorer]:
    return [Exact(value=as_text(value))]


def _whole(value: object, _: Fields) -> list[Scorer]:
    return [Regex(pattern=rf"\A{re.escape(as_text(value))}\Z")]


def _json(value: object, _: Fields) -> list[Scorer]:
    schema = json.loads(value) if isinstance(value, str) else value
    return [JsonSchema.model_validate({"fits": schema or {}})]


def _similar(value: object, one: Fields) -> list[Scorer]:
    least = float(str(one.get("threshold", DEFAULT_SIMILARITY)))
    return [Fuzzy(value=as_text(value), at_least=least, compare="whole")]


def _cost(_: object, one: Fields) -> list[Scorer]:
    return [CostAtMost(usd=Decimal(_threshold(one)))]


def _latency(_: object, one: Fields) -> list[Scorer]:
    return [LatencyAtMost(seconds=math.ceil(float(_threshold(one)) / MILLISECONDS))]


def _threshold(one: Fields) -> str:
    if "threshold" not in one:
        raise NotTaken("it has no threshold")
    return str(one["threshold"])


def _not(scoring: Scoring) -> Scoring:
    def absent(value: object, one: Fields) -> list[Scorer]:
        return [scorer.model_copy(update={"absent": True}) for scorer in scoring(value, one)]

    return absent


_FOUND: dict[str, Scoring] = {
    "contains": _contains(ignore_case=False),
    "icontains": _contains(ignore_case=True),
    "contains-any": _any(ignore_case=False),
    "icontains-any": _any(ignore_case=True),
    "regex": _regex,
}
# Of what holds for all of several, the contrary is no list of scorers: there is no `not-` of it.
KINDS: dict[str, Scoring] = {
    **_FOUND,
    **{f"not-{kind}": _not(scoring) for kind, scoring in _FOUND.items()},
    "contains-all": _all(ignore_case=False),
    "icontains-all": _all(ignore_case=True),
    "equals": _equals,
    "not-equals": _not(_whole),
    "is-json": _json,
    "similar": _similar,
    "cost": _cost,
    "latency": _latency,
}

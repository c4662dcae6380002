"""Scorers of what a run answered."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

import regex
from jsonschema import SchemaError  # type: ignore[import-untyped]  # it publishes no types
from rapidfuzz import fuzz
from referencing.exceptions import Unresolvable

from contracts.scoring import Exact, Fuzzy, JsonSchema, Numeric, Overlap, Regex
from shared.json_schema import UnboundedSchema, schema_problem

from .outcome import PATTERN_SECONDS, NotBounded, Outcome, outcome, short

TEXT_LIMIT = 200_000  # characters of an answer that are looked at
NUMBERS_LIMIT = 10_000
# Characters by characters: about a second. The library that compares has no time limit.
COMPARED_LIMIT = 50_000_000
# A sign belongs to a number, and not to the word before it: order-30 is 30.
_NUMBER = r"(?:(?<!\w)[-+])?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?"
_FENCE = regex.compile(r"```(?:json)?\s*\n(.*?)```", regex.DOTALL | regex.IGNORECASE)


def exact(answer: str, scorer: Exact) -> Outcome:
    found, wanted = answer.strip(), scorer.value.strip()
    if scorer.ignore_case:
        found, wanted = found.casefold(), wanted.casefold()
    if found == wanted:
        return Outcome(1.0, "it is the text that was expected")
    return Outcome(0.0, f"it says {short(answer)!r}, not {short(scorer.value)!r}")


def matches(answer: str, scorer: Regex) -> Outcome:
    flags = regex.IGNORECASE if scorer.ignore_case else 0
    try:
        found = regex.search(
            scorer.pattern, answer[:TEXT_LIMIT], flags=flags, timeout=PATTERN_SECONDS
        )
    except regex.error as error:
        return Outcome(None, f"the pattern {scorer.pattern!r} cannot be read: {error}")
    except TimeoutError:
        return Outcome(None, f"{scorer.pattern!r} took longer than {PATTERN_SECONDS:g} s; simplify")
    if found is None and len(answer) > TEXT_LIMIT:
        return Outcome(
            None, f"only the first {TEXT_LIMIT:,} of {len(answer):,} characters were read"
        )
    told = "is not found" if found is None else f"is found: {short(found[0])!r}"
    return outcome((found is None) == scorer.absent, f"{scorer.pattern!r} {told}")


def fits_schema(answer: str, scorer: JsonSchema) -> Outcome:
    try:
        value = json.loads(_unfenced(answer), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return Outcome(0.0, f"it is not JSON: {error}; it says {short(answer)!r}")
    try:
        problem = schema_problem(scorer.fits, value)
    except (SchemaError, Unresolvable, UnboundedSchema) as error:
        return Outcome(None, short(f"the schema cannot be read: {error}"))
    except TimeoutError:
        return Outcome(None, f"a pattern of the schema took longer than {PATTERN_SECONDS:g} s")
    return outcome(problem is None, short(problem or "it fits the schema"))


def near(answer: str, scorer: Numeric) -> Outcome:
    try:
        found = list(_numbers(answer[:TEXT_LIMIT], scorer.pattern))
    except regex.error as error:
        return Outcome(None, f"the pattern {scorer.pattern!r} cannot be read: {error}")
    except TimeoutError:
        return Outcome(None, f"{scorer.pattern!r} took longer than {PATTERN_SECONDS:g} s; simplify")
    if not found:
        return Outcome(0.0, f"there is no number in {short(answer)!r}")
    allowed = max(scorer.tolerance, abs(scorer.value) * Decimal(str(scorer.relative)))
    nearest = min(found, key=lambda one: abs(one - scorer.value))
    told = f"{nearest} is the nearest to {scorer.value}, {allowed} off is allowed"
    return outcome(abs(nearest - scorer.value) <= allowed, told)


def nearly(answer: str, scorer: Fuzzy) -> Outcome:
    try:
        share = likeness(scorer.value, answer, scorer.compare)
    except NotBounded as error:
        return Outcome(None, str(error))
    told = f"{short(scorer.value)!r} is there to {share:.0%}, {scorer.at_least:.0%} is enough"
    return Outcome(1.0 if share >= scorer.at_least else share, told)


def likeness(wanted: str, answer: str, compare: Literal["within", "whole", "words"]) -> float:
    """How much of what is wanted an answer says, from 0 to 1, whatever the case of the letters.

    Raises:
        NotBounded: both are so long that to compare them takes more than about a second.
    """
    wanted, said = wanted.casefold(), answer.casefold()
    if len(wanted) * len(said) > COMPARED_LIMIT:
        raise NotBounded(f"{len(wanted):,} by {len(said):,} characters are too many to compare")
    if not said:
        return 0.0
    # A text that is shorter than what is looked for does not contain it.
    if compare == "whole" or (compare == "within" and len(said) < len(wanted)):
        return fuzz.ratio(wanted, said) / 100
    return (fuzz.partial_ratio if compare == "within" else fuzz.token_set_ratio)(wanted, said) / 100


def overlaps(answer: str, scorer: Overlap) -> Outcome:
    wanted = {_item(one) for one in scorer.values}
    found = {item for part in answer.split(scorer.separator) if (item := _item(part))}
    common = len(wanted & found)
    f1 = 2 * common / (len(wanted) + len(found)) if found else 0.0
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    told = f"F1 {f1:.2f}, {scorer.at_least:.2f} is enough"
    told += f"; missing {short(', '.join(missing))}" if missing else ""
    told += f"; beside them {short(', '.join(extra))}" if extra else ""
    return Outcome(1.0 if f1 >= scorer.at_least else f1, told)


def _numbers(answer: str, pattern: str | None) -> Iterator[Decimal]:
    """Those that the first group of the pattern finds; without one, any."""
    found = regex.finditer(pattern or _NUMBER, answer, timeout=PATTERN_SECONDS)
    for count, one in enumerate(found):
        if count >= NUMBERS_LIMIT:
            return
        text = one[1] if one.re.groups and pattern is not None else one[0]
        try:
            number = Decimal((text or "").replace(",", ""))
        except InvalidOperation:
            continue
        if number.is_finite():
            yield number


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is none of its numbers")


def _unfenced(answer: str) -> str:
    """What stands in the only code fence; else all of it."""
    fences: Sequence[str] = _FENCE.findall(answer[:TEXT_LIMIT])
    return fences[0] if len(fences) == 1 else answer


def _item(text: str) -> str:
    return " ".join(text.split()).casefold()

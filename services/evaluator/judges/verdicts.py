"""What a judge said, read from its answer: pass, fail, or nothing that can be used.

A verdict is the whole answer, one JSON object, alone or in a fence. No verdict is looked for inside
other text, for that text may hold what a transcript told the judge to say. Quotes must stand in the
evidence word for word; a judge all of whose quotes are made up says nothing, nor does one who gives
none where the question needs some.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from contracts.shape import Written
from services.evaluator.datasets.parsing import NotParsed, parse_json
from services.evaluator.judges.prompts import Order
from shared.config import describe

ANSWER_LIMIT_CHARACTERS = 20_000
REASON_LIMIT_CHARACTERS = 4000
QUOTES_LIMIT = 20
QUOTE_LIMIT_CHARACTERS = 2000

Says = Literal["pass", "fail", "nothing"]
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
_TURNED: dict[Says, Says] = {"pass": "fail", "fail": "pass", "nothing": "nothing"}


class _Answer(Written):
    """What a judge must answer."""

    verdict: Literal["pass", "fail"]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=REASON_LIMIT_CHARACTERS)]
    evidence: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=QUOTE_LIMIT_CHARACTERS)], ...],
        Field(max_length=QUOTES_LIMIT),
    ] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says of the run, and which of its quotes were found."""

    says: Says
    reason: str
    evidence: tuple[str, ...] = ()
    unfounded: int = 0


def read_verdict(
    text: str, evidence: str, order: Order = "forward", *, needs_quotes: bool = True
) -> Reading:
    """The verdict in an answer on this `evidence`, turned round where it was asked backward."""
    if len(text) > ANSWER_LIMIT_CHARACTERS:
        return _nothing(f"it answered with more than {ANSWER_LIMIT_CHARACTERS} characters")
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    try:
        answer = _Answer.model_validate(parse_json(fenced[1] if fenced else stripped))
    except NotParsed as error:
        return _nothing(f"its answer is no verdict: {error}")
    except ValidationError as error:
        return _nothing(f"its answer is no verdict: {describe(error)}")
    found = tuple(quote for quote in answer.evidence if stands_in(quote, evidence))
    unfounded = len(answer.evidence) - len(found)
    if unfounded and not found:
        return Reading("nothing", f"none of its {unfounded} quotes is there", (), unfounded)
    if needs_quotes and not found:
        return _nothing("it quotes nothing that its verdict rests on")
    says = _TURNED[answer.verdict] if order == "backward" else answer.verdict
    return Reading(says, " ".join(answer.reason.split()), found, unfounded)


def stands_in(quote: str, evidence: str) -> bool:
    """Whether the evidence has these words; how they are spaced does not matter."""
    words = " ".join(quote.split())
    return any(one.isalnum() for one in words) and words in " ".join(evidence.split())


def _nothing(reason: str) -> Reading:
    return Reading("nothing", reason)

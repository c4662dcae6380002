"""/dead-letters: what no service could use; and to have it handled again, or discard it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.dead_letters import (
    DeadLetter,
    Discarded,
    LetterFilter,
    LetterGroup,
    LetterLine,
    Pace,
    Redriven,
    discard,
    discard_many,
    group,
    redrive,
    redrive_many,
)
from services.console.dead_letters.letters import GroupedBy
from services.console.errors import Forbidden, Invalid, NotFound

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])
REASON_LIMIT = 1024

Number = Annotated[int, Path(ge=1, description="Its number in the list")]
Reason = Annotated[str, Field(max_length=REASON_LIMIT)]


class Wanted(LetterFilter):
    """Which letters to list."""

    limit: Annotated[int, Field(ge=1)] = 50


class Grouped(LetterFilter):
    """Which letters to count, and by what."""

    by: GroupedBy = "rule"


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""


class WhyNot(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


class Many(LetterFilter):
    """Which letters to handle, the oldest first, and how fast."""

    after: Annotated[int, Field(ge=0, description="Only numbers above this one")] = 0
    limit: Annotated[int, Field(ge=1, description="How many at most")] = 100
    rate: Annotated[float, Field(gt=0, le=1000, description="How many a second")] = 10.0
    dry_run: bool = False

    @property
    def pace(self) -> Pace:
        return Pace(self.limit, self.rate, self.dry_run)


class ManyRedriven(Many):
    """Which letters to redrive, and why if anybody wants to say so."""

    reason: Reason = ""


class ManyDiscarded(Many):
    """Which letters to discard, and why."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


@router.get("")
async def dead_letters(
    person: Operator, desk: DeskHere, wanted: Annotated[Wanted, Query()]
) -> list[LetterLine]:
    """Dead letters, the newest first; the open ones unless asked otherwise."""
    found = await _matching(person, desk, wanted)
    most = min(wanted.limit, desk.settings.list_limit)
    return [LetterLine(**one.model_dump()) for one in found[::-1][:most]]


@router.get("/groups")
async def groups(
    person: Operator, desk: DeskHere, wanted: Annotated[Grouped, Query()]
) -> list[LetterGroup]:
    """How many there are by rule, service, tenant, run or type; the largest group first."""
    return group(await _matching(person, desk, wanted), wanted.by)[: desk.settings.list_limit]


@router.post("/redrive")
async def redrive_by_filter(person: Operator, desk: DeskHere, many: ManyRedriven) -> Redriven:
    """Have many handled again, the oldest first; tells what became of each."""
    letters = await _fitting(person, desk, many)
    principal, reason = person.principal, many.reason
    return await redrive_many(letters, desk.dead_letters, desk.bus, principal, reason, many.pace)


@router.post("/discard")
async def discard_by_filter(person: Operator, desk: DeskHere, many: ManyDiscarded) -> Discarded:
    """Have many handled by nobody, the oldest first; they are kept, with the reason."""
    letters = await _fitting(person, desk, many)
    doer = desk.doer(person, many.reason)
    return await discard_many(letters, desk.dead_letters, desk.audit, doer, many.pace)


@router.get("/{number}")
async def dead_letter(number: Number, person: Operator, desk: DeskHere) -> DeadLetter:
    """One dead letter, with its headers and its body."""
    _check_reach(person)
    return await _letter(number, desk)


@router.post("/{number}/redrive")
async def redrive_one(
    number: Number, person: Operator, desk: DeskHere, why: Why | None = None
) -> LetterLine:
    """Have one handled again by the service that gave it up."""
    _check_reach(person)
    letter = await _letter(number, desk)
    reason = why.reason if why else ""
    await redrive(letter, desk.dead_letters, desk.bus, person.principal, reason)
    return LetterLine(**(await _letter(number, desk)).model_dump())


@router.post("/{number}/discard")
async def discard_one(number: Number, person: Operator, desk: DeskHere, why: WhyNot) -> LetterLine:
    """Have one handled by nobody; it is kept, with the reason."""
    _check_reach(person)
    letter, doer = await _letter(number, desk), desk.doer(person, why.reason)
    await discard(letter, desk.dead_letters, desk.audit, doer)
    return LetterLine(**(await _letter(number, desk)).model_dump())


async def _matching(person: Person, desk: Desk, wanted: LetterFilter) -> list[DeadLetter]:
    """Those that are meant, in their order."""
    _check_reach(person)
    return [one for one in await desk.dead_letters.letters() if wanted.matches(one)]


async def _fitting(person: Person, desk: Desk, many: Many) -> list[DeadLetter]:
    """Those that are meant by a request for many, if it keeps within its bounds.

    Raises:
        Invalid: it is for more than one request handles, or would take too long.
    """
    if many.limit > desk.settings.redrive_limit:
        limit = desk.settings.redrive_limit
        raise Invalid(f"one request handles {limit}", "limit", "go on `after` the last one")
    seconds = 0.0 if many.dry_run else many.limit / many.rate
    if seconds > desk.settings.redrive_seconds:
        raise Invalid(
            f"{many.limit} at {many.rate:g} a second take {seconds:g} s, and a request may take "
            f"{desk.settings.redrive_seconds:g} s",
            "limit",
            "ask for fewer, and go on `after` the last one",
        )
    found = await _matching(person, desk, many)
    return [one for one in found if one.number > many.after]


async def _letter(number: int, desk: Desk) -> DeadLetter:
    found = await desk.dead_letters.letter(number)
    if found is None:
        raise NotFound(
            f"there is no dead letter {number}", "number", "list them: interlock dlq list"
        )
    return found


def _check_reach(person: Person) -> None:
    """A dead letter is no fact: what it says of its tenant is believed of nobody."""
    if person.is_confined:
        raise Forbidden(
            "dead letters belong to no tenant", "tenant", "ask an operator of all tenants"
        )

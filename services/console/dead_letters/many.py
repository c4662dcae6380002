"""Many dead letters at once: each is handled or accounted for, no faster than was said."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel, ConfigDict

from services.console.audit_log import AuditTrail, Doer
from services.console.dead_letters.box import DeadLetterBox
from services.console.dead_letters.letters import DeadLetter
from services.console.dead_letters.redriving import check_open, discard, redrivable, redrive
from services.console.errors import Conflict
from shared.bus import Bus
from shared.errors import LogError

log = structlog.get_logger()


class Left(BaseModel):
    """A letter that was left as it is."""

    model_config = ConfigDict(frozen=True)

    number: int
    why: str


class Looked(BaseModel):
    """What became of many: the last one looked at is where to go on `after`."""

    model_config = ConfigDict(frozen=True)

    matched: int
    skipped: tuple[Left, ...] = ()
    failed: tuple[Left, ...] = ()
    after: int = 0


class Redriven(Looked):
    """Those that were had handled again, and the others."""

    redriven: tuple[int, ...] = ()


class Discarded(Looked):
    """Those that nobody shall handle again, and the others."""

    discarded: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many, how many a second, and whether it is meant or only asked."""

    limit: int
    rate: float
    dry_run: bool = False
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class _Tally:
    """Letters by what became of them."""

    done: list[int] = field(default_factory=list)
    skipped: list[Left] = field(default_factory=list)
    failed: list[Left] = field(default_factory=list)


async def redrive_many(
    letters: Sequence[DeadLetter],
    box: DeadLetterBox,
    bus: Bus,
    principal: str,
    reason: str,
    pace: Pace,
) -> Redriven:
    """Redrive the first of these; one that cannot be is passed over."""

    async def act(letter: DeadLetter) -> None:
        if pace.dry_run:
            await redrivable(letter, box)
        else:
            await redrive(letter, box, bus, principal, reason)

    tally, looked = await _each(letters, act, pace)
    return Redriven(redriven=tuple(tally.done), **looked.model_dump())


async def discard_many(
    letters: Sequence[DeadLetter], box: DeadLetterBox, audit: AuditTrail, doer: Doer, pace: Pace
) -> Discarded:
    """Discard the first of these; one that was decided upon meanwhile is passed over."""

    async def act(letter: DeadLetter) -> None:
        if pace.dry_run:
            check_open(letter)
        else:
            await discard(letter, box, audit, doer)

    tally, looked = await _each(letters, act, pace)
    return Discarded(discarded=tuple(tally.done), **looked.model_dump())


async def _each(
    letters: Sequence[DeadLetter], act: Callable[[DeadLetter], Awaitable[None]], pace: Pace
) -> tuple[_Tally, Looked]:
    tally, chosen = _Tally(), letters[: pace.limit]
    for letter in chosen:
        try:
            await act(letter)
            tally.done.append(letter.number)
            if not pace.dry_run:
                await pace.sleep(1 / pace.rate)
        except Conflict as error:
            tally.skipped.append(Left(number=letter.number, why=error.what))
        except (LogError, TimeoutError) as error:
            log.warning("console.letter_failed", letter=letter.number, error=str(error))
            why = str(error) or type(error).__name__
            tally.failed.append(Left(number=letter.number, why=why))
    looked = Looked(
        matched=len(letters),
        skipped=tuple(tally.skipped),
        failed=tuple(tally.failed),
        after=chosen[-1].number if chosen else 0,
    )
    return tally, looked

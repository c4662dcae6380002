"""/runs/cancel, /runs/pause, /runs/resume: one thing asked of many runs, by what they are.

The list tells which runs fit, the log of each whether there is anything to ask of it. So to ask
again changes nothing, and what one request left undone the next one does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, NamedTuple

import structlog
from fastapi import APIRouter
from pydantic import Field, model_validator

from contracts.control import (
    REASON_LIMIT,
    RunCancelRequested,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.history import Run
from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.requests import Request, ask, check_resumable
from services.console.api.run_questions import RunFilter, filtered
from services.console.api.shapes import Shape
from services.console.errors import Conflict, Invalid, NotFound
from services.console.store import Cursor, RunQuery
from shared.errors import LogError
from shared.readmodel import RunRow

log = structlog.get_logger()
router = APIRouter(prefix="/runs", tags=["runs"])

Open = Literal["submitted", "queued", "running", "paused", "waiting"]
EACH_OPEN: tuple[Open, ...] = ("submitted", "queued", "running", "paused", "waiting")
FILTERS = frozenset({*RunFilter.model_fields, "status"})
Reason = Annotated[str, Field(max_length=REASON_LIMIT)]


class Many(RunFilter):
    """Which open runs to ask, the oldest first, and how fast. All that is named must fit."""

    status: Open | None = None
    after: int = Field(0, ge=0, lt=1 << 63, description="Only runs behind it: of a request before")
    limit: int = Field(100, ge=1, description="How many to look at, at most")
    rate: float = Field(10.0, gt=0, le=1000, description="How many a second")
    dry_run: bool = False
    reason: Reason = ""

    @model_validator(mode="after")
    def _names_some(self) -> "Many":
        if not self.model_fields_set & FILTERS:
            raise ValueError(
                "it names no run: give a filter such as agent, feature or until; "
                "an order for all of a tenant, an agent or the platform is POST /control"
            )
        return self


class ManyEnded(Many):
    """Which open runs are to end, and why."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]


class Named(Shape):
    tenant: str
    run_id: str


class Left(Named):
    """A run of which nothing was asked."""

    why: str


class ManyAsked(Shape):
    """What became of many: the next request goes on `after`.

    `matched` is how many fitted when this began; `whole` is false where more than counted do.
    """

    matched: int
    whole: bool
    asked: tuple[Named, ...] = ()
    ended: tuple[Named, ...] = ()
    skipped: tuple[Left, ...] = ()
    failed: tuple[Left, ...] = ()
    after: int = 0


class Act(NamedTuple):
    """What is asked, of runs in which statuses, and when there is nothing to ask."""

    request: Request
    statuses: tuple[Open, ...]
    check: Callable[[Run], None]


@router.post("/cancel")
async def cancel_many(many: ManyEnded, person: Operator, desk: DeskHere) -> ManyAsked:
    """Ask for the end of all open runs that fit. What is claimed finishes; nothing else starts."""
    act = Act(RunCancelRequested, EACH_OPEN, _check_cancellable)
    return await _ask_many(desk, person, many, act)


@router.post("/pause")
async def pause_many(many: Many, person: Operator, desk: DeskHere) -> ManyAsked:
    """Ask all open runs that fit to stand still. Runs that start later are not among them."""
    return await _ask_many(desk, person, many, Act(RunPauseRequested, EACH_OPEN, _check_pausable))


@router.post("/resume")
async def resume_many(many: Many, person: Operator, desk: DeskHere) -> ManyAsked:
    """Let all runs that fit go on, if people had paused them one by one."""
    act = Act(RunResumeRequested, ("paused",), _check_resumable)
    return await _ask_many(desk, person, many, act)


async def _ask_many(desk: Desk, person: Person, many: Many, act: Act) -> ManyAsked:
    _check_bounds(desk, many)
    query = _query(desk, person, many, act)
    most = desk.settings.found_limit
    counted = sum((await desk.store.count(query, most)).values())
    asking, rows = _Asking(desk, person, many, act), await desk.store.runs(query)
    for row in rows:
        await asking.look_at(row)
    return ManyAsked(
        matched=counted,
        whole=counted < most,
        asked=tuple(asking.asked),
        ended=tuple(asking.ended),
        skipped=tuple(asking.skipped),
        failed=tuple(asking.failed),
        after=rows[-1].submitted_sequence if rows else many.after,
    )


@dataclass(slots=True)
class _Asking:
    """Runs by what became of them."""

    desk: Desk
    person: Person
    many: Many
    act: Act
    asked: list[Named] = field(default_factory=list)
    ended: list[Named] = field(default_factory=list)
    skipped: list[Left] = field(default_factory=list)
    failed: list[Left] = field(default_factory=list)

    async def look_at(self, row: RunRow) -> None:
        """Ask one of those that the list shows, if its log says that there is anything to ask."""
        name = Named(tenant=row.tenant, run_id=row.run_id)
        try:
            run = await self.desk.run(row.tenant, row.run_id)
            if run.end is not None or run.archived:
                self.ended.append(name)
                return
            self.act.check(run)
            if not self.many.dry_run:
                await ask(self.desk, self.person, run, self.act.request, self.many.reason)
                await asyncio.sleep(1 / self.many.rate)
            self.asked.append(name)
        except Conflict as error:
            self.skipped.append(Left(**name.model_dump(), why=error.what))
        except (LogError, NotFound, TimeoutError) as error:
            log.warning("console.run_not_asked", run_id=row.run_id, error=str(error))
            self.failed.append(Left(**name.model_dump(), why=str(error) or type(error).__name__))


def _query(desk: Desk, person: Person, many: Many, act: Act) -> RunQuery:
    wanted = act.statuses if many.status is None else (many.status,)
    if not set(wanted) <= set(act.statuses):
        raise Invalid(
            f"of runs that are {many.status} there is nothing to ask",
            "status",
            f"leave it out, or choose of {', '.join(act.statuses)}",
        )
    after = Cursor("oldest", many.after, many.after)
    query = filtered(desk, person, many, limit=many.limit)
    return replace(query, statuses=wanted, sort="oldest", after=after)


def _check_bounds(desk: Desk, many: Many) -> None:
    """Refuse what is more than one request does, or would take too long."""
    known, remedy = desk.settings, "ask for fewer, and go on `after` the last one"
    if many.limit > known.control_limit:
        raise Invalid(f"one request looks at {known.control_limit}", "limit", remedy)
    seconds = 0.0 if many.dry_run else many.limit / many.rate
    if seconds > known.control_seconds:
        raise Invalid(
            f"{many.limit} at {many.rate:g} a second take {seconds:g} s, and a request may take "
            f"{known.control_seconds:g} s",
            "limit",
            remedy,
        )


def _check_cancellable(run: Run) -> None:
    if run.cancel is not None:
        raise Conflict("its end was asked for before", run.run_id, "wait for it")


def _check_pausable(run: Run) -> None:
    if run.is_asked_to_pause:
        raise Conflict("it was asked to stand still before", run.run_id, "wait for it")


def _check_resumable(run: Run) -> None:
    check_resumable(run)
    if run.pause is None and not run.is_asked_to_pause:
        raise Conflict("it goes on already", run.run_id, "leave it")

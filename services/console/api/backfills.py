"""POST /schedules/{name}/backfill: the runs of times that have passed, as the clock starts them.

They have the names that the clock gives, and the same task. So a time that the clock did not miss,
or that was filled before, is found and left.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.audit import BackfillAsked
from contracts.history import Run
from contracts.schedule import Schedule, ScheduleName
from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import Shape
from services.console.errors import Conflict, Invalid, NotFound
from services.console.rules.cron import Cron
from shared.config import load_schedules

log = structlog.get_logger()
router = APIRouter(prefix="/schedules", tags=["schedules"])

WINDOW = timedelta(days=366)
Overlap = Literal["wait", "allow"]


class NewBackfill(BaseModel):
    """From when to when, and how many runs at most; `to` is the minute that began last."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime | None = Field(None, alias="to", description="Times before it")
    limit: int = Field(100, ge=1, description="How many runs to start, at most")
    overlap: Overlap | None = Field(
        None,
        description="wait: the next starts when the one before has ended. Unless said, as the "
        "schedule has it",
    )
    dry_run: bool = False


class Backfilled(Shape):
    """What was started, and which runs were there. While there is more, go on `next_from`.

    `waits_for` is the run that has to end before the next one starts.
    """

    schedule: str
    tenant: str
    times: int
    started: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    next_from: datetime | None = None
    waits_for: str | None = None


@router.post("/{name}/backfill")
async def backfill(
    name: Annotated[ScheduleName, Path()], new: NewBackfill, person: Operator, desk: DeskHere
) -> Backfilled:
    """Start the runs of times that have passed, the oldest first, where there is none yet."""
    schedule = _schedule(name, person, desk)
    times = _times(schedule, new, desk)
    if times and not new.dry_run:
        # The runs are the schedule's, and so tell nothing of whoever had them started.
        deed = BackfillAsked(
            tenant=schedule.tenant,
            schedule=name,
            since=times[0],
            until=times[-1],
            **desk.doer(person),
        )
        await desk.audit.note(deed)
    waits = (new.overlap or {"skip": "wait", "allow": "allow"}[schedule.overlap]) == "wait"
    started: list[str] = []
    there: list[str] = []
    next_from, waits_for = None, None
    for at in times:
        run_id = schedule.run_id_at(at)
        if len(started) == new.limit:
            next_from = at
            break
        run = await _known(desk, schedule.tenant, run_id)
        if run is not None:
            there.append(run_id)
        else:
            started.append(run_id)
            if not new.dry_run:
                await _start(desk, person, schedule, run_id)
        if waits and not new.dry_run and (run is None or _is_open(run)) and at != times[-1]:
            next_from, waits_for = at, run_id
            break
    return Backfilled(
        schedule=name,
        tenant=schedule.tenant,
        times=len(times),
        started=tuple(started),
        there=tuple(there),
        next_from=next_from,
        waits_for=waits_for,
    )


def _schedule(name: str, person: Person, desk: Desk) -> Schedule:
    known = load_schedules(desk.settings.config_dir)
    schedule = known.get(name)
    if schedule is None or not person.reaches(schedule.tenant):
        raise NotFound(
            f"there is no schedule {name}", "schedules.yaml", "list them: interlock schedules list"
        )
    return schedule


def _times(schedule: Schedule, new: NewBackfill, desk: Desk) -> list[datetime]:
    """The times of the window, if they are past and not too many.

    Raises:
        Invalid: they are not, or the schedule says what only the engine can read.
    """
    now, most = desk.bus.clock.now(), desk.settings.backfill_limit
    # The minute that is under way is the clock's.
    began = now.replace(second=0, microsecond=0)
    until = min(new.until or now, began)
    if new.until is not None and new.until > now:
        raise Invalid(
            f"{new.until.isoformat()} is to come", "to", "leave it to the clock; say a past"
        )
    if not new.since < until:
        raise Invalid(f"nothing lies between {new.since} and {until}", "from", "say an earlier one")
    if until - new.since > WINDOW:
        raise Invalid(f"it is over {WINDOW.days} days", "from", "fill a part, and then the next")
    if new.limit > most:
        raise Invalid(f"one request starts {most}", "limit", "go on `next_from`")
    try:
        cron = Cron(schedule.spec, schedule.time_zone)
    except ValueError as error:
        raise Invalid(str(error), f"schedule {schedule.name}", "write it as cron has it") from None
    found = list(islice(cron.minutes(new.since, until), most + 1))
    if len(found) > most:
        last = found[-1].astimezone(UTC).isoformat()
        raise Invalid(f"there are over {most} times", "to", f"say {last}, and go on there")
    return found


async def _known(desk: Desk, tenant: str, run_id: str) -> Run | None:
    try:
        return await desk.run(tenant, run_id)
    except NotFound:
        return None


def _is_open(run: Run) -> bool:
    return run.end is None and not run.archived


async def _start(desk: Desk, person: Person, schedule: Schedule, run_id: str) -> None:
    """Submit the task as the clock would.

    Raises:
        Conflict: another task came under this name meanwhile.
    """
    if not await desk.bus.submit(schedule.tenant, run_id, schedule.task):
        raise Conflict("another task has this name", run_id, "look at it: interlock runs show")
    log.info("console.backfilled", schedule=schedule.name, run_id=run_id, by=person.principal)

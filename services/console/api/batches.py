"""POST /tasks/batch: many tasks in one request, each accepted or refused on its own."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints, ValidationError

from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import Shape
from services.console.api.tasks import NewTask, accept
from services.console.errors import ConsoleError, Invalid
from services.console.rules.batches import run_ids
from shared.config import describe
from shared.errors import LogError

router = APIRouter(prefix="/tasks", tags=["tasks"])
BATCH_LIMIT = 100  # tasks in one request; a longer file is sent in several


class NewBatch(Shape):
    """Tasks as for POST /tasks. One without a `run_id` gets it from its content and `name`."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    tasks: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=BATCH_LIMIT)]


class LineProblem(Shape):
    what: str
    where: str
    remedy: str


class BatchLine(Shape):
    """What became of one task; `line` counts from 1."""

    line: int
    run_id: str
    tenant: str | None = None
    status: str | None = None
    created: bool = False
    error: LineProblem | None = None


@router.post("/batch")
async def submit_batch(new: NewBatch, person: Operator, desk: DeskHere) -> list[BatchLine]:
    """Submit up to 100 tasks. Sent again, it changes nothing; look at each line's `error`."""
    names = run_ids(new.name, new.tasks)
    numbered = enumerate(zip(new.tasks, names, strict=True), start=1)
    return [await _line(number, task, name, person, desk) for number, (task, name) in numbered]


async def _line(
    number: int, task: dict[str, Any], run_id: str, person: Person, desk: Desk
) -> BatchLine:
    try:
        accepted = await accept(_read(task, run_id), person, desk)
    except ConsoleError as error:
        problem = LineProblem(what=error.what, where=error.where, remedy=error.remedy)
        return BatchLine(line=number, run_id=run_id, error=problem)
    except LogError as error:
        again = LineProblem(what=str(error), where="the log", remedy="send it again in a moment")
        return BatchLine(line=number, run_id=run_id, error=again)
    return BatchLine(
        line=number,
        run_id=run_id,
        tenant=accepted.tenant,
        status=accepted.status,
        created=accepted.created,
    )


def _read(task: dict[str, Any], run_id: str) -> NewTask:
    try:
        return NewTask.model_validate({**task, "run_id": run_id})
    except ValidationError as error:
        raise Invalid(describe(error), "the line", "see /api/docs") from None

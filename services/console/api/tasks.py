"""POST /tasks: a task becomes a run, once."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import Field

from contracts.history import Run
from contracts.shape import Token
from contracts.task import TaskSubmitted
from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import Accepted
from services.console.errors import Conflict, Invalid, TooLarge, Unavailable
from shared.bus import lies_there
from shared.errors import LogRefused, Stale
from shared.tracing.context import called_with

router = APIRouter(prefix="/tasks", tags=["tasks"])
RUN_ID_BYTES = 9  # 72 random bits


class NewTask(TaskSubmitted):
    """A task, and under which name it is to run. The same name twice is the same run."""

    tenant: Annotated[Token | None, Field(description="The person's own, or the default")] = None
    run_id: Annotated[Token | None, Field(description="Made where absent")] = None

    def task_of(self, person: Person) -> TaskSubmitted:
        """The task, as this person's own: nobody submits in the name of another.

        Whoever submitted it may not approve what it does, so what a client says of it is not taken.
        """
        if self.requester not in (None, person.principal):
            raise Invalid(
                f"you are {person.principal}", "requester", "leave it out; user is for others"
            )
        if self.parent is not None:
            raise Invalid("only a run calls a run", "parent", "leave it out")
        if self.judging is not None:
            raise Invalid("only the evaluator asks a judge", "judging", "leave it out")
        if self.checking is not None:
            raise Invalid("only the gate asks a check", "checking", "leave it out")
        written = self.model_dump(exclude={"tenant", "run_id"}, exclude_unset=True)
        return TaskSubmitted.model_validate({**written, "requester": person.principal})


@router.post("", status_code=201)
async def submit(
    new: NewTask,
    person: Operator,
    desk: DeskHere,
    response: Response,
    traceparent: Annotated[str | None, Header(description="The run lies below this span")] = None,
) -> Accepted:
    """Submit a task. 201 is a new run; 200 the run that this same task already became."""
    with called_with(traceparent):
        accepted = await accept(new, person, desk)
    if not accepted.created:
        response.status_code = 200
    return accepted


async def accept(new: NewTask, person: Person, desk: Desk) -> Accepted:
    """Make a run of it, or find the one that it is.

    Raises:
        ConsoleError: there is no such agent, the id is another task's, or the log is full.
    """
    if new.agent not in desk.agents:
        raise Invalid(
            f"there is no agent {new.agent!r}", "agent", f"known are {', '.join(desk.agents)}"
        )
    tenant = desk.allowed_tenant(person, new.tenant) or desk.settings.default_tenant
    run_id = new.run_id or new_run_id()
    created = await _create(desk, tenant, run_id, new.task_of(person))
    run = await desk.bus.read(tenant, run_id)
    return Accepted(tenant=tenant, run_id=run_id, status=run.status, created=created)


def new_run_id() -> str:
    """A run id that nobody has."""
    return f"r-{secrets.token_hex(RUN_ID_BYTES)}"


async def _create(desk: Desk, tenant: str, run_id: str, task: TaskSubmitted) -> bool:
    """Whether the run is new. A submission is a create: nothing may lie under its name.

    Raises:
        LogUnavailable: the name is taken, and this copy of the log does not show by what.
    """
    try:
        await desk.bus.append(Run(tenant, run_id), "", task)
    except Stale:
        if lies_there(await desk.bus.read(tenant, run_id), task):
            return False
        raise Conflict(
            f"the run {run_id} is another task", "run_id", "take another id, or none"
        ) from None
    except LogRefused as error:
        if error.code == 0:
            raise TooLarge(str(error), "body", "shorten the input") from None
        raise Unavailable(str(error), "the log", "make room in it, then submit again") from None
    return True

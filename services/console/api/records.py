"""/runs/{run_id}: the decision record: what a step saw, what it decided, and why a run ended."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from contracts.history import Run
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere, InTenant
from services.console.api.runs import RunId
from services.console.errors import NotFound, TooLarge
from services.console.rules.record import (
    RunRecord,
    StepRecord,
    Why,
    record_of,
    whole_record,
    why,
    without_content,
)

router = APIRouter(prefix="/runs", tags=["runs"])

WithContent = Annotated[
    bool, Query(description="With the words that were said; without them, digests alone")
]


@router.get("/{run_id}/steps/{step}/record")
async def step_record(
    run_id: RunId,
    step: Annotated[int, Path(ge=1)],
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    content: WithContent = True,
) -> StepRecord:
    """What the model saw at a step, what it decided, by which way, and what bound it."""
    run = await desk.run(await desk.tenant_of(person, run_id, asked), run_id)
    _check_step(run, step)
    found = record_of(run, step)
    return found if content else without_content(found)


@router.get("/{run_id}/record")
async def run_record(
    run_id: RunId,
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    content: WithContent = True,
) -> RunRecord:
    """The records of all steps of a run, and why it ended."""
    run = await desk.run(await desk.tenant_of(person, run_id, asked), run_id)
    limit = desk.settings.record_steps_limit
    if len(run.steps) > limit:
        raise TooLarge(
            f"the run has {len(run.steps)} steps, and one record holds {limit}",
            "record_steps_limit",
            f"read them one by one: /api/v1/runs/{run_id}/steps/1/record",
        )
    found = whole_record(run)
    return found if content else without_content(found)


@router.get("/{run_id}/why")
async def run_why(run_id: RunId, person: Viewer, desk: DeskHere, asked: InTenant = None) -> Why:
    """Why a run ended as it did: back from its end to the fact that decided it."""
    return why(await desk.run(await desk.tenant_of(person, run_id, asked), run_id))


def _check_step(run: Run, step: int) -> None:
    count = len(run.steps)
    if step <= count:
        return
    has = "no steps yet" if run.end is None else "no steps"
    what = f"the run has {count} step{'' if count == 1 else 's'}" if count else f"the run has {has}"
    remedy = "ask for one of them" if count else f"see: interlock runs show {run.run_id} --why"
    raise NotFound(what, f"step {step}", remedy)

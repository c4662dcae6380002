"""/runs/{run_id}: one run, its facts and its prompts from the log."""

from typing import Annotated

from fastapi import APIRouter, Path

from contracts.history import digest, prompt
from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere, InTenant
from services.console.api.shapes import FactView, PromptView, RunView
from services.console.api.views import run_view
from services.console.errors import NotFound, TooLarge

router = APIRouter(prefix="/runs", tags=["runs"])

RunId = Annotated[Token, Path(description="The id of the run")]


@router.get("/{run_id}")
async def run(run_id: RunId, person: Viewer, desk: DeskHere, asked: InTenant = None) -> RunView:
    """One run: its steps, calls, verdicts, reviews, cost, and why it ended."""
    tenant = await desk.tenant_of(person, run_id, asked)
    return run_view(await desk.run(tenant, run_id))


@router.get("/{run_id}/facts")
async def facts(
    run_id: RunId, person: Viewer, desk: DeskHere, asked: InTenant = None
) -> list[FactView]:
    """Every fact of the run, in log order."""
    tenant = await desk.tenant_of(person, run_id, asked)
    found = await desk.history.facts(tenant, run_id)
    if not found:
        await desk.run(tenant, run_id)
    if len(found) > desk.settings.facts_limit:
        raise TooLarge(
            f"the run has {len(found)} facts, and one answer holds {desk.settings.facts_limit}",
            "facts_limit",
            f"read it as a stream: /api/v1/runs/{run_id}/events",
        )
    return [FactView.of(fact) for fact in found]


@router.get("/{run_id}/prompt/{step}")
async def prompt_at(
    run_id: RunId,
    step: Annotated[int, Path(ge=1)],
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
) -> PromptView:
    """What the model saw at a step: rebuilt from the facts before it, checked by its digest."""
    tenant = await desk.tenant_of(person, run_id, asked)
    whole = await desk.run(tenant, run_id)
    if step > len(whole.steps):
        raise NotFound(f"the run has {len(whole.steps)} steps", f"step {step}", "ask for one")
    requested = whole.steps[step - 1].requested.body
    rebuilt = prompt(whole, step)
    return PromptView(
        step=step,
        position=requested.position,
        sha256=digest(rebuilt),
        recorded_sha256=requested.prompt_sha256,
        matches=digest(rebuilt) == requested.prompt_sha256,
        prompt=rebuilt.model_dump(mode="json", exclude_none=True),
    )

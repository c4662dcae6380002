"""What people do to a run from its page: the same that the API does, and back to the page."""

from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from services.console.api import requests
from services.console.api.desk import DeskHere, InTenant
from services.console.api.lineage import NewFork, fork
from services.console.api.requests import Why
from services.console.api.runs import RunId
from services.console.api.tasks import NewTask, accept
from services.console.errors import Conflict, Invalid
from services.console.web.doors import Form, FormHere, PageOperator
from services.console.web.signing_in import SEE_OTHER

router = APIRouter(prefix="/runs")


@router.post("/{run_id}/cancel")
async def cancel(
    run_id: RunId, person: PageOperator, desk: DeskHere, given: FormHere, asked: InTenant = None
) -> Response:
    """Ask for the end of a run."""
    said = await requests.cancel(run_id, person, desk, _why(given), asked)
    return _back(said.tenant, run_id, said.status)


@router.post("/{run_id}/pause")
async def pause(
    run_id: RunId, person: PageOperator, desk: DeskHere, given: FormHere, asked: InTenant = None
) -> Response:
    """Ask a run to stand still."""
    said = await requests.pause(run_id, person, desk, _why(given), asked)
    return _back(said.tenant, run_id, said.status)


@router.post("/{run_id}/resume")
async def resume(
    run_id: RunId, person: PageOperator, desk: DeskHere, given: FormHere, asked: InTenant = None
) -> Response:
    """Let a run go on."""
    said = await requests.resume(run_id, person, desk, _why(given), asked)
    return _back(said.tenant, run_id, said.status)


@router.post("/{run_id}/fork")
async def fork_run(
    run_id: RunId, person: PageOperator, desk: DeskHere, given: FormHere, asked: InTenant = None
) -> Response:
    """Start a shadow of a run from a step on; it touches nothing."""
    step = given.one("step") or "1"
    if not step.isdecimal():
        raise Invalid(f"{step!r} is no step", "step", "write its number")
    new = NewFork(
        step=int(step),
        model=given.one("model") or None,
        instructions=given.one("instructions") or None,
    )
    made = await fork(run_id, new, person, desk, Response(), asked)
    return _back(made.tenant, made.run_id, "forked")


@router.post("/{run_id}/retry")
async def retry(
    run_id: RunId, person: PageOperator, desk: DeskHere, _form: FormHere, asked: InTenant = None
) -> Response:
    """Submit the same task again, as a run of its own and as this person's."""
    tenant = await desk.tenant_of(person, run_id, asked)
    run = await desk.run(tenant, run_id)
    if run.submitted is None or run.submitted.body.parent is not None:
        what = "a run that another one called is not submitted by itself"
        raise Conflict(what, run_id, "retry the run that called it")
    task = run.submitted.body
    kept = {"agent", "input", "customer", "feature", "user", "limits", "metadata"}
    again = NewTask(tenant=tenant, **task.model_dump(include=kept, exclude_unset=True))
    made = await accept(again, person, desk)
    return _back(made.tenant, made.run_id, "submitted_again")


def _why(given: Form) -> Why:
    return Why(reason=given.one("reason"))


def _back(tenant: str, run_id: str, done: str) -> Response:
    query = urlencode({"tenant": tenant, "done": done})
    return RedirectResponse(f"/runs/{run_id}?{query}", SEE_OTHER)

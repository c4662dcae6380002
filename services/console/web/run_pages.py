"""/runs/{run_id}: one run: its bars, what the model saw, what was decided and why, facts, money."""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from contracts.history import Run
from contracts.history.lineage import grown_from
from contracts.shape import Token
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.events import events
from services.console.api.runs import RunId, prompt_at
from services.console.api.shapes import FactView
from services.console.api.views import run_view
from services.console.errors import NotFound
from services.console.rules.record import record_of, why
from services.console.rules.record.times import KINDS
from services.console.rules.waterfall import waterfall
from services.console.rules.words.sentences import sentence
from services.console.web.doors import PageViewer, VisitHere
from services.console.web.pages import page

View = Literal["timeline", "prompt", "facts", "cost", "evaluation"]
VIEWS: tuple[View, ...] = get_args(View)

router = APIRouter(prefix="/runs")

Number = Annotated[int | None, Field(ge=1)]


class Look(BaseModel):
    """What of a run is looked at."""

    tenant: Token | None = None
    view: View = "timeline"
    step: Number = None
    call: Token | None = None
    first: Number = None
    fact: Number = None
    done: Token | None = None


@router.get("/{run_id}")
async def run_page(
    request: Request,
    run_id: RunId,
    look: Annotated[Look, Query()],
    here: VisitHere,
    person: PageViewer,
    desk: DeskHere,
) -> Response:
    """A run as its facts say it."""
    asked, view, first = look.tenant, look.view, look.first
    tenant = await desk.tenant_of(person, run_id, asked)
    run = await desk.run(tenant, run_id)
    chosen = _chosen(run, look.step)
    shown: dict[str, Any] = {
        "run": run_view(run),
        "folded": run,
        "task": run.submitted.body if run.submitted is not None else None,
        "why": why(run),
        "grown": grown_from(run),
        "view": view,
        "views": VIEWS,
        "step": chosen,
        "call": look.call,
        "done": look.done,
        "may_act": person.may("operator"),
    }
    match view:
        case "timeline":
            shown |= _timeline(run, desk, chosen, first)
        case "prompt":
            _need_step(run, chosen)
            shown["prompt"] = await prompt_at(run_id, chosen, person, desk, tenant)
            shown["record"] = record_of(run, chosen)
        case "facts":
            shown |= await _facts(run, desk, first or 1, look.fact)
        case "cost":
            shown["records"] = [record_of(run, one.number) for one in _steps(run, desk, first)]
            shown["first"] = first or 1
        case "evaluation":
            pass
    return page(request, "run.html", here, **shown)


@router.get("/{run_id}/live")
async def run_live(
    run_id: RunId, person: PageViewer, desk: DeskHere, after: int = 0, asked: InTenant = None
) -> Response:
    """The facts of a run from a sequence on, as they are said."""
    return await events(run_id, person, desk, asked, str(after))


def _chosen(run: Run, step: int | None) -> int:
    """The step that is looked at: the one that was asked for, or the last one; 0 where none is."""
    if step is None:
        return len(run.steps)
    _need_step(run, step)
    return step


def _need_step(run: Run, step: int) -> None:
    if not 1 <= step <= len(run.steps):
        what = f"the run has {len(run.steps)} steps"
        raise NotFound(what, f"step {step}", "go by the links of its timeline")


def _steps(run: Run, desk: Desk, first: int | None) -> list[Any]:
    begin = (first or 1) - 1
    return run.steps[begin : begin + desk.settings.page_steps]


def _timeline(run: Run, desk: Desk, chosen: int, first: int | None) -> dict[str, Any]:
    size = desk.settings.page_steps
    # The page that the chosen step is on, where no other was asked for.
    first = first or ((max(chosen, 1) - 1) // size * size + 1)
    steps = _steps(run, desk, first)
    return {
        "bars": waterfall(run, desk.bus.clock.now(), steps),
        "record": record_of(run, chosen) if chosen else None,
        "times": KINDS,
        "first": first,
        "size": size,
    }


async def _facts(run: Run, desk: Desk, first: int, opened: int | None) -> dict[str, Any]:
    found = await desk.history.facts(run.tenant, run.run_id)
    shown = found[first - 1 : first - 1 + desk.settings.page_facts]
    return {
        "facts": [(FactView.of(one), sentence(one)) for one in shown],
        "counted_facts": len(found),
        "first": first,
        "size": desk.settings.page_facts,
        "begun": found[0].stored_at or found[0].time if found else None,
        "opened": opened,
    }

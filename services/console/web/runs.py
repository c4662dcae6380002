"""/runs: which runs there are, with the filter in the address; and word of when they change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from contracts.shape import MICRO
from services.console.api.desk import DeskHere
from services.console.api.people import Person
from services.console.api.run_lists import run_counts, runs
from services.console.api.run_questions import Question, asked_query
from services.console.errors import Invalid
from services.console.web.doors import PageViewer, VisitHere
from services.console.web.live import changes
from services.console.web.pages import page

STATUSES = (
    "running",
    "waiting",
    "queued",
    "submitted",
    "paused",
    "completed",
    "failed",
    "cancelled",
)
# Filters that have a field of their own; the address takes all those of the API.
OVER_USD = "over_usd"
COST = "cost_at_least_micro_usd"
PAGING = frozenset({"cursor", "limit", "status", "sort"})

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Filled:
    """The filter as the address has it, and what is wrong with it, if anything."""

    fields: Mapping[str, Any]
    question: Question
    problem: str

    @property
    def others(self) -> int:
        """How many filters are set beside status and order."""
        return len([one for one in self.fields if one not in PAGING])


def filled(request: Request, person: Person, rows: int) -> Filled:
    """What the address asks for. What cannot be asked is told, and everything is shown."""
    fields = {name: value for name, value in request.query_params.items() if value.strip()}
    notes = [one for one in request.query_params.getlist("metadata") if one]
    asked: dict[str, Any] = {**fields, "limit": rows, **({"metadata": notes} if notes else {})}
    if len(person.tenants) > 1 and "tenant" not in asked:
        asked["tenant"] = person.tenants[0]
    try:
        if OVER_USD in asked:
            asked[COST] = _micro(asked.pop(OVER_USD))
        question, problem = Question.model_validate(asked), ""
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        question = _plain(asked, rows)
    except InvalidOperation:
        problem, question = f"{OVER_USD}: write dollars, such as 0.25", _plain(asked, rows)
    return Filled(fields, question, problem)


def _plain(asked: Mapping[str, Any], rows: int) -> Question:
    """Nothing asked for but the tenant, which was never in doubt."""
    tenant = asked.get("tenant")
    try:
        return Question(limit=rows, tenant=tenant)
    except ValidationError:
        return Question(limit=rows)


def _micro(dollars: str) -> int:
    return int(Decimal(dollars) * MICRO)


@router.get("/runs")
async def runs_page(
    request: Request, here: VisitHere, person: PageViewer, desk: DeskHere
) -> Response:
    """Runs, the newest first unless the address asks otherwise."""
    asked = filled(request, person, desk.settings.page_rows)
    try:
        query = asked_query(person, desk, asked.question)
        problem = asked.problem
    except Invalid as error:
        query, problem = asked_query(person, desk, _plain({}, asked.question.limit)), error.what
    answer = Response()
    lines = await runs(query, desk, request, answer)
    counts = await run_counts(replace(query, status=None, after=None), desk)
    return page(
        request,
        "runs.html",
        here,
        lines=lines,
        counts=counts,
        asked=asked,
        problem=problem,
        statuses=STATUSES,
        agents=sorted(desk.agents),
        following=_cursor(answer),
        status=200 if not problem else 422,
    )


def _cursor(answer: Response) -> str | None:
    """Where the next page begins, from the link to it."""
    link = answer.headers.get("link", "")
    _, found, rest = link.partition("cursor=")
    return rest.partition(">")[0].partition("&")[0] if found else None


@router.get("/live/runs")
async def runs_live(request: Request, person: PageViewer, desk: DeskHere) -> Response:
    """Says when a list of runs may look otherwise."""
    asked = filled(request, person, desk.settings.page_rows)
    return changes(desk, desk.allowed_tenant(person, asked.question.tenant))

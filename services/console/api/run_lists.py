"""/runs and /run-counts: which runs there are, from the read model."""

from fastapi import APIRouter, Request, Response

from services.console.api.desk import DeskHere
from services.console.api.run_questions import Asked
from services.console.api.shapes import RunLine, Shape
from services.console.api.views import run_line
from services.console.store import Cursor, searches

router = APIRouter(tags=["runs"])


class RunCounts(Shape):
    """How many runs there are of each status; `whole` is false where more than counted exist."""

    statuses: dict[str, int]
    counted: int
    whole: bool


@router.get("/runs")
async def runs(
    question: Asked, desk: DeskHere, request: Request, answer: Response
) -> list[RunLine]:
    """Runs, the newest first unless asked otherwise. `Link: rel="next"` leads to the next page."""
    found = await desk.store.runs(question)
    if len(found) == question.limit:
        cursor = Cursor.after(found[-1], question.sort).text()
        following = request.url.include_query_params(cursor=cursor)
        answer.headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    return [run_line(row, question.search) for row in found]


@router.get("/run-counts")
async def run_counts(question: Asked, desk: DeskHere) -> RunCounts:
    """How many runs a list would show, by status, up to a limit."""
    limits = desk.settings
    most = limits.found_limit if searches(question) else limits.count_limit
    found = await desk.store.count(question, most)
    counted = sum(found.values())
    return RunCounts(statuses=dict(found), counted=counted, whole=counted < most)

"""/reviews: questions to people, and their answers."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.history import Run
from contracts.review import ARGUMENTS_LIMIT_BYTES
from contracts.shape import Sha256, Token
from services.console.api.access import Approver, Viewer
from services.console.api.answers import Said, give
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.people import Person
from services.console.api.review_views import review_row_line, review_view
from services.console.api.shapes import Answered, ReviewLine, ReviewView
from services.console.errors import Invalid, NotFound

router = APIRouter(prefix="/reviews", tags=["reviews"])
REASON_LIMIT = 1024

State = Literal["open", "approved", "edited", "rejected", "responded", "expired", "withdrawn"]
NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}$"
ReviewName = Annotated[str, Path(description="<run>.<review>", pattern=NAME_PATTERN)]
SEEN = "The digest of the arguments that the person saw; of an edit, to approve what it made of it"


class Answer(BaseModel):
    """Why, and the digest of the arguments that the person saw."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""
    arguments_sha256: Annotated[Sha256 | None, Field(description=SEEN)] = None


class Edit(Answer):
    """The arguments that are to run, whole: a JSON object of the tool's schema."""

    arguments: dict[str, JsonValue]


class Respond(Answer):
    """What the model is told in place of a result."""

    response: Annotated[str, Field(min_length=1, max_length=ARGUMENTS_LIMIT_BYTES)]


@router.get("")
async def reviews(
    person: Viewer,
    desk: DeskHere,
    state: State | None = "open",
    tenant: Token | None = None,
    limit: Annotated[int, Query(ge=1)] = 50,
    any_state: Annotated[bool, Query(alias="all")] = False,
) -> list[ReviewLine]:
    """Questions to people, the newest first; the open ones unless asked otherwise."""
    allowed = desk.allowed_tenant(person, tenant)
    most = min(limit, desk.settings.list_limit)
    rows = await desk.store.reviews(allowed, None if any_state else state, most)
    now = desk.bus.clock.now()
    return [review_row_line(row, now) for row in rows]


@router.get("/{name}")
async def review(
    name: ReviewName, person: Viewer, desk: DeskHere, asked: InTenant = None
) -> ReviewView:
    """One question as the log has it: who said what, how many agree, who is asked next."""
    run, review_id = await _find(desk, person, name, asked)
    found = run.review(review_id)
    if found is None:
        raise NotFound(
            f"the run {run.run_id} has no review {review_id}",
            name,
            "list them: interlock reviews list",
        )
    return review_view(run, found)


@router.post("/{name}/approve", status_code=202)
async def approve(
    name: ReviewName,
    person: Approver,
    desk: DeskHere,
    answer: Answer | None = None,
    asked: InTenant = None,
) -> Answered:
    """Let the call run, with exactly the arguments that were asked about."""
    said = answer or Answer()
    return await _give(desk, person, name, asked, _said("approve", said))


@router.post("/{name}/reject", status_code=202)
async def reject(
    name: ReviewName,
    person: Approver,
    desk: DeskHere,
    answer: Answer | None = None,
    asked: InTenant = None,
) -> Answered:
    """Refuse the call. The reason goes to the model."""
    return await _give(desk, person, name, asked, _said("reject", answer or Answer()))


@router.post("/{name}/edit", status_code=202)
async def edit(
    name: ReviewName, person: Approver, desk: DeskHere, answer: Edit, asked: InTenant = None
) -> Answered:
    """Let the call run with other arguments. The model is told of them."""
    said = _said("edit", answer, arguments_json=written(answer.arguments))
    return await _give(desk, person, name, asked, said)


@router.post("/{name}/respond", status_code=202)
async def respond(
    name: ReviewName, person: Approver, desk: DeskHere, answer: Respond, asked: InTenant = None
) -> Answered:
    """Tell the model this in place of a result; the call does not run."""
    said = _said("respond", answer, response=answer.response)
    return await _give(desk, person, name, asked, said)


def written(arguments: dict[str, JsonValue]) -> str:
    """Arguments as text, the same for all who mean the same: a digest is taken of it."""
    try:
        text = json.dumps(
            arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except ValueError as error:
        raise Invalid(f"they are no JSON: {error}", "arguments", "write them otherwise") from None
    return text


def _said(
    decision: Literal["approve", "edit", "reject", "respond"],
    answer: Answer,
    arguments_json: str | None = None,
    response: str | None = None,
) -> Said:
    return Said(decision, answer.reason, answer.arguments_sha256, arguments_json, response)


async def _give(desk: Desk, person: Person, name: str, asked: str | None, said: Said) -> Answered:
    run, review_id = await _find(desk, person, name, asked)
    return await give(desk, person, run, review_id, said)


async def _find(desk: Desk, person: Person, name: str, asked: str | None) -> tuple[Run, str]:
    """The run, and which of its questions is meant, asked or not."""
    run_id, _, review_id = name.partition(".")
    return await desk.run(await desk.tenant_of(person, run_id, asked), run_id), review_id

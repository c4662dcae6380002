"""/reviews: questions to people, and their answers.

The console records an answer, signed for whom it has authenticated; whether it counts, the
orchestrator decides. What is plain already (decided, expired, no such role, other arguments) is
said at once, so that a person need not wonder.
"""

import secrets
import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from contracts.envelope import Fact
from contracts.history import Review, Run
from contracts.review import ReviewAnswered, ReviewAnswerRefused, ReviewDecided, ReviewRequested
from contracts.shape import Sha256, Token
from services.console.adapters import heard_within
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.people import Person, Viewer
from services.console.api.shapes import Answered, ReviewLine
from services.console.api.views import review_line, review_row_line
from services.console.errors import Conflict, Expired, Forbidden, Mismatch, NotFound

router = APIRouter(prefix="/reviews", tags=["reviews"])
REASON_LIMIT = 1024
NONCE_BYTES = 16

State = Literal["open", "approved", "rejected", "expired", "withdrawn"]
NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}$"
ReviewName = Annotated[str, Path(description="<run>.<review>", pattern=NAME_PATTERN)]


class Answer(BaseModel):
    """Why, and the digest of the arguments that the person saw."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""
    arguments_sha256: Sha256 | None = None


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
    return [review_row_line(row) for row in rows]


@router.get("/{name}")
async def review(
    name: ReviewName, person: Viewer, desk: DeskHere, asked: InTenant = None
) -> ReviewLine:
    """One question, as the log has it."""
    run, found = await _find(desk, person, name, asked)
    return review_line(run, found)


@router.post("/{name}/approve", status_code=202)
async def approve(
    name: ReviewName,
    person: Viewer,
    desk: DeskHere,
    answer: Answer | None = None,
    asked: InTenant = None,
) -> Answered:
    """Let the call run, with exactly the arguments that were asked about."""
    return await _answer(desk, person, name, asked, "approve", answer or Answer())


@router.post("/{name}/reject", status_code=202)
async def reject(
    name: ReviewName,
    person: Viewer,
    desk: DeskHere,
    answer: Answer | None = None,
    asked: InTenant = None,
) -> Answered:
    """Refuse the call. The reason goes to the model."""
    return await _answer(desk, person, name, asked, "reject", answer or Answer())


async def _find(desk: Desk, person: Person, name: str, asked: str | None) -> tuple[Run, Review]:
    run_id, _, review_id = name.partition(".")
    run = await desk.run(await desk.tenant_of(person, run_id, asked), run_id)
    for found in run.reviews:
        if found.requested.body.review_id == review_id:
            return run, found
    raise NotFound(
        f"the run {run_id} has no review {review_id}", name, "list them: interlock reviews list"
    )


async def _answer(
    desk: Desk,
    person: Person,
    name: str,
    asked: str | None,
    decision: Literal["approve", "reject"],
    answer: Answer,
) -> Answered:
    run, found = await _find(desk, person, name, asked)
    question = found.requested
    _check_open(desk, run, found, name)
    _check_person(person, question.body, name)
    if answer.arguments_sha256 not in (None, question.body.arguments_sha256):
        raise Mismatch(
            "the arguments are not those that you saw", "arguments_sha256", "look at it again"
        )
    said = await desk.bus.say(
        question,
        ReviewAnswered(
            review_id=question.body.review_id,
            decision=decision,
            reason=answer.reason,
            principal=person.principal,
            roles=person.roles,
            arguments_sha256=question.body.arguments_sha256,
            nonce=secrets.token_hex(NONCE_BYTES),
        ),
    )
    outcome, reason = await _outcome(desk, run, said)
    return Answered(
        review=name, answer_id=said.id, sequence=said.sequence, outcome=outcome, reason=reason
    )


def _check_open(desk: Desk, run: Run, review: Review, name: str) -> None:
    decided = review.decided
    if decided is not None and decided.body.outcome == "expired":
        raise Expired("nobody answered in time", name, "submit the task again")
    if decided is not None or run.end is not None:
        state = decided.body.outcome if decided is not None else f"over: the run is {run.status}"
        raise Conflict(f"the review is {state}", name, "there is nothing left to answer")
    if review.requested.body.expires_at <= desk.bus.clock.now():
        raise Expired("the time for an answer is over", name, "submit the task again")


def _check_person(person: Person, question: ReviewRequested, name: str) -> None:
    if not set(person.roles) & set(question.roles):
        raise Forbidden(
            f"{person.principal} has the roles {', '.join(person.roles) or 'none'}",
            name,
            f"ask somebody with one of: {', '.join(question.roles)}",
        )


async def _outcome(desk: Desk, run: Run, said: Fact[ReviewAnswered]) -> tuple[str, str]:
    """What became of an answer within the time that we wait; `recorded` where nothing did yet."""
    review_id = said.body.review_id
    ends_at = time.monotonic() + desk.settings.answer_wait_seconds
    with desk.bell.listening(run.tenant, run.run_id) as bell:
        while True:
            for fact in await desk.history.facts(run.tenant, run.run_id, said.sequence):
                match fact.body:
                    case ReviewAnswerRefused(rule=rule, reason=reason) if fact.cause_id == said.id:
                        return f"refused: {rule}", reason
                    case ReviewDecided(review_id=known) as decided if known == review_id:
                        return decided.outcome, decided.reason
            left = ends_at - time.monotonic()
            if left <= 0:
                return "recorded", ""
            await heard_within(bell, min(left, desk.settings.event_poll_seconds))

"""The people of a step: who was asked what, who answered in which role, what was decided."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import Fact
from contracts.history import Review, Run, Step
from contracts.history.approval import moment_of, role_of
from contracts.review import Decision, ReviewAnswered
from services.console.rules.record.content import Content, Recorded, content_of


class ReplyRecord(Recorded):
    """What one person said, and whether it counts."""

    principal: str
    role: str | None = Field(description="The role that lets them answer; None where none does")
    decision: Decision
    reason: str
    saw_sha256: str = Field(description="The arguments that they were shown")
    edited: Content | None
    response: Content | None
    refused: str | None = Field(description="The rule by which it does not count")
    sequence: int
    at: datetime


class Decisive(Recorded):
    """One person whose answer decided, in the role that counted."""

    principal: str
    role: str


class Undecided(Recorded):
    """People are asked; or the run ended before they said anything."""

    outcome: Literal["open", "withdrawn"]


class DecisionRecord(Recorded):
    """The one outcome of a review."""

    outcome: Literal["approved", "edited", "rejected", "responded", "expired", "withdrawn"]
    by: tuple[Decisive, ...]
    arguments_sha256: str
    reason: str
    waited_ms: int
    sequence: int
    at: datetime


class ReviewRecord(Recorded):
    """A question to people, and what became of it."""

    review_id: str
    about: Literal["call", "outcome"]
    call: str
    tool: str
    reason: str
    saw: Content
    roles: tuple[str, ...] = Field(description="Who may answer by now")
    escalations: int
    quorum: int
    default: Literal["reject", "cancel"]
    asked_at: datetime
    expires_at: datetime
    answers: tuple[ReplyRecord, ...]
    decision: Undecided | DecisionRecord
    sequence: int


def reviews_of(run: Run, step: Step) -> tuple[ReviewRecord, ...]:
    """The questions about calls of a step, in the order in which they were asked."""
    names = {call.name for call in step.calls}
    return tuple(_review(run, one) for one in run.reviews if one.requested.body.call in names)


def _review(run: Run, review: Review) -> ReviewRecord:
    asked = review.requested.body
    return ReviewRecord(
        review_id=asked.review_id,
        about=asked.about,
        call=asked.call,
        tool=asked.tool,
        reason=asked.reason,
        saw=content_of(asked.arguments_json),
        roles=review.roles,
        escalations=len(review.escalated),
        quorum=asked.quorum,
        default=asked.default,
        asked_at=moment_of(review.requested),
        expires_at=asked.expires_at,
        answers=tuple(_reply(run, review, one) for one in review.answers),
        decision=_decision(run, review),
        sequence=review.requested.sequence,
    )


def _reply(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> ReplyRecord:
    said = answer.body
    refused = run.refused_answers.get(answer.id)
    return ReplyRecord(
        principal=said.principal,
        role=role_of(review.requested.body, answer),
        decision=said.decision,
        reason=said.reason,
        saw_sha256=said.arguments_sha256,
        edited=None if said.arguments_json is None else content_of(said.arguments_json),
        response=None if said.response is None else content_of(said.response),
        refused=None if refused is None else refused.rule,
        sequence=answer.sequence,
        at=moment_of(answer),
    )


def _decision(run: Run, review: Review) -> Undecided | DecisionRecord:
    if review.decided is None:
        return Undecided(outcome="open" if review in run.open_reviews else "withdrawn")
    said, at = review.decided.body, moment_of(review.decided)
    waited = at - moment_of(review.requested)
    return DecisionRecord(
        outcome=said.outcome,
        by=tuple(Decisive(principal=one.principal, role=one.role) for one in said.approvers),
        arguments_sha256=said.arguments_sha256,
        reason=said.reason,
        waited_ms=round(waited.total_seconds() * 1000),
        sequence=review.decided.sequence,
        at=at,
    )

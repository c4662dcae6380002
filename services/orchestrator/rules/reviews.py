"""One review: which answers count, when they are enough, when more people are asked, and expiry.

Answers are taken in log order. One valid rejection or response decides at once, for nothing runs on
it. An approval decides when enough different people want the very same arguments, whether they
approve them as asked or edit them alike. Of one person the newest answer counts, so that people may
change their minds until it is decided; the same thing said twice counts once.

An answer that was stored before the expiry comes before it, however late it is read. A decision is
appended only onto a run whose every fact was seen, so that exactly one of the two is made.

A question about an outcome never expires. Nobody's silence tells whether money has moved, and a
model that is told to go on may move it again. So the run waits, until somebody says or it is ended.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from contracts.envelope import Fact
from contracts.history import Review, Run, pinned
from contracts.history.approval import refusal, role_of
from contracts.ids import person
from contracts.review import (
    Approver,
    ReviewAnswered,
    ReviewDecided,
    ReviewEscalated,
)
from contracts.run import RunCancelled

from .edits import edit_problem
from .moves import Move, Say
from .replies import refuse

EXPIRY = "expiry"
Standing = dict[str, Fact[ReviewAnswered]]


def advance_review(run: Run, review: Review, now: datetime, *, withdrawn: bool) -> tuple[Move, ...]:
    """Refuse what does not count; decide if it is time; or ask more people."""
    if review.decided is not None:
        return ()
    moves: list[Move] = []
    standing: Standing = {}
    for answer in review.answers:
        if answer.id in run.refused_answers:
            continue
        if (refused := _refused(run, review, standing, answer)) is not None:
            moves.append(refused)
            continue
        standing[person(answer.body.principal)] = answer
        if (decided := _decision(review, standing, answer)) is not None:
            return (*moves, Say(review.requested.id, decided))
    if withdrawn:
        return (*moves, Say(review.requested.id, _unanswered(review, "withdrawn")))
    if review.requested.body.is_expired(now):
        return (*moves, Say(review.requested.id, _unanswered(review, "expired")))
    return (*moves, *_escalations(review, now))


def cancelled_by_expiry(run: Run) -> RunCancelled | None:
    """The end of a run whose author wanted no answer to mean that it stops."""
    for review in run.reviews:
        asked, decided = review.requested.body, review.decided
        if asked.default != "cancel" or decided is None or decided.body.outcome != "expired":
            continue
        reason = f"nobody answered review {asked.review_id} of {asked.tool} in time"
        return RunCancelled(principal=EXPIRY, reason=reason, steps=run.steps_taken)
    return None


def _refused(
    run: Run, review: Review, standing: Standing, answer: Fact[ReviewAnswered]
) -> Say | None:
    said = answer.body
    rule = refusal(run, review, answer)
    if rule is None and said.decision == "edit" and said.arguments_json is not None:
        problem = edit_problem(pinned(run, review.requested.body.tool), said.arguments_json)
        if problem is not None:
            return refuse(answer, "bad_edit", problem)
    if rule is None and _says_again(standing.get(person(said.principal)), said):
        rule = "said_before"
    return None if rule is None else refuse(answer, rule)


def _says_again(before: Fact[ReviewAnswered] | None, said: ReviewAnswered) -> bool:
    """Only approvals wait for others, so whatever stands is one."""
    lets_run = said.decision in ("approve", "edit")
    return before is not None and lets_run and before.body.wanted_sha256 == said.wanted_sha256


def _decision(
    review: Review, standing: Standing, answer: Fact[ReviewAnswered]
) -> ReviewDecided | None:
    """What an answer decides, together with those that stand; None while others are needed."""
    asked, said = review.requested.body, answer.body
    match said.decision:
        case "reject":
            return _decided(review, "rejected", [answer])
        case "respond":
            return _decided(review, "responded", [answer])
        case "approve" | "edit":
            wanted = said.wanted_sha256
            alike = (one for one in standing.values() if one.body.wanted_sha256 == wanted)
            agreeing = sorted(alike, key=lambda one: one.sequence)
            if len(agreeing) < asked.quorum:
                return None
            as_asked = wanted == asked.arguments_sha256
            return _decided(review, "approved" if as_asked else "edited", agreeing)


def _decided(
    review: Review,
    outcome: Literal["approved", "edited", "rejected", "responded"],
    by: list[Fact[ReviewAnswered]],
) -> ReviewDecided:
    asked, last = review.requested.body, by[-1].body
    runs = outcome in ("approved", "edited")
    return ReviewDecided(
        review_id=asked.review_id,
        outcome=outcome,
        approvers=tuple(_approver(review, answer) for answer in by),
        arguments_sha256=last.wanted_sha256 if runs else asked.arguments_sha256,
        arguments_json=last.arguments_json if outcome == "edited" else None,
        response=last.response if outcome == "responded" else None,
        reason=last.reason,
    )


def _approver(review: Review, answer: Fact[ReviewAnswered]) -> Approver:
    role = role_of(review.requested.body, answer)
    assert role is not None, "an answer without a role is refused"
    return Approver(answer_id=answer.id, principal=answer.body.principal, role=role)


def _unanswered(review: Review, outcome: Literal["expired", "withdrawn"]) -> ReviewDecided:
    asked = review.requested.body
    return ReviewDecided(
        review_id=asked.review_id, outcome=outcome, arguments_sha256=asked.arguments_sha256
    )


def _escalations(review: Review, now: datetime) -> Iterator[Say]:
    """The steps of the ladder that are due and were not said; all of them after a standstill."""
    steps = enumerate(review.requested.body.escalations, start=1)
    for level, step in steps:
        if level > len(review.escalated) and now >= step.at:
            body = ReviewEscalated(
                review_id=review.requested.body.review_id, level=level, roles=step.roles
            )
            yield Say(review.requested.id, body)

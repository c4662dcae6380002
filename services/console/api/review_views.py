"""From reviews, folded or in rows, to what the API answers of them."""

from datetime import datetime

from contracts.envelope import Fact
from contracts.history import Review, Run
from contracts.history.approval import moment_of
from contracts.review import ReviewAnswered, ReviewDecided, ReviewRequested
from services.console.api.shapes import (
    AnswerView,
    LadderStep,
    ReviewLine,
    ReviewView,
    Standing,
)
from shared.readmodel import ReviewRow


def review_row_line(row: ReviewRow, now: datetime) -> ReviewLine:
    """A review in a list, as the read model has it."""
    assert row.asked is not None, "a list shows only questions"
    line = _asked_line(row.tenant, row.run_id, row.asked, row.asked.roles_at(now))
    return line.model_copy(
        update={
            "state": row.state,
            "asked_at": row.asked_at,
            "decided_at": row.decided_at,
            **_decision(row.decided),
        }
    )


def review_line(run: Run, review: Review) -> ReviewLine:
    """The same of a folded run."""
    decided = review.decided
    line = _asked_line(run.tenant, run.run_id, review.requested.body, review.roles)
    return line.model_copy(
        update={
            "state": "open" if review in run.open_reviews else "withdrawn",
            "asked_at": moment_of(review.requested),
            "decided_at": None if decided is None else moment_of(decided),
            **_decision(None if decided is None else decided.body),
        }
    )


def review_view(run: Run, review: Review) -> ReviewView:
    """Everything that an approver wants to know."""
    asked = review.requested.body
    task = run.submitted.body if run.submitted is not None else None
    return ReviewView(
        **review_line(run, review).model_dump(),
        requester=None if task is None else task.requester or task.user,
        agreed=most_agreed(run, review),
        answers=tuple(_answer(run, review, answer) for answer in review.answers),
        ladder=tuple(
            LadderStep(
                level=level, at=one.at, roles=one.roles, asked=level <= len(review.escalated)
            )
            for level, one in enumerate(asked.escalations, start=1)
        ),
    )


def most_agreed(run: Run, review: Review) -> int:
    """How many people want the same by now; the most of them, where they want different things."""
    if review.decided is not None and review.decided.body.approvers:
        return len(review.decided.body.approvers)
    wanted = {
        answer.body.principal: answer.body.wanted_sha256
        for answer in review.answers
        if _standing(run, review, answer) in ("waits", "replaced")
    }
    voices = list(wanted.values())
    return max((voices.count(voice) for voice in voices), default=0)


def _answer(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> AnswerView:
    said, refused = answer.body, run.refused_answers.get(answer.id)
    return AnswerView(
        answer_id=answer.id,
        principal=said.principal,
        roles=said.roles,
        decision=said.decision,
        reason=said.reason,
        arguments_json=said.arguments_json,
        wanted_sha256=said.wanted_sha256,
        response=said.response,
        at=moment_of(answer),
        standing=_standing(run, review, answer),
        refused=None if refused is None else f"{refused.rule}: {refused.reason}",
    )


def _standing(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> Standing:
    if answer.id in run.refused_answers:
        return "refused"
    decided = review.decided
    if decided is not None and any(one.answer_id == answer.id for one in decided.body.approvers):
        return "decided"
    later = (
        one
        for one in review.answers
        if one.sequence > answer.sequence and one.id not in run.refused_answers
    )
    if any(one.body.principal == answer.body.principal for one in later):
        return "replaced"
    return "waits" if review in run.open_reviews else "outvoted"


def _asked_line(
    tenant: str, run_id: str, asked: ReviewRequested, roles: tuple[str, ...]
) -> ReviewLine:
    return ReviewLine(
        id=f"{run_id}.{asked.review_id}",
        tenant=tenant,
        run_id=run_id,
        state="open",
        about=asked.about,
        tool=asked.tool,
        call=asked.call,
        arguments_json=asked.arguments_json,
        arguments_sha256=asked.arguments_sha256,
        roles=roles,
        quorum=asked.quorum,
        default=asked.default,
        reason=asked.reason,
        asked_at=None,
        expires_at=asked.expires_at,
    )


def _decision(decided: ReviewDecided | None) -> dict[str, object]:
    if decided is None:
        return {}
    names = ", ".join(one.principal for one in decided.approvers)
    return {
        "state": decided.outcome,
        "decided_by": names or None,
        "decision": decided.reason,
        "edited_json": decided.arguments_json,
        "response": decided.response,
    }

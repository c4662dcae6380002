"""One review: which answer counts, when it expires, and why the others are refused."""

from datetime import datetime
from typing import Literal

from contracts.envelope import Fact
from contracts.history import Review, Run
from contracts.review import (
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
    ReviewRequested,
)
from contracts.shape import sha256_hex

from .moves import Move, Say

RefusalRule = Literal["already_decided", "late", "wrong_role", "own_request", "other_arguments"]
SENTENCES: dict[RefusalRule, str] = {
    "already_decided": "somebody had decided it before",
    "late": "it came after the review had expired",
    "wrong_role": "none of your roles may answer it",
    "own_request": "whoever asked for the task may not approve what it does",
    "other_arguments": "it was given for other arguments than those that would run",
}


def advance_review(run: Run, review: Review, now: datetime, *, withdrawn: bool) -> tuple[Move, ...]:
    """Refuse what does not count; decide by the first answer that does, or by expiry."""
    moves: list[Move] = []
    decided = review.decided is not None
    for answer in review.answers:
        if answer.id in review.refused or _is_deciding(review, answer):
            continue
        rule = "already_decided" if decided else refusal(run, review, answer)
        if rule is not None:
            moves.append(Say(answer.id, _refused(answer, rule)))
        else:
            moves.append(Say(review.requested.id, _decision(review, answer)))
            decided = True
    if not decided and withdrawn:
        moves.append(Say(review.requested.id, _unanswered(review, "withdrawn")))
    elif not decided and now >= review.requested.body.expires_at:
        moves.append(Say(review.requested.id, _unanswered(review, "expired")))
    return tuple(moves)


def refusal(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> RefusalRule | None:
    """Why an answer to an open review does not count; None if it does.

    Lateness is judged by the server's timestamp, so that whoever reads the log agrees.
    """
    asked, said = review.requested.body, answer.body
    user = run.submitted.body.user if run.submitted is not None else None
    if (answer.stored_at or answer.time) >= asked.expires_at:
        return "late"
    # Also where the question showed a person other arguments than it has the digest of.
    if not said.arguments_sha256 == asked.arguments_sha256 == _shown(asked):
        return "other_arguments"
    if not set(said.roles) & set(asked.roles):
        return "wrong_role"
    if said.decision == "approve" and said.principal == user:
        return "own_request"
    return None


def _shown(asked: ReviewRequested) -> str:
    return sha256_hex(asked.arguments_json.encode())


def _is_deciding(review: Review, answer: Fact[ReviewAnswered]) -> bool:
    """Whether the decision that stands was made by this answer."""
    decided = review.decided
    return decided is not None and decided.body.answer_id == answer.id


def _decision(review: Review, answer: Fact[ReviewAnswered]) -> ReviewDecided:
    said, asked = answer.body, review.requested.body
    return ReviewDecided(
        review_id=asked.review_id,
        outcome="approved" if said.decision == "approve" else "rejected",
        answer_id=answer.id,
        principal=said.principal,
        role=next(role for role in said.roles if role in asked.roles),
        arguments_sha256=asked.arguments_sha256,
        reason=said.reason,
    )


def _unanswered(review: Review, outcome: Literal["expired", "withdrawn"]) -> ReviewDecided:
    asked = review.requested.body
    return ReviewDecided(
        review_id=asked.review_id, outcome=outcome, arguments_sha256=asked.arguments_sha256
    )


def _refused(answer: Fact[ReviewAnswered], rule: RefusalRule) -> ReviewAnswerRefused:
    return ReviewAnswerRefused(
        review_id=answer.body.review_id,
        rule=rule,
        principal=answer.body.principal,
        reason=SENTENCES[rule],
    )

"""Answers that no open question takes: each is refused with its reason, so that nobody wonders.

An answer may come before its question, and then it is kept. It is refused once the question cannot
come any more, and where a run keeps too many of them.
"""

from collections.abc import Iterator

from contracts.envelope import Fact
from contracts.history import Review, Run
from contracts.history.approval import may_be_asked, refusal
from contracts.review import (
    ANSWERS_LIMIT,
    RefusalRule,
    ReviewAnswered,
    ReviewAnswerRefused,
)

from .moves import Say

SENTENCES: dict[RefusalRule, str] = {
    "already_decided": "it had been decided before",
    "late": "it came after the review had expired",
    "unknown": "the run asks no such question, and cannot come to ask it any more",
    "run_over": "the run had ended before it was decided",
    "wrong_role": "none of your roles may answer it, or not yet",
    "own_request": "whoever asked for the task may not approve what it does",
    "own_words": "whoever told the run more may not approve what comes of it",
    "not_a_person": "it was asked of people, and a service is none",
    "other_arguments": "it was given for other arguments than those that would run",
    "bad_edit": "it edits the arguments, and does not say to which",
    "not_possible": "this question takes no such answer: look at what it asks",
    "said_before": "you have said the same, and others must agree",
    "too_many": f"the run keeps {ANSWERS_LIMIT} answers to questions that are not asked yet",
}


def refuse(answer: Fact[ReviewAnswered], rule: RefusalRule, reason: str | None = None) -> Say:
    """The refusal of an answer, in the sentence of its rule unless there is a better one."""
    body = ReviewAnswerRefused(
        review_id=answer.body.review_id,
        rule=rule,
        principal=answer.body.principal,
        reason=reason or SENTENCES[rule],
    )
    return Say(answer.id, body)


def stray_answers(run: Run) -> tuple[Say, ...]:
    """Refusals of all answers that neither decided a review nor may still do so."""
    found = [move for review in run.reviews for move in _of_review(run, review)]
    return (*found, *_of_no_review(run))


def _of_review(run: Run, review: Review) -> Iterator[Say]:
    if review in run.open_reviews:
        return
    counted = {one.answer_id for one in review.decided.body.approvers} if review.decided else set()
    for answer in review.answers:
        if answer.id in run.refused_answers or answer.id in counted:
            continue
        rule = _why_not(run, review, answer)
        if rule is not None:
            yield refuse(answer, rule)


def _why_not(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> RefusalRule | None:
    """One that came before the decision, and waited for others to agree, was not wrong."""
    decided = review.decided
    if decided is None:
        return "run_over"
    if answer.sequence > _decided_at(review):
        return "late" if decided.body.outcome == "expired" else "already_decided"
    return refusal(run, review, answer)


def _decided_at(review: Review) -> int:
    """Where in the log it was decided: at the answer that made it so, or by the clock."""
    assert review.decided is not None, "asked of a review that was decided"
    named = {one.answer_id for one in review.decided.body.approvers}
    places = [one.sequence for one in review.answers if one.id in named]
    return max(places, default=review.decided.sequence)


def _of_no_review(run: Run) -> Iterator[Say]:
    kept = 0
    for answer in run.early_answers:
        if run.end is not None:
            yield refuse(answer, "run_over")
        elif not may_be_asked(run, answer.body.review_id):
            yield refuse(answer, "unknown")
        elif kept >= ANSWERS_LIMIT:
            yield refuse(answer, "too_many")
        else:
            kept += 1

"""The part of the fold that takes reviews: questions, answers early and late, decisions."""

from typing import cast

from ..envelope import Fact
from ..review import (
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
    ReviewEscalated,
    ReviewRequested,
)
from ..shape import Body
from .state import Review, Run


def open_review(run: Run, requested: Fact[ReviewRequested]) -> Review:
    """A question takes the answers that came before it."""
    name = requested.body.review_id
    early = [one for one in run.early_answers if one.body.review_id == name]
    run.early_answers = [one for one in run.early_answers if one.body.review_id != name]
    review = Review(requested, early)
    run.reviews.append(review)
    return review


def take_reply(run: Run, fact: Fact[Body]) -> None:
    """An answer names its review, so that it may come before the question."""
    match fact.body:
        case ReviewAnswered(review_id=name) if fact.cause_id == run.root:
            review = run.review(name)
            answers = run.early_answers if review is None else review.answers
            answers.append(cast("Fact[ReviewAnswered]", fact))
        case ReviewAnswerRefused() as refused:
            run.refused_answers[fact.cause_id] = refused
            run.early_answers = [one for one in run.early_answers if one.id != fact.cause_id]


def take_review(run: Run, review: Review, fact: Fact[Body]) -> None:
    match fact.body:
        case ReviewEscalated():
            review.escalated.append(cast("Fact[ReviewEscalated]", fact))
        case ReviewDecided() as decided if review.decided is None:
            review.decided = cast("Fact[ReviewDecided]", fact)
            call = run.call(review.requested.body.call)
            assert call is not None, f"review {decided.review_id} belongs to a call"
            run.places[fact.id] = call

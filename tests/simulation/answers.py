"""Promises about answers of people: which of them count, and that each review has one outcome.

Told from the log alone, in its order and by the server's stamps: the first answers that suffice
decide, also those that came before their question; what is stamped at the expiry or later is late;
and where none suffices in time, and only there, the clock decides.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from contracts.envelope import Fact
from contracts.review import ReviewAnswered, ReviewAnswerRefused, ReviewDecided, ReviewRequested
from contracts.shape import Body

from .log import Log, Place

B = TypeVar("B", bound=Body)
LETS_RUN = ("approve", "edit")
# What an answer is refused for whenever it comes. The other rules say when it came.
FOR_ITSELF = frozenset(
    {
        "wrong_role",
        "own_request",
        "own_words",
        "not_a_person",
        "other_arguments",
        "bad_edit",
        "not_possible",
        "said_before",
    }
)


class Answers:
    """Questions, answers early and late, and what was made of them."""

    def __init__(self, log: Log, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._violate = violate
        self._decisions: Counter[tuple[Place, str]] = Counter()

    def stored(self, fact: Fact[Body]) -> None:
        """A fact was stored now."""
        if isinstance(fact.body, ReviewDecided):
            place, name = (fact.tenant, fact.run_id), fact.body.review_id
            self._decisions[place, name] += 1
            if self._decisions[place, name] > 1:
                self._violate("one_outcome", f"{place[1]}/{name} was decided twice")

    def check_at_rest(self) -> None:
        """Every answer was worth what the log says that it was worth."""
        for place, facts in self._log.runs.items():
            answers = _of(facts, ReviewAnswered)
            if not answers:
                continue
            refused = {one.cause_id: one.body for one in _of(facts, ReviewAnswerRefused)}
            for asked in _of(facts, ReviewRequested):
                name = asked.body.review_id
                mine = [one for one in answers if one.body.review_id == name]
                decided = next(
                    (one for one in _of(facts, ReviewDecided) if one.body.review_id == name), None
                )
                self._check_review(place, asked, mine, refused, decided)
            self._check_strays(place, facts, answers, refused)

    def _check_review(
        self,
        place: Place,
        asked: Fact[ReviewRequested],
        answers: list[Fact[ReviewAnswered]],
        refused: dict[str, ReviewAnswerRefused],
        decided: Fact[ReviewDecided] | None,
    ) -> None:
        name = f"{place[1]}/{asked.body.review_id}"
        for answer in answers:
            is_late = asked.body.about == "call" and _stamp(answer) >= asked.body.expires_at
            rule = refused[answer.id].rule if answer.id in refused else None
            if rule == "late" and not is_late:
                self._violate("in_time_is_not_late", f"{name}: {answer.id} was refused as late")
            if rule == "unknown" and not _was_for_the_call(asked, answer):
                self._violate("early_answers_are_kept", f"{name}: {answer.id} was called unknown")
        if decided is None:
            return
        before = [
            one
            for one in answers
            if one.sequence < decided.sequence
            and not _was_for_the_call(asked, one)
            and not (asked.body.about == "call" and _stamp(one) >= asked.body.expires_at)
            and not (one.id in refused and refused[one.id].rule in FOR_ITSELF)
        ]
        self._check_decision(name, asked.body, decided, _deciding(asked.body, before))
        for answer in answers:
            if answer not in before and answer.id not in refused:
                self._violate("strays_are_told", f"{name}: {answer.id} counted for nothing")

    def _check_decision(
        self,
        name: str,
        asked: ReviewRequested,
        decided: Fact[ReviewDecided],
        deciding: list[str],
    ) -> None:
        body = decided.body
        named = [one.answer_id for one in body.approvers]
        if named != deciding:
            rule = "late_is_late" if len(named) > len(deciding) else "first_answers_decide"
            wanted = deciding or "the clock"
            self._violate(rule, f"{name} is {body.outcome} by {named}, and not by {wanted}")
        if body.outcome == "expired" and _stamp(decided) < asked.expires_at:
            self._violate("expires_in_time", f"{name} expired before its time")

    def _check_strays(
        self,
        place: Place,
        facts: list[Fact[Body]],
        answers: list[Fact[ReviewAnswered]],
        refused: dict[str, ReviewAnswerRefused],
    ) -> None:
        """Whoever answered what was never asked is told so, once it cannot come any more."""
        names = {one.body.review_id for one in _of(facts, ReviewRequested)}
        for answer in answers:
            if answer.body.review_id not in names and answer.id not in refused:
                name = f"{place[1]}/{answer.body.review_id}"
                self._violate("strays_are_told", f"{name}: {answer.id} has no question")


def _deciding(asked: ReviewRequested, answers: list[Fact[ReviewAnswered]]) -> list[str]:
    """The first answers that suffice; of one person the newest counts, until it is decided."""
    standing: dict[str, Fact[ReviewAnswered]] = {}
    for answer in answers:
        if answer.body.decision not in LETS_RUN:
            return [answer.id]
        standing.pop(answer.body.principal, None)
        standing[answer.body.principal] = answer
        wanted = answer.body.wanted_sha256
        alike = [one.id for one in standing.values() if one.body.wanted_sha256 == wanted]
        if len(alike) >= asked.quorum:
            return alike
    return []


def _was_for_the_call(asked: Fact[ReviewRequested], answer: Fact[ReviewAnswered]) -> bool:
    """Whether it came before a question about an outcome: it cannot have been about that."""
    return asked.body.about == "outcome" and answer.sequence < asked.sequence


def _of(facts: list[Fact[Body]], kind: type[B]) -> list[Fact[B]]:
    return [fact for fact in facts if isinstance(fact.body, kind)]


def _stamp(fact: Fact[Body]) -> datetime:
    assert fact.stored_at is not None, "it lies in the log"
    return fact.stored_at

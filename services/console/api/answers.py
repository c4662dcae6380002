"""How a person's answer to a review is said, and what is refused before it is.

All answers come through here, one at a time. What is plain already (decided, expired, no such role,
other arguments) is refused at once; whether an answer counts, the orchestrator decides, and what it
refuses within the time that we wait is told in the same words and with the same status.
"""

import secrets
from dataclasses import dataclass

from contracts.envelope import Fact
from contracts.history import Review, Run
from contracts.history.approval import may_be_asked, refusal
from contracts.review import (
    Decision,
    RefusalRule,
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
)
from contracts.shape import Body
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.api.review_views import most_agreed
from services.console.api.shapes import Answered
from services.console.errors import (
    Conflict,
    ConsoleError,
    Expired,
    Forbidden,
    Invalid,
    Mismatch,
    NotFound,
)
from shared.bus import first_sequence

NONCE_BYTES = 16

Verdict = ReviewAnswerRefused | ReviewDecided

# What each refusal is over HTTP, and what a person does about it.
REFUSALS: dict[RefusalRule, tuple[type[ConsoleError], str]] = {
    "already_decided": (Conflict, "there is nothing left to answer"),
    "said_before": (Conflict, "ask somebody else to look at it"),
    "run_over": (Conflict, "there is nothing left to answer"),
    "too_many": (Conflict, "answer when the question is asked"),
    "late": (Expired, "submit the task again"),
    "unknown": (NotFound, "list them: interlock reviews list"),
    "wrong_role": (Forbidden, "ask somebody with a role that may answer it"),
    "own_request": (Forbidden, "ask somebody else; interlock dev has lead@localhost for it (--as)"),
    "own_words": (
        Forbidden,
        "ask somebody who has told this run nothing; a rejection still counts",
    ),
    "not_a_person": (Forbidden, "answer with a key of your own: interlock keys own"),
    "other_arguments": (Mismatch, "look at it again: interlock reviews show"),
    "bad_edit": (Invalid, "correct the arguments"),
    "not_possible": (Invalid, "approve or reject it"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a person answers, before it is known to what."""

    decision: Decision
    reason: str = ""
    arguments_sha256: str | None = None
    arguments_json: str | None = None
    response: str | None = None


async def give(desk: Desk, person: Person, run: Run, review_id: str, said: Said) -> Answered:
    """Say an answer, and what became of it.

    Raises:
        ConsoleError: it does not count, and why.
    """
    name = f"{run.run_id}.{review_id}"
    review = run.review(review_id)
    body = _body(person, run, review, review_id, said)
    _check(desk, run, review, body, name)
    assert run.submitted is not None, "the run was found"
    answer = await desk.bus.say(run.submitted, body)
    outcome, reason = await _outcome(desk, run, answer)
    return Answered(
        review=name, answer_id=answer.id, sequence=answer.sequence, outcome=outcome, reason=reason
    )


def _body(
    person: Person, run: Run, review: Review | None, review_id: str, said: Said
) -> ReviewAnswered:
    """The answer as it is signed. Without a digest it is for what the question shows."""
    seen, decision, arguments = said.arguments_sha256, said.decision, said.arguments_json
    if review is not None:
        asked = review.requested.body.arguments_sha256
        proposed = _proposed(run, review, seen)
        if decision == "approve" and proposed is not None:
            # Whoever approves what another person made of it makes the same of it.
            decision, arguments = "edit", proposed
        seen = asked if seen is None or proposed is not None else seen
    if seen is None:
        raise Invalid(
            "the question has not been asked yet",
            "arguments_sha256",
            "say which arguments you mean by their digest",
        )
    return ReviewAnswered(
        review_id=review_id,
        decision=decision,
        reason=said.reason,
        arguments_json=arguments,
        response=said.response,
        principal=person.principal,
        roles=person.roles,
        arguments_sha256=seen,
        nonce=secrets.token_hex(NONCE_BYTES),
    )


def _proposed(run: Run, review: Review, sha256: str | None) -> str | None:
    """The arguments of this digest that somebody has edited this call to."""
    standing = (one.body for one in review.answers if one.id not in run.refused_answers)
    return next(
        (
            one.arguments_json
            for one in standing
            if one.arguments_json and one.wanted_sha256 == sha256
        ),
        None,
    )


def _check(desk: Desk, run: Run, review: Review | None, body: ReviewAnswered, name: str) -> None:
    rule: RefusalRule | None
    decided = review.decided.body if review is not None and review.decided is not None else None
    if decided is not None:
        rule = "late" if decided.outcome == "expired" else "already_decided"
        raise refused(rule, f"the review is {decided.outcome}", name)
    if run.end is not None and review not in run.open_reviews:
        raise refused("run_over", f"the run is {run.status}", name)
    if review is None:
        if not may_be_asked(run, body.review_id):
            raise refused("unknown", f"the run asks no question {body.review_id}", name)
        return
    rule = refusal(run, review, _as_if_stored(desk, run, body))
    if rule is not None:
        raise refused(rule, _sentence(desk, review, body, rule), name)


def _as_if_stored(desk: Desk, run: Run, body: ReviewAnswered) -> Fact[ReviewAnswered]:
    assert run.submitted is not None, "the run was found"
    now = desk.bus.clock.now()
    return Fact(
        "",
        "review.answered",
        run.tenant,
        run.run_id,
        run.root,
        now,
        body,
        sequence=run.last_sequence + 1,
        first_sequence=first_sequence(run.submitted),
    )


def _sentence(desk: Desk, review: Review, body: ReviewAnswered, rule: RefusalRule) -> str:
    asked = review.requested.body
    match rule:
        case "wrong_role":
            own = ", ".join(body.roles) or "none"
            wanted = ", ".join(asked.roles_at(desk.bus.clock.now()))
            return f"{body.principal} has the roles {own}, and it asks {wanted}"
        case "own_request":
            return f"{body.principal} asked for this task, and may not approve what it does"
        case "not_a_person":
            return f"{body.principal} is a service, and people are asked"
        case "own_words":
            told = "more input, or an answer that its model was told"
            return f"{body.principal} gave this run {told}, and may not approve what comes of it"
        case "other_arguments":
            return "the arguments are not those that you saw"
        case "late":
            return f"the review expired at {asked.expires_at.isoformat()}"
        case _:
            return f"a question about its {asked.about} takes no such {body.decision}"


def refused(rule: RefusalRule, reason: str, where: str) -> ConsoleError:
    """The refusal of an answer as an HTTP problem."""
    kind, remedy = REFUSALS[rule]
    return kind(reason, where, remedy)


async def _outcome(desk: Desk, run: Run, said: Fact[ReviewAnswered]) -> tuple[str, str]:
    """What became of an answer within the time that we wait; `recorded` where nothing did yet."""
    review_id = said.body.review_id
    verdict: Verdict | None = await desk.became(said, lambda facts: _verdict(said, facts))
    if isinstance(verdict, ReviewAnswerRefused):
        raise refused(verdict.rule, verdict.reason, f"{run.run_id}.{review_id}")
    if verdict is not None:
        return verdict.outcome, verdict.reason
    return "recorded", await _waits_for(desk, run, review_id)


def _verdict(said: Fact[ReviewAnswered], facts: list[Fact[Body]]) -> Verdict | None:
    """The first fact that settles what an answer was worth."""
    for fact in facts:
        match fact.body:
            case ReviewAnswerRefused() as told if fact.cause_id == said.id:
                return told
            case ReviewDecided(review_id=known) as decided if known == said.body.review_id:
                return decided
    return None


async def _waits_for(desk: Desk, run: Run, review_id: str) -> str:
    now = await desk.bus.read(run.tenant, run.run_id)
    review = now.review(review_id)
    if review is None:
        return "kept until the question is asked"
    quorum = review.requested.body.quorum
    return f"{most_agreed(now, review)} of {quorum} people agree" if quorum > 1 else ""

"""Whether people let a call run: told from their own signed answers, by whoever has to know.

The orchestrator decides reviews by these rules. The gate that clears a call on an approval, and the
executor that runs it, go by them again: a decision permits nothing that no such answers stand
behind, whoever wrote it.
"""

import re
from datetime import datetime

from ..envelope import Fact
from ..ids import is_service, person
from ..review import RefusalRule, ReviewAnswered, ReviewDecided, ReviewRequested
from ..shape import Body, sha256_hex
from ..tool import ToolRequested
from .speaking import requesters, speakers, step_of
from .state import Review, Run
from .telling import told

_REVIEW_ID = re.compile(r"([1-9]\d{0,5})-([1-9]\d{0,5})-([1-9]\d{0,5})")
_LETS_RUN = ("approve", "edit")


def refusal(run: Run, review: Review, answer: Fact[ReviewAnswered]) -> RefusalRule | None:
    """Why an answer to an open review does not count, whatever others say; None if it does.

    Lateness and roles are judged by the server's timestamp, so that whoever reads the log agrees.
    """
    asked, said = review.requested.body, answer.body
    if asked.is_expired(moment_of(answer)):
        return "late"
    if asked.about == "outcome" and answer.sequence < review.requested.sequence:
        return "not_possible"  # it let a call run, and tells nothing of what came of it
    # Also where the question showed a person other arguments than it has the digest of.
    shown = sha256_hex(asked.arguments_json.encode())
    if not said.arguments_sha256 == asked.arguments_sha256 == shown:
        return "other_arguments"
    if is_service(said.principal):
        return "not_a_person"
    if role_of(asked, answer) is None:
        return "wrong_role"
    if said.decision != "reject" and person(said.principal) in requesters(run):
        return "own_request"
    if _lets_run(asked, said) and person(said.principal) in speakers(run, step_of(asked)):
        return "own_words"
    return _unfit(asked, said)


def role_of(asked: ReviewRequested, answer: Fact[ReviewAnswered]) -> str | None:
    """The role in which a person may answer, at the moment when they did."""
    asked_by_then = asked.roles_at(moment_of(answer))
    return next((role for role in answer.body.roles if role in asked_by_then), None)


def approval_gap(run: Run, asked: ToolRequested) -> str | None:
    """Why the approval that a request names does not cover it, as a sentence; None if it does."""
    review = _decided_by(run, asked.approval_id)
    if review is None or review.decided is None:
        return "nobody approved this call with these arguments"
    question, decided = review.requested.body, review.decided.body
    if (question.call, question.tool) != (asked.call, asked.tool) or question.about != "call":
        return "its approval is for something else"
    if decided.outcome not in ("approved", "edited"):
        return f"nobody approved this call with these arguments: it was {decided.outcome}"
    digest = sha256_hex(asked.arguments_json.encode())
    if not decided.arguments_sha256 == asked.arguments_sha256 == digest:
        return "nobody approved this call with these arguments: others were approved"
    found = len({person(one.body.principal) for one in _agreeing(run, review, review.decided)})
    if found < question.quorum:
        return f"{found} of the {question.quorum} people that it needs approved these arguments"
    return None


def approver_roles(run: Run, approval_id: str | None) -> tuple[str, ...]:
    """The roles of those who let a call run, one for each of them."""
    review = _decided_by(run, approval_id)
    if review is None or review.decided is None:
        return ()
    agreeing = _agreeing(run, review, review.decided)
    asked = review.requested.body
    return tuple(role for one in agreeing if (role := role_of(asked, one)) is not None)


def may_be_asked(run: Run, review_id: str) -> bool:
    """Whether the run can still come to ask this question, which it has not asked yet."""
    place = _REVIEW_ID.fullmatch(review_id)
    if place is None or run.end is not None or run.review(review_id) is not None:
        return False
    step, index, attempt = map(int, place.groups())
    if step != len(run.steps):
        return step > len(run.steps)
    here = run.steps[-1]
    if here.outcome is None:
        return True
    if index > len(here.calls):
        return False
    call = here.calls[index - 1]
    return attempt >= len(call.tries) and told(call) is None


def moment_of(fact: Fact[Body]) -> datetime:
    """When a fact was stored, by the server's clock."""
    return fact.stored_at or fact.time


def _decided_by(run: Run, approval_id: str | None) -> Review | None:
    decided = (review for review in run.reviews if review.decided is not None)
    return next((one for one in decided if one.decided and one.decided.id == approval_id), None)


def _agreeing(
    run: Run, review: Review, decided: Fact[ReviewDecided]
) -> tuple[Fact[ReviewAnswered], ...]:
    """The answers that a decision names, as far as they stand in the log and say so."""
    named = {approver.answer_id for approver in decided.body.approvers}
    return tuple(
        answer
        for answer in review.answers
        if answer.id in named
        and answer.sequence < decided.sequence
        and answer.id not in run.refused_answers
        and answer.body.decision in _LETS_RUN
        and answer.body.wanted_sha256 == decided.body.arguments_sha256
        and refusal(run, review, answer) is None
    )


def _lets_run(asked: ReviewRequested, said: ReviewAnswered) -> bool:
    """Whether something would run on it: what became of a call, or is told in place, does not."""
    return asked.about == "call" and said.decision in _LETS_RUN


def _unfit(asked: ReviewRequested, said: ReviewAnswered) -> RefusalRule | None:
    """What of an answer does not go together."""
    match said.decision:
        case "edit" | "respond" if asked.about == "outcome":
            return "not_possible"
        case "respond" if not said.response:
            return "not_possible"
        case "edit" if said.arguments_json is None:
            return "bad_edit"
        case "approve" if said.arguments_json is not None:
            # An approval lets run what was shown, and nothing that it brings itself.
            return "other_arguments"
        case _:
            return None

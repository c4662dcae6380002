"""Taking back what nobody has started yet. What is claimed finishes, and is settled.

A revocation is a claim on the same subject, so that exactly one of the two is made.
"""

from collections.abc import Iterator

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared
from contracts.history import Attempt, Call, Run, Step, Try, told
from contracts.model import ModelClaimed
from contracts.money import ModelFunded, ModelUnfunded
from contracts.review import ReviewDecided
from contracts.shape import Body
from contracts.tool import ToolClaimed

from .moves import Move, Revoke, Say

REVOKED = "revoked"


def revocations(run: Run) -> tuple[Revoke, ...]:
    """Of a run that ends: whatever is permitted and not yet claimed."""
    if run.step is None:
        return ()
    attempts = run.step.attempts if run.step.outcome is None else ()
    models = (one for one in attempts if one.claim is None and _is_funded(one))
    tries = (call.last for call in run.step.calls)
    tools = (one for one in tries if one is not None and one.claim is None and _is_cleared(one))
    return (*map(_revoke_attempt, models), *map(_revoke_try, tools))


def revoke_attempts(step: Step) -> tuple[Revoke, ...]:
    """Of a step that is called off: every attempt that may still be made, funded or not yet."""
    refused = ModelUnfunded
    return tuple(
        _revoke_attempt(one)
        for one in step.attempts
        if one.claim is None and not (one.verdict and isinstance(one.verdict.body, refused))
    )


def call_off(call: Call) -> Iterator[Move]:
    """Nobody has begun it: it is revoked, judged or not, and nobody is asked about it any more."""
    last = call.last
    if last is None or told(call) is not None or last.outcome is not None:
        return
    if last.review is not None:
        if last.review.decided is None:
            asked = last.review.requested
            withdrawn = ReviewDecided(
                review_id=asked.body.review_id,
                outcome="withdrawn",
                arguments_sha256=asked.body.arguments_sha256,
            )
            yield Say(asked.id, withdrawn)
    elif last.claim is None and (last.verdict is None or _is_cleared(last)):
        yield _revoke_try(last)


def is_begun(call: Call) -> bool:
    """Whether any attempt at it was started: then its outcome is waited for."""
    claims = (each.claim for each in call.tries if each.claim is not None)
    return any(claim.body.state == "claimed" for claim in claims)


def _is_funded(attempt: Attempt) -> bool:
    return attempt.verdict is not None and isinstance(attempt.verdict.body, ModelFunded)


def _is_cleared(each: Try) -> bool:
    return each.verdict is not None and isinstance(each.verdict.body, ToolCleared)


def _revoke_attempt(attempt: Attempt) -> Revoke:
    step = attempt.request.body.step
    body = ModelClaimed(step=step, attempt=attempt.number, nonce=REVOKED, state="revoked")
    return Revoke(_cause(attempt), body)


def _revoke_try(each: Try) -> Revoke:
    asked = each.request.body
    body = ToolClaimed(call=asked.call, attempt=asked.attempt, nonce=REVOKED, state="revoked")
    return Revoke(_cause(each), body)


def _cause(of: Attempt | Try) -> Fact[Body]:
    """The fold places a claim by the verdict, or by the request where none was said yet."""
    return of.request if of.verdict is None else of.verdict

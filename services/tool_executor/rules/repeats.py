"""A call that was made before in the same run: its effect is not had twice.

A model that plans again, since its context was cut or it lost its thread, asks again for what it
has done. Such a call has a name of its own, and so another idempotency key: no back end would know
it again. The log does: it has the tool, the arguments in one spelling, and what came of it.
"""

from typing import Literal

from contracts.guardrail import ToolBlocked
from contracts.history import Call, Run, Try, pinned
from contracts.history.lineage import call_key, calls_before, key_of
from contracts.tool import ToolRequested, ToolSucceeded, ToolUnknown

Standing = Literal["not_made", "under_way", "unknown", "found_made"]

REASONS: dict[Standing, str] = {
    "under_way": "the very same call, {}, is under way; look at its result",
    "unknown": "nobody knows whether the very same call, {}, took effect, so it is not made again",
    "found_made": "a person found that the very same call, {}, did take effect",
}


def repeated(run: Run, asked: ToolRequested) -> ToolSucceeded | str | None:
    """What an equal call of this run has come to: its result, or why this one must not be made.

    None where it may be made: a read, a tool whose equal calls are each meant, a call that a person
    has let run, and one whose equals are known to have done nothing.
    """
    manifest = pinned(run, asked.tool)
    if manifest is None or manifest.effect == "read" or manifest.agent or manifest.repeatable:
        return None
    if asked.approval_id is not None:
        return None
    wanted = call_key(asked)
    equal = [call for call in calls_before(run, asked) if key_of(call) == wanted]
    for call in equal:
        if (made := _succeeded(call)) is not None:
            place = {"call": asked.call, "attempt": asked.attempt, "repeats": call.name}
            return made.model_copy(update={**place, "duration_ms": 0})
    found = ((_standing(call), call.name) for call in equal)
    return next((REASONS[how].format(name) for how, name in found if how in REASONS), None)


def _succeeded(call: Call) -> ToolSucceeded | None:
    outcomes = (each.outcome.body for each in call.tries if each.outcome is not None)
    return next((one for one in outcomes if isinstance(one, ToolSucceeded)), None)


def _standing(call: Call) -> Standing:
    """What is known of a call that has not succeeded."""
    if call.last is None:
        return "not_made" if call.refused is not None else "under_way"
    doubts = [each for each in call.tries if _is_unknown(each)]
    if doubts:
        return _decided(doubts[-1])
    if call.last.outcome is not None or isinstance(_verdict(call.last), ToolBlocked):
        return "not_made"
    review = call.last.review
    if review is not None and review.decided is not None:
        let_run = review.decided.body.outcome in ("approved", "edited")
        return "under_way" if let_run else "not_made"
    return "under_way"


def _decided(each: Try) -> Standing:
    decided = each.review.decided if each.review is not None else None
    match decided.body.outcome if decided is not None else None:
        case "approved":
            return "found_made"
        case "rejected":
            return "not_made"
        case _:
            return "unknown"


def _is_unknown(each: Try) -> bool:
    return each.outcome is not None and isinstance(each.outcome.body, ToolUnknown)


def _verdict(each: Try) -> object:
    return each.verdict.body if each.verdict is not None else None

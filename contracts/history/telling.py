"""What the model is told of a tool call, once that is settled."""

from ..guardrail import ResultCleared, ToolBlocked
from ..model import Text, ToolResult
from ..review import ReviewDecided
from ..tool import ToolFailed, ToolSucceeded
from .doubt import is_in_doubt
from .state import Call, Try

WITHHELD = "The result of this call was withheld by a content check."


def told(call: Call) -> ToolResult | None:
    """What the model is told of a call; None while that is not settled."""
    match call.result.body if call.result is not None else None:
        case ResultCleared() as cleared:
            text = _edit_note(call) + result_text(call, cleared)
            return _result(call, text, is_error=cleared.is_error)
        case None:
            return _never_asked(call) if call.last is None else _without_result(call, call.last)
        case _:
            return _result(call, WITHHELD, is_error=True)


def outcome_text(outcome: ToolSucceeded | ToolFailed) -> str:
    """An outcome in words, as the result check reads it and the model may see it."""
    match outcome:
        case ToolSucceeded(repeats=None):
            return outcome.output_json
        case ToolSucceeded(repeats=before):
            made = f"This very call was made before, as {before}, and was not made again."
            return f"{made} Its result: {outcome.output_json}"
        case ToolFailed():
            return f"The call failed ({outcome.kind}): {outcome.reason}"


def result_text(call: Call, cleared: ResultCleared) -> str:
    """The text of a cleared result. One that the check left as it was is not stored twice."""
    if cleared.text is not None:
        return cleared.text
    outcomes = (each.outcome.body for each in reversed(call.tries) if each.outcome is not None)
    found = next((one for one in outcomes if isinstance(one, ToolSucceeded | ToolFailed)), None)
    assert found is not None, "a result is cleared after its outcome"
    return outcome_text(found)


def _never_asked(call: Call) -> ToolResult | None:
    if call.refused is None:
        return None
    sentence = f"This call was not made: {call.refused.body.reason}"
    return _result(call, sentence, is_error=True)


def _without_result(call: Call, last: Try) -> ToolResult | None:
    """A call that was refused, or answered by a person, if that is settled."""
    if last.review is not None:
        decided = last.review.decided
        return None if decided is None else _decision(call, last, decided.body)
    if last.verdict is not None and isinstance(last.verdict.body, ToolBlocked):
        if is_in_doubt(call):
            # Told that it was refused, the model would take the earlier attempt for nothing.
            return None
        sentence = f"This call was refused: {last.verdict.body.reason}"
        return _result(call, _edit_note(call) + sentence, is_error=True)
    return None


def _decision(call: Call, last: Try, decided: ReviewDecided) -> ToolResult | None:
    assert last.review is not None, "a decision belongs to a review"
    about_outcome = last.review.requested.body.about == "outcome"
    match decided.outcome:
        case "approved" if about_outcome:
            sentence = "A person found that this call did take effect. Its result is not known."
        case "rejected" if about_outcome:
            sentence = "A person found that this call did not take effect."
        case "approved" | "edited" | "withdrawn":
            return None
        case "rejected":
            sentence = f"A person refused this call: {decided.reason or 'no reason was given'}"
            sentence += _doubt_note(call)
        case "responded":
            text = f"A person answered instead of the tool: {decided.response}"
            return _result(call, text, is_error=False)
        case "expired":
            sentence = "Nobody answered in time, so this call was refused." + _doubt_note(call)
    return _result(call, sentence, is_error=True)


def _doubt_note(call: Call) -> str:
    """A refusal to attempt a call again tells nothing of the attempt before."""
    return " Nobody knows whether an earlier attempt took effect." if is_in_doubt(call) else ""


def _edit_note(call: Call) -> str:
    """The model must know that other arguments ran than those that it wrote."""
    decisions = (each.review.decided for each in call.tries if each.review is not None)
    edits = [one.body for one in decisions if one is not None and one.body.outcome == "edited"]
    if not edits:
        return ""
    return (
        f"A person changed the arguments of this call to {edits[-1].arguments_json}. Its result: "
    )


def _result(call: Call, text: str, *, is_error: bool) -> ToolResult:
    return ToolResult(call_id=call.part.call_id, parts=(Text(text=text),), is_error=is_error)

"""What a call of a tool was, and what the model was shown of its result: as a stub."""

import json

from pydantic import JsonValue

from contracts.guardrail import ResultBlocked, ResultCleared
from contracts.history import Call
from contracts.history.telling import WITHHELD, result_text
from contracts.tool import ToolFailed
from contracts.trial import Stub

ERROR_LIMIT_CHARACTERS = 4096


def arguments_of(call: Call) -> dict[str, JsonValue] | None:
    """The arguments as the model wrote them; None where they are no JSON object."""
    try:
        arguments = json.loads(call.part.arguments_json or "{}")
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def stub_of(call: Call) -> Stub | None:
    """The stub that answers as this call was answered; None where no result was shown."""
    arguments = arguments_of(call)
    if arguments is None or call.result is None:
        return None
    match call.result.body:
        case ResultBlocked():
            return Stub(tool=call.part.name, arguments=arguments, error=WITHHELD)
        case ResultCleared() as cleared if cleared.is_error:
            return Stub(tool=call.part.name, arguments=arguments, error=_error(call, cleared))
        case ResultCleared() as cleared:
            value = _value(result_text(call, cleared))
            return Stub(tool=call.part.name, arguments=arguments, result=value)


def _error(call: Call, cleared: ResultCleared) -> str:
    """The reason alone: whoever tells the model puts the same words before it again."""
    outcome = call.last.outcome.body if call.last is not None and call.last.outcome else None
    if cleared.text is None and isinstance(outcome, ToolFailed):
        return outcome.reason[:ERROR_LIMIT_CHARACTERS] or outcome.kind
    return result_text(call, cleared)[:ERROR_LIMIT_CHARACTERS] or "it failed"


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value

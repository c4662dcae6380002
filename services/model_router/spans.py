"""What the span of a model call tells: who was asked, how much it took, and never what was said."""

from contracts.model import AttemptFailure, ModelResponded, Route
from contracts.money import Usage
from shared import genai
from shared.telemetry import Attributes


def name_of(route: Route) -> str:
    """`chat gpt-5`."""
    return f"{genai.CHAT} {route.model}"


def asking(route: Route, max_output_tokens: int) -> Attributes:
    """What is known before the call."""
    return {
        genai.OPERATION_NAME: genai.CHAT,
        genai.PROVIDER_NAME: route.provider,
        genai.REQUEST_MODEL: route.model,
        genai.REQUEST_MAX_TOKENS: max_output_tokens,
    }


def outcome(told: ModelResponded | AttemptFailure) -> Attributes:
    """What is known after it."""
    match told:
        case AttemptFailure(kind=kind):
            return {genai.ERROR_TYPE: kind}
        case ModelResponded(served_by=served, stop=stop, usage=usage):
            known = {
                genai.RESPONSE_MODEL: served.model_returned,
                genai.RESPONSE_ID: served.request_id,
            }
            return {
                **{name: value for name, value in known.items() if value is not None},
                genai.RESPONSE_FINISH_REASONS: (stop.raw or stop.kind,),
                **_usage(usage),
            }


def _usage(usage: Usage) -> Attributes:
    return {
        genai.USAGE_INPUT_TOKENS: usage.input_total,
        genai.USAGE_OUTPUT_TOKENS: usage.output_total,
    }

"""What facts about model calls say, each as a sentence for people."""

from contracts.model import (
    ModelAttemptDue,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelRequested,
    ModelResponded,
)
from contracts.run import ContextCompacted
from contracts.shape import Body
from services.console.rules.words.amounts import short

COMPACTIONS = {
    "cleared": "old results cleared",
    "window": "old steps dropped",
    "summary": "old steps summed up",
}


def model_sentence(body: Body) -> str | None:
    """The sentence of one, or None where it is about something else."""
    match body:
        case ContextCompacted(step=step, kind=kind, bytes_before=before, bytes_after=after):
            return f"step {step} sees {after:,} bytes of {before:,} ({COMPACTIONS[kind]})"
        case ModelRequested(step=step, alias=alias, prompt_bytes=size):
            return f"step {step}: {alias} is to answer {size:,} bytes of prompt"
        case ModelAttemptRequested() as again:
            route = f"{again.route.provider}/{again.route.model}"
            when = f" not before {again.not_before:%H:%M:%S}Z" if again.deferred else ""
            return (
                f"attempt {again.attempt}, {again.role} on {route}{when}, because "
                f"{again.previous.kind}: {short(again.previous.reason)}"
            )
        case ModelAttemptDue(attempt=attempt):
            return f"attempt {attempt} has waited for its time"
        case ModelClaimed(state="revoked"):
            return "the attempt is called off before it began"
        case ModelClaimed(route=route):
            return f"dispatched to {route.provider}/{route.model}" if route else "dispatched"
        case ModelResponded() as responded:
            return _response(responded)
        case ModelFailed(failure=failure):
            return f"no attempt is left: {failure.kind}, {short(failure.reason)}"
        case _:
            return None


def _response(responded: ModelResponded) -> str:
    usage = responded.usage
    tokens = f"{usage.input_total:,} tokens in, {usage.output_total:,} out"
    calls = ", ".join(f"{call.name}({short(call.arguments_json)})" for call in responded.tool_calls)
    said = f"wants {calls}" if calls else f"says: {short(responded.text)}"
    took = f", {responded.duration_ms} ms" if responded.duration_ms else ""
    return f"{said} ({tokens}{took}, stopped: {responded.stop.kind})"

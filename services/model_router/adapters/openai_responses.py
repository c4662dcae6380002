"""OpenAI Responses: a list of items each way; nothing is left behind at the provider.

Reasoning items come back sealed, and go back as they came.
"""

import json

from openai import AsyncOpenAI

from contracts.model import (
    DroppedParameter,
    Opaque,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    Route,
    ServedBy,
    StopKind,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from contracts.money import Usage
from services.model_router.errors import Invalid, ProviderError, RateLimited, Unavailable

from .failures import limited
from .provider import ProviderAnswer, ProviderCall
from .replay import replayable, result_text, without_seed
from .wire import (
    Json,
    body_of,
    count_at,
    inclusive_usage,
    maybe_text,
    object_at,
    objects_at,
    opaque,
    quality_of,
    stop_of,
    text_at,
)

STOPS: dict[str, StopKind] = {
    "completed": "ok",
    "incomplete:max_output_tokens": "truncated",
    "incomplete:content_filter": "refused",
    "in_progress": "paused",
    "queued": "paused",
}
NO_ANSWER = ("failed", "cancelled")


class OpenAIResponses:
    """Responses over the official SDK."""

    def __init__(self, client: AsyncOpenAI) -> None:
        # What an SDK loads at first use it loads now: that holds up heartbeats for seconds.
        self._responses = client.responses

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        request, dropped = to_wire(call)
        async with limited(call.timeout_seconds):
            answer = await self._responses.create(**request, timeout=call.timeout_seconds)
        request_id = getattr(answer, "_request_id", None)
        return from_wire(body_of(answer), call.route, dropped, request_id)


def to_wire(call: ProviderCall) -> tuple[Json, tuple[DroppedParameter, ...]]:
    """The request, and what had to be left out of it."""
    turns, dropped = replayable(call.prompt.turns, call.route)
    request: Json = {
        "model": call.route.model,
        "instructions": call.prompt.instructions,
        "input": [item for turn in turns for item in _items(turn)],
        "max_output_tokens": call.max_output_tokens,
        "store": False,
    }
    if call.prompt.tools:
        request["tools"] = _tools(call.prompt)
    return request, (*dropped, *without_seed(call))


def from_wire(
    body: Json,
    route: Route,
    dropped: tuple[DroppedParameter, ...] = (),
    request_id: str | None = None,
) -> ProviderAnswer:
    """The answer in our words.

    Raises:
        Malformed: it is none.
        ProviderError: the body says that there is none.
    """
    status = text_at(body, "status")
    if status in NO_ANSWER:
        raise failure_of(body, status)
    parts = tuple(part for item in objects_at(body, "output") for part in parts_of(item, route))
    usage = object_at(body, "usage")
    return ProviderAnswer(
        parts=parts,
        stop=stop_of(STOPS, _raw_stop(body, status), parts),
        usage=usage_of(usage),
        usage_quality=quality_of(usage),
        usage_raw=usage,
        served_by=ServedBy(
            route=route,
            model_returned=maybe_text(body, "model"),
            request_id=request_id,
            service_tier=maybe_text(body, "service_tier"),
        ),
        dropped=dropped,
    )


def parts_of(item: Json, route: Route) -> tuple[Part, ...]:
    """The parts of one output item."""
    match item.get("type"):
        case "message":
            return tuple(
                part for block in objects_at(item, "content") for part in _content(block, route)
            )
        case "function_call":
            call = ToolCall(
                call_id=text_at(item, "call_id"),
                name=text_at(item, "name"),
                arguments_json=text_at(item, "arguments"),
            )
            return (call,)
        case "reasoning":
            told = "\n".join(text_at(one, "text") for one in objects_at(item, "summary"))
            return (Reasoning(text=told or None, opaque=opaque(item, route)),)
        case _:
            return (opaque(item, route),)


def usage_of(usage: Json) -> Usage:
    """Disjoint buckets out of inclusive totals."""
    read = object_at(usage, "input_tokens_details")
    return inclusive_usage(
        total_input=count_at(usage, "input_tokens"),
        cached=count_at(read, "cached_tokens"),
        cache_written=count_at(read, "cache_write_tokens"),
        total_output=count_at(usage, "output_tokens"),
        reasoning=count_at(object_at(usage, "output_tokens_details"), "reasoning_tokens"),
    )


def failure_of(body: Json, status: str) -> ProviderError:
    """Why a response that was accepted has no answer. What it used may be billed."""
    error = object_at(body, "error")
    code = maybe_text(error, "code") or status
    reason = f"{code}: {maybe_text(error, 'message') or 'the response ended without an answer'}"
    match code:
        case "rate_limit_exceeded":
            return RateLimited(reason, billed="unknown")
        case "server_error" | "vector_store_timeout" | "failed" | "cancelled":
            return Unavailable(reason, billed="unknown")
        case _:
            return Invalid(reason, billed="unknown")


def _raw_stop(body: Json, status: str) -> str:
    reason = maybe_text(object_at(body, "incomplete_details"), "reason")
    return f"{status}:{reason}" if reason else status


def _content(block: Json, route: Route) -> tuple[Part, ...]:
    match block.get("type"):
        case "output_text":
            text = text_at(block, "text")
            return (Text(text=text),) if text else ()
        case "refusal":
            return (Refusal(text=text_at(block, "refusal")),)
        case _:
            return (opaque(block, route),)


def _items(turn: Turn) -> list[Json]:
    return [item for part in turn.parts if (item := _item(turn.role, part)) is not None]


def _item(role: str, part: Part) -> Json | None:
    match part:
        case Text(text=text) if role == "assistant":
            return _message(role, {"type": "output_text", "text": text})
        case Text(text=text):
            return _message(role, {"type": "input_text", "text": text})
        case Refusal(text=refused):
            return _message(role, {"type": "refusal", "refusal": refused or ""})
        case ToolCall(call_id=call_id, name=name, arguments_json=arguments):
            return {
                "type": "function_call",
                "call_id": call_id,
                "name": name,
                "arguments": arguments,
            }
        case ToolResult(call_id=call_id) as result:
            output = result_text(result, marked=True)
            return {"type": "function_call_output", "call_id": call_id, "output": output}
        case Reasoning(opaque=Opaque(blob_json=blob)) | Opaque(blob_json=blob):
            item: Json = json.loads(blob)
            return item
        case _:
            return None


def _message(role: str, content: Json) -> Json:
    return {"type": "message", "role": role, "content": [content]}


def _tools(prompt: Prompt) -> list[Json]:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": False,
        }
        for tool in prompt.tools
    ]

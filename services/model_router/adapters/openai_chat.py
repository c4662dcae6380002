"""OpenAI Chat Completions, and every server that speaks it.

A refusal may come with `finish_reason` "stop", so the message is read before the reason.
"""

from openai import AsyncOpenAI

from contracts.model import (
    DroppedParameter,
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
from services.model_router.errors import Malformed

from .failures import limited
from .provider import ProviderAnswer, ProviderCall
from .replay import replayable, result_text
from .wire import (
    Json,
    body_of,
    count_at,
    inclusive_usage,
    maybe_text,
    object_at,
    objects_at,
    quality_of,
    stop_of,
    text_at,
)

STOPS: dict[str, StopKind] = {
    "stop": "ok",
    "length": "truncated",
    "tool_calls": "needs_tools",
    "function_call": "needs_tools",
    "content_filter": "refused",
}


class OpenAIChat:
    """Chat Completions over the official SDK."""

    def __init__(self, client: AsyncOpenAI) -> None:
        # What an SDK loads at first use it loads now: that holds up heartbeats for seconds.
        self._completions = client.chat.completions

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        request, dropped = to_wire(call)
        async with limited(call.timeout_seconds):
            answer = await self._completions.create(**request, timeout=call.timeout_seconds)
        request_id = getattr(answer, "_request_id", None)
        return from_wire(body_of(answer), call.route, dropped, request_id)


def to_wire(call: ProviderCall) -> tuple[Json, tuple[DroppedParameter, ...]]:
    """The request, and what had to be left out of it."""
    turns, dropped = replayable(call.prompt.turns, call.route)
    system = {"role": "system", "content": call.prompt.instructions}
    request: Json = {
        "model": call.route.model,
        "messages": [system, *(message for turn in turns for message in _messages(turn))],
        _cap_name(call.route): call.max_output_tokens,
    }
    if call.prompt.tools:
        request["tools"] = _tools(call.prompt)
    if call.seed is not None:
        request["seed"] = call.seed
    return request, dropped


def from_wire(
    body: Json,
    route: Route,
    dropped: tuple[DroppedParameter, ...] = (),
    request_id: str | None = None,
) -> ProviderAnswer:
    """The answer in our words.

    Raises:
        Malformed: it is none.
    """
    choices = objects_at(body, "choices")
    if not choices:
        raise Malformed("the answer has no choices")
    parts = parts_of(object_at(choices[0], "message"))
    usage = object_at(body, "usage")
    return ProviderAnswer(
        parts=parts,
        stop=stop_of(STOPS, maybe_text(choices[0], "finish_reason"), parts),
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


def parts_of(message: Json) -> tuple[Part, ...]:
    """The parts of one message: what it thought (some servers tell), said, and called."""
    parts: list[Part] = []
    if thought := maybe_text(message, "reasoning_content"):
        parts.append(Reasoning(text=thought))
    if said := maybe_text(message, "content"):
        parts.append(Text(text=said))
    if refused := maybe_text(message, "refusal"):
        parts.append(Refusal(text=refused))
    parts.extend(_call(one) for one in objects_at(message, "tool_calls"))
    return tuple(parts)


def usage_of(usage: Json) -> Usage:
    """Disjoint buckets out of inclusive totals."""
    read = object_at(usage, "prompt_tokens_details")
    written = object_at(usage, "completion_tokens_details")
    return inclusive_usage(
        total_input=count_at(usage, "prompt_tokens"),
        cached=count_at(read, "cached_tokens"),
        cache_written=count_at(read, "cache_write_tokens"),
        total_output=count_at(usage, "completion_tokens"),
        reasoning=count_at(written, "reasoning_tokens"),
    )


def _cap_name(route: Route) -> str:
    """OpenAI renamed the cap; other servers may pass the new name over, and the hold with it."""
    return "max_completion_tokens" if route.provider == "openai" else "max_tokens"


def _call(one: Json) -> ToolCall:
    function = object_at(one, "function")
    return ToolCall(
        call_id=text_at(one, "id"),
        name=text_at(function, "name"),
        arguments_json=text_at(function, "arguments"),
    )


def _messages(turn: Turn) -> list[Json]:
    if turn.role == "tool":
        results = (part for part in turn.parts if isinstance(part, ToolResult))
        return [
            {
                "role": "tool",
                "tool_call_id": result.call_id,
                "content": result_text(result, marked=True),
            }
            for result in results
        ]
    message: Json = {"role": turn.role, "content": _said(turn)}
    if calls := [_asked(part) for part in turn.parts if isinstance(part, ToolCall)]:
        message["tool_calls"] = calls
    return [message]


def _said(turn: Turn) -> str | None:
    said = (part.text or "" for part in turn.parts if isinstance(part, Text | Refusal))
    return "".join(said) or None


def _asked(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments_json}
    return {"id": call.call_id, "type": "function", "function": function}


def _tools(prompt: Prompt) -> list[Json]:
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in prompt.tools
    ]

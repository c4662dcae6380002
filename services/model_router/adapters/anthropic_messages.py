"""Anthropic Messages: content blocks each way, cached input counted outside the rest.

Tool input is an object here; in our words it is text, for a model of another API may have written
what is not JSON at all.
"""

import json

from anthropic import AsyncAnthropic

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

from .failures import limited
from .provider import ProviderAnswer, ProviderCall
from .replay import replayable, result_text, without_seed
from .wire import (
    Json,
    body_of,
    count_at,
    maybe_text,
    object_at,
    objects_at,
    opaque,
    quality_of,
    stop_of,
    text_at,
)

STOPS: dict[str, StopKind] = {
    "end_turn": "ok",
    "stop_sequence": "ok",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "tool_use": "needs_tools",
    "pause_turn": "paused",
    "refusal": "refused",
}


class AnthropicMessages:
    """Messages over the official SDK."""

    def __init__(self, client: AsyncAnthropic) -> None:
        # What an SDK loads at first use it loads now: that holds up heartbeats for seconds.
        self._messages = client.messages

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        request, dropped = to_wire(call)
        async with limited(call.timeout_seconds):
            answer = await self._messages.create(**request, timeout=call.timeout_seconds)
        request_id = getattr(answer, "_request_id", None)
        return from_wire(body_of(answer), call.route, dropped, request_id)


def to_wire(call: ProviderCall) -> tuple[Json, tuple[DroppedParameter, ...]]:
    """The request, and what had to be left out of it."""
    turns, dropped = replayable(call.prompt.turns, call.route)
    request: Json = {
        "model": call.route.model,
        "system": call.prompt.instructions,
        "messages": [_message(turn) for turn in turns],
        "max_tokens": call.max_output_tokens,
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
    """
    # A body without content is no message at all, whatever its status said.
    text_at(body, "role")
    parts = tuple(part_of(block, route) for block in objects_at(body, "content"))
    if body.get("stop_reason") == "refusal":
        parts = _refused(parts, object_at(body, "stop_details"))
    usage = object_at(body, "usage")
    return ProviderAnswer(
        parts=parts,
        stop=stop_of(STOPS, maybe_text(body, "stop_reason"), parts),
        usage=usage_of(usage),
        usage_quality=quality_of(usage),
        usage_raw=usage,
        served_by=ServedBy(
            route=route,
            model_returned=maybe_text(body, "model"),
            request_id=request_id,
            service_tier=maybe_text(usage, "service_tier"),
        ),
        dropped=dropped,
    )


def part_of(block: Json, route: Route) -> Part:
    """One content block as a part."""
    match block.get("type"):
        case "text":
            return Text(text=text_at(block, "text"))
        case "tool_use":
            arguments = json.dumps(object_at(block, "input"), ensure_ascii=False)
            return ToolCall(
                call_id=text_at(block, "id"),
                name=text_at(block, "name"),
                arguments_json=arguments,
            )
        case "thinking" | "redacted_thinking":
            return Reasoning(text=maybe_text(block, "thinking"), opaque=opaque(block, route))
        case _:
            return opaque(block, route)


def usage_of(usage: Json) -> Usage:
    """The buckets, which this API keeps apart by itself, but for the thinking."""
    written = object_at(usage, "cache_creation")
    total_written = count_at(usage, "cache_creation_input_tokens")
    for_an_hour = count_at(written, "ephemeral_1h_input_tokens")
    thinking = count_at(object_at(usage, "output_tokens_details"), "thinking_tokens")
    return Usage(
        input_uncached=count_at(usage, "input_tokens"),
        cache_read=count_at(usage, "cache_read_input_tokens"),
        cache_write_5m=max(0, total_written - for_an_hour),
        cache_write_1h=for_an_hour,
        output_text=max(0, count_at(usage, "output_tokens") - thinking),
        output_reasoning=thinking,
    )


def _refused(parts: tuple[Part, ...], details: Json) -> tuple[Part, ...]:
    """A refusal is words like any other on this wire; only the stop reason tells."""
    category = maybe_text(details, "category")
    words = "".join(part.text for part in parts if isinstance(part, Text))
    refusal = Refusal(text=words or maybe_text(details, "explanation"), category=category)
    return (*(part for part in parts if not isinstance(part, Text)), refusal)


def _message(turn: Turn) -> Json:
    blocks = [block for part in turn.parts if (block := _block(part)) is not None]
    return {"role": "assistant" if turn.role == "assistant" else "user", "content": blocks}


def _block(part: Part) -> Json | None:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Refusal(text=refused):
            return {"type": "text", "text": refused or "(refused)"}
        case ToolCall(call_id=call_id, name=name, arguments_json=arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": _input(arguments)}
        case ToolResult(call_id=call_id, is_error=is_error) as result:
            return {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": result_text(result, marked=False),
                "is_error": is_error,
            }
        case Reasoning(opaque=Opaque(blob_json=blob)) | Opaque(blob_json=blob):
            block: Json = json.loads(blob)
            return block
        case _:
            return None


def _input(arguments: str) -> Json:
    """Arguments that are no object go in one, so that the model sees what it wrote."""
    try:
        value = json.loads(arguments)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"not_an_object": arguments}


def _tools(prompt: Prompt) -> list[Json]:
    return [
        {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
        for tool in prompt.tools
    ]

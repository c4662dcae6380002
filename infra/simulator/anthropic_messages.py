"""Anthropic Messages on the wire: a request read, an answer written.

Cached input is outside `input_tokens`, and `output_tokens` includes the thinking. In a stream the
counts of `message_delta` replace those of `message_start`; they do not add to them.
"""

import json
from collections.abc import Iterator
from typing import Any

from infra.simulator.conversation import (
    Answered,
    Asked,
    Called,
    Conversation,
    Returned,
    Sealed,
    Turn,
    merged,
)
from infra.simulator.errors import RequestRefused
from infra.simulator.reply import Reply, pieces
from infra.simulator.tokens import TokenUsage
from infra.simulator.wire import (
    Frames,
    Json,
    WireFormat,
    frame,
    objects_at,
    size_of,
    text_at,
    text_of,
    tokens_at,
)

STOP_REASONS = {
    "end": "end_turn",
    "tools": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
    "refusal": "refusal",
}


def read(body: Json) -> Conversation:
    limit = tokens_at(body, "max_tokens")
    if limit is None:
        raise RequestRefused("max_tokens: Field required")
    messages = objects_at(body, "messages")
    tools = objects_at(body, "tools")
    blocks = [(message, block) for message in messages for block in _blocks(message)]
    system = text_of(body.get("system"))
    return Conversation(
        provider="anthropic",
        api="messages",
        model=text_at(body, "model"),
        system=system,
        turns=merged(turn for message in messages for turn in _turns(message)),
        tools=tuple(tool["name"] for tool in tools if isinstance(tool.get("name"), str)),
        input_bytes=size_of(system, tools, *(_counted(block) for _, block in blocks)),
        max_output_tokens=limit,
        stream=bool(body.get("stream")),
        sealed=tuple(
            Sealed(str(block.get("thinking")), str(block.get("signature")))
            for _, block in blocks
            if block.get("type") == "thinking"
        ),
    )


def whole(reply: Reply) -> Json:
    return _message(reply) | {
        "content": content(reply),
        "stop_reason": STOP_REASONS[reply.stop],
        "stop_details": _stop_details(reply),
        "usage": usage_body(reply.usage),
    }


def frames(reply: Reply, _include_usage: bool) -> Frames:
    for event in _events(reply):
        yield frame(event, event["type"])


def content(reply: Reply) -> list[Json]:
    """The content blocks of an answer, in the order in which a model makes them."""
    out: list[Json] = []
    if reply.reasoning:
        out.append({"type": "thinking", "thinking": reply.reasoning, "signature": reply.seal})
    # A refusal is words like any other here; the stop reason tells.
    if reply.text or reply.refusal:
        out.append({"type": "text", "text": reply.text or reply.refusal, "citations": None})
    out.extend(
        {
            "type": "tool_use",
            "id": f"toolu_{call.key}",
            "name": call.tool,
            "input": _as_object(call.arguments),
        }
        for call in reply.calls
    )
    return out


def usage_body(usage: TokenUsage) -> Json:
    return {
        "input_tokens": usage.input_uncached,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": usage.total_output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "server_tool_use": None,
        "service_tier": "standard",
    }


ANTHROPIC_MESSAGES = WireFormat("anthropic", "messages", read, whole, frames)


def _message(reply: Reply) -> Json:
    return {
        "id": f"msg_{reply.key}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop_details(reply: Reply) -> Json | None:
    if STOP_REASONS[reply.stop] != "refusal":
        return None
    explanation = reply.refusal or None
    return {"type": "refusal", "category": "general_harms", "explanation": explanation}


def _events(reply: Reply) -> Iterator[Json]:
    usage = usage_body(reply.usage)
    # The real API has hardly generated when it sends the first event: it says 1.
    yield {
        "type": "message_start",
        "message": _message(reply) | {"usage": usage | {"output_tokens": 1}},
    }
    yield {"type": "ping"}
    for index, block in enumerate(content(reply)):
        empty, deltas = _streamed(block)
        yield {"type": "content_block_start", "index": index, "content_block": block | empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {
        "stop_reason": STOP_REASONS[reply.stop],
        "stop_sequence": None,
        "stop_details": _stop_details(reply),
    }
    known = {name: usage[name] for name in usage if name not in _NOT_IN_DELTA}
    yield {"type": "message_delta", "delta": ended, "usage": known}
    yield {"type": "message_stop"}


_NOT_IN_DELTA = {"cache_creation", "service_tier"}


def _streamed(block: Json) -> tuple[Json, list[Json]]:
    """A block as it starts, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            thought = [{"type": "thinking_delta", "thinking": p} for p in pieces(block["thinking"])]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {"thinking": "", "signature": ""}, [*thought, sealed]
        case "tool_use":
            text = json.dumps(block["input"], ensure_ascii=False)
            parts = [{"type": "input_json_delta", "partial_json": p} for p in pieces(text)]
            return {"input": {}}, parts
        case _:
            return {"text": ""}, [{"type": "text_delta", "text": p} for p in pieces(block["text"])]


def _as_object(arguments: str) -> Any:
    """Tool input is an object on this wire: arguments broken on purpose arrive as an empty one."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _blocks(message: Json) -> list[Json]:
    given = message.get("content")
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    return objects_at(message, "content")


def _turns(message: Json) -> Iterator[Turn]:
    blocks = _blocks(message)
    text = "\n".join(str(b.get("text")) for b in blocks if b.get("type") == "text")
    match message.get("role"):
        case "assistant":
            calls = (b for b in blocks if b.get("type") == "tool_use")
            yield Answered(text, tuple(_called(block) for block in calls))
        case "user":
            results = [b for b in blocks if b.get("type") == "tool_result"]
            for block in results:
                yield Returned(text_at(block, "tool_use_id"), text_of(block.get("content")))
            if len(results) < len(blocks):
                yield Asked(text)
        case role:
            raise RequestRefused(f"messages: role must be user or assistant, not {role!r}")


def _called(block: Json) -> Called:
    arguments = json.dumps(block.get("input"), ensure_ascii=False)
    return Called(text_at(block, "id"), text_at(block, "name"), arguments)


def _counted(block: Json) -> str:
    called = json.dumps(block["input"]) if block.get("input") else ""
    return text_of([block]) + text_of(block.get("content")) + called

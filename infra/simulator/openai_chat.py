"""OpenAI Chat Completions on the wire: a request read, an answer written.

Cached input is inside `prompt_tokens`, reasoning inside `completion_tokens`; the text of the
reasoning is not shown. A stream carries usage only when asked by `stream_options`.
"""

from typing import Any

from infra.simulator.conversation import (
    Answered,
    Asked,
    Called,
    Conversation,
    Returned,
    Turn,
    merged,
)
from infra.simulator.errors import RequestRefused
from infra.simulator.reply import Reply, pieces
from infra.simulator.settings import CREATED_AT
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

FINISH_REASONS = {
    "end": "stop",
    "tools": "tool_calls",
    "length": "length",
    "content_filter": "content_filter",
    # The real API ends a refusal as a plain stop; only `message.refusal` tells.
    "refusal": "stop",
}


def read(body: Json) -> Conversation:
    messages = objects_at(body, "messages")
    if body.get("n") not in {None, 1}:
        raise RequestRefused("the simulator gives one choice: leave 'n' out, or 1")
    tools = objects_at(body, "tools")
    system = [text_of(m.get("content")) for m in messages if m.get("role") in _SYSTEM_ROLES]
    turns = merged(_turn(m) for m in messages if m.get("role") not in _SYSTEM_ROLES)
    called = [m.get("tool_calls") for m in messages]
    return Conversation(
        provider="openai",
        api="chat",
        model=text_at(body, "model"),
        system="\n".join(system),
        turns=turns,
        tools=tuple((tool.get("function") or {}).get("name", "") for tool in tools),
        input_bytes=size_of(*(m.get("content") for m in messages), *called, tools),
        max_output_tokens=tokens_at(body, "max_completion_tokens", "max_tokens"),
        seed=_seed(body.get("seed")),
        stream=bool(body.get("stream")),
        stream_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _seed(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int):
        raise RequestRefused("'seed' is not a whole number")
    return given


def whole(reply: Reply) -> Json:
    message: Json = {
        "role": "assistant",
        "content": reply.text or None,
        "refusal": reply.refusal or None,
        "annotations": [],
    }
    if reply.calls:
        message["tool_calls"] = _calls(reply)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": FINISH_REASONS[reply.stop],
    }
    head = _head(reply, "chat.completion")
    return head | {"choices": [choice], "usage": usage_body(reply.usage)}


def frames(reply: Reply, include_usage: bool) -> Frames:
    head = _head(reply, "chat.completion.chunk")
    # Asked for usage, the real API puts a null into every chunk but the last.
    tail: Json = {"usage": None} if include_usage else {}

    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return frame(head | {"choices": [choice]} | tail)

    yield chunk({"role": "assistant", "content": "" if reply.text else None, "refusal": None})
    for piece in pieces(reply.text):
        yield chunk({"content": piece})
    for piece in pieces(reply.refusal):
        yield chunk({"refusal": piece})
    for index, call in enumerate(_calls(reply)):
        function = call["function"]
        named = call | {"function": {"name": function["name"], "arguments": ""}}
        yield chunk({"tool_calls": [{"index": index} | named]})
        for piece in pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, FINISH_REASONS[reply.stop])
    if include_usage:
        yield frame(head | {"choices": [], "usage": usage_body(reply.usage)})
    yield b"data: [DONE]\n\n"


def usage_body(usage: TokenUsage) -> Json:
    return {
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


OPENAI_CHAT = WireFormat("openai", "chat", read, whole, frames)

_SYSTEM_ROLES = {"system", "developer"}


def _head(reply: Reply, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{reply.key}",
        "object": kind,
        "created": CREATED_AT,
        "model": reply.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }


def _calls(reply: Reply) -> list[Json]:
    return [
        {
            "id": f"call_{call.key}",
            "type": "function",
            "function": {"name": call.tool, "arguments": call.arguments},
        }
        for call in reply.calls
    ]


def _turn(message: Json) -> Turn:
    text = text_of(message.get("content"))
    match message.get("role"):
        case "user":
            return Asked(text)
        case "tool":
            return Returned(text_at(message, "tool_call_id"), text)
        case "assistant":
            calls = objects_at(message, "tool_calls")
            return Answered(text, tuple(_called(call) for call in calls))
        case role:
            raise RequestRefused(f"invalid value for 'role': {role!r}")


def _called(call: Json) -> Called:
    function: Any = call.get("function")
    if not isinstance(function, dict):
        raise RequestRefused("a tool call needs its 'function' with name and arguments")
    return Called(text_at(call, "id"), text_at(function, "name"), str(function.get("arguments")))

"""OpenAI Responses on the wire: a request read, an answer written whole.

The answer is a list of items (reasoning, message, function calls) and not one message; the
stream of the same items is in `responses_stream.py`.
"""

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
from infra.simulator.reply import Reply
from infra.simulator.settings import CREATED_AT
from infra.simulator.tokens import TokenUsage
from infra.simulator.wire import Json, objects_at, size_of, text_at, text_of, tokens_at

INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def read(body: Json) -> Conversation:
    if body.get("previous_response_id") or body.get("conversation"):
        raise RequestRefused("the simulator keeps no state: send the whole history as 'input'")
    items = _items(body)
    tools = objects_at(body, "tools")
    instructions = text_of(body.get("instructions"))
    system = [text_of(i.get("content")) for i in items if i.get("role") in _SYSTEM_ROLES]
    spoken = (item for item in items if item.get("role") not in _SYSTEM_ROLES)
    return Conversation(
        provider="openai",
        api="responses",
        model=text_at(body, "model"),
        system="\n".join(part for part in [instructions, *system] if part),
        turns=merged(turn for item in spoken if (turn := _turn(item)) is not None),
        tools=tuple(tool["name"] for tool in tools if isinstance(tool.get("name"), str)),
        input_bytes=size_of(instructions, tools, *(_counted(item) for item in items)),
        max_output_tokens=tokens_at(body, "max_output_tokens"),
        stream=bool(body.get("stream")),
        sealed=tuple(block for item in items if (block := _sealed(item)) is not None),
    )


def whole(reply: Reply) -> Json:
    reason = INCOMPLETE_REASONS.get(reply.stop)
    return envelope(reply, "incomplete" if reason else "completed") | {
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items(reply),
        "usage": usage_body(reply.usage),
    }


def envelope(reply: Reply, status: str) -> Json:
    """A response without its output: what the stream begins with."""
    return {
        "id": f"resp_{reply.key}",
        "object": "response",
        "created_at": CREATED_AT,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "metadata": {},
    }


def items(reply: Reply) -> list[Json]:
    """The output items of an answer, in the order in which a model makes them."""
    out: list[Json] = []
    if reply.reasoning:
        out.append(
            {
                "id": f"rs_{reply.key}",
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": reply.reasoning}],
                "encrypted_content": reply.seal,
                "status": "completed",
            }
        )
    if reply.text or reply.refusal or not reply.calls:
        out.append(_message(reply))
    out.extend(
        {
            "id": f"fc_{call.key}",
            "type": "function_call",
            "call_id": f"call_{call.key}",
            "name": call.tool,
            "arguments": call.arguments,
            "status": "completed",
        }
        for call in reply.calls
    )
    return out


def usage_body(usage: TokenUsage) -> Json:
    return {
        "input_tokens": usage.total_input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.total_output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total_input + usage.total_output,
    }


_SYSTEM_ROLES = {"system", "developer"}


def _message(reply: Reply) -> Json:
    text = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    refusal = {"type": "refusal", "refusal": reply.refusal}
    return {
        "id": f"msg_{reply.key}",
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if reply.stop in INCOMPLETE_REASONS else "completed",
        "content": [refusal if reply.refusal else text],
    }


def _items(body: Json) -> list[Json]:
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return objects_at(body, "input")


def _turn(item: Json) -> Turn | None:
    match item.get("type", "message"), item.get("role"):
        case "message", "assistant":
            return Answered(text_of(item.get("content")))
        case "message", "user":
            return Asked(text_of(item.get("content")))
        case "function_call", _:
            arguments = str(item.get("arguments"))
            return Answered(
                calls=(Called(text_at(item, "call_id"), text_at(item, "name"), arguments),)
            )
        case "function_call_output", _:
            return Returned(text_at(item, "call_id"), text_of(item.get("output")))
        case "reasoning", _:
            return None
        case kind, role:
            raise RequestRefused(f"the simulator cannot read an input item {kind!r} of {role!r}")


def _sealed(item: Json) -> Sealed | None:
    seal = item.get("encrypted_content")
    if item.get("type") != "reasoning" or not isinstance(seal, str):
        return None
    return Sealed(text_of(item.get("summary")), seal)


def _counted(item: Json) -> str:
    said = (text_of(item.get(field)) for field in ("content", "arguments", "output", "name"))
    return "".join(said)

"""What of a conversation goes back to a provider, and what is left out of it and told."""

import json

import pytest

from contracts.model import (
    Image,
    Reasoning,
    Route,
    Text,
    ToolResult,
    Turn,
)
from services.model_router.adapters import (
    anthropic_messages,
    openai_chat,
    openai_responses,
)

RESPONSES = Route(provider="openai", api="openai.responses", model="m")
MESSAGES = Route(provider="anthropic", api="anthropic.messages", model="m")


def responses(*output, status="completed", **more):
    return {"model": "m", "status": status, "output": list(output), **more}


def messages(*content, stop="end_turn", **more):
    return {
        "model": "m",
        "role": "assistant",
        "content": list(content),
        "stop_reason": stop,
        **more,
    }


THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "s=="}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e=="}


def test_a_sealed_block_goes_back_as_it_came(call_to):
    (thought,) = anthropic_messages.from_wire(messages(THINKING), MESSAGES).parts
    (reasoned,) = openai_responses.from_wire(responses(REASONING), RESPONSES).parts

    back, dropped = anthropic_messages.to_wire(
        call_to("anthropic", "anthropic.messages", Turn(role="assistant", parts=(thought,)))
    )
    items, also = openai_responses.to_wire(
        call_to("openai", "openai.responses", Turn(role="assistant", parts=(reasoned,)))
    )

    assert back["messages"][0]["content"] == [THINKING]
    assert items["input"] == [REASONING]
    assert (dropped, also) == ((), ())


@pytest.mark.parametrize(
    ("adapter", "provider", "api"),
    [
        (openai_chat, "openai", "openai.chat"),
        (openai_responses, "openai", "openai.responses"),
        (openai_responses, "another", "openai.responses"),
        (anthropic_messages, "another", "anthropic.messages"),
    ],
)
def test_a_foreign_block_is_left_out_and_told(call_to, adapter, provider, api):
    thought = anthropic_messages.from_wire(messages(THINKING), MESSAGES).parts[0]
    turn = Turn(role="assistant", parts=(thought, Text(text="So.")))

    request, dropped = adapter.to_wire(call_to(provider, api, turn))

    assert [one.name for one in dropped] == ["reasoning"]
    assert "s==" not in json.dumps(request)
    assert "So." in json.dumps(request)


def test_what_cannot_be_covered_or_replayed_is_told_once_a_kind(call_to):
    image = Image(media_type="image/png", url="https://example.org/a.png")
    result = ToolResult(call_id="c1", parts=(Text(text="seen"), image))
    turns = (
        Turn(role="user", parts=(image, Text(text="Look."))),
        Turn(role="assistant", parts=(Reasoning(text="Hm."),)),
        Turn(role="tool", parts=(result,)),
    )

    request, dropped = openai_chat.to_wire(call_to("openai", "openai.chat", *turns))

    assert [one.name for one in dropped] == ["image", "reasoning"]
    assert [message["role"] for message in request["messages"]] == ["system", "user", "tool"]
    assert request["messages"][-1]["content"] == "seen"


def test_an_error_of_a_tool_is_marked_where_no_field_can_tell(call_to):
    failed = ToolResult(call_id="c1", parts=(Text(text="No such order."),), is_error=True)
    turn = Turn(role="tool", parts=(failed,))

    chat_request, _ = openai_chat.to_wire(call_to("openai", "openai.chat", turn))
    block = anthropic_messages.to_wire(call_to("anthropic", "anthropic.messages", turn))[0]

    assert chat_request["messages"][1]["content"] == "Error: No such order."
    assert block["messages"][0]["content"][0]["is_error"] is True


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "max_completion_tokens"), ("local", "max_tokens")]
)
def test_the_output_cap_has_the_name_that_the_server_obeys(call_to, provider, name):
    request, _ = openai_chat.to_wire(call_to(provider, "openai.chat"))

    assert request[name] == 256

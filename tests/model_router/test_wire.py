"""Tables of provider JSON: what comes, in our words; what goes, in theirs."""

import json

import pytest

from contracts.model import (
    Opaque,
    Refusal,
    Route,
    ToolCall,
    Turn,
)
from contracts.money import Usage
from services.model_router.adapters import (
    anthropic_messages,
    openai_chat,
    openai_responses,
)
from services.model_router.errors import Invalid, Malformed, RateLimited, Unavailable

CHAT = Route(provider="openai", api="openai.chat", model="m")
RESPONSES = Route(provider="openai", api="openai.responses", model="m")
MESSAGES = Route(provider="anthropic", api="anthropic.messages", model="m")


def chat(message, finish="stop", **more):
    return {"model": "m", "choices": [{"message": message, "finish_reason": finish}], **more}


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


def said(text):
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{oops"}}
FUNCTION_CALL = {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{oops"}
TEXT = {"type": "text", "text": "Hi"}

STOPS = [
    (openai_chat, CHAT, chat({"content": "Hi"}), "ok", "stop"),
    (openai_chat, CHAT, chat({"content": "Hi"}, "length"), "truncated", "length"),
    (openai_chat, CHAT, chat({"tool_calls": [CALL]}, "tool_calls"), "needs_tools", "tool_calls"),
    (openai_chat, CHAT, chat({"tool_calls": [CALL]}, "stop"), "needs_tools", "stop"),
    (openai_chat, CHAT, chat({"refusal": "No"}, "stop"), "refused", "stop"),
    (openai_chat, CHAT, chat({}, "content_filter"), "refused", "content_filter"),
    (openai_chat, CHAT, chat({"content": "Hi"}, "brand_new"), "unmapped", "brand_new"),
    (openai_chat, CHAT, chat({"content": "Hi"}, None), "unmapped", None),
    (openai_responses, RESPONSES, responses(said("Hi")), "ok", "completed"),
    (openai_responses, RESPONSES, responses(FUNCTION_CALL), "needs_tools", "completed"),
    (
        openai_responses,
        RESPONSES,
        responses(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        "truncated",
        "incomplete:max_output_tokens",
    ),
    (
        openai_responses,
        RESPONSES,
        responses({"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}),
        "refused",
        "completed",
    ),
    (openai_responses, RESPONSES, responses(status="queued"), "paused", "queued"),
    (openai_responses, RESPONSES, responses(status="new"), "unmapped", "new"),
    (anthropic_messages, MESSAGES, messages(TEXT), "ok", "end_turn"),
    (anthropic_messages, MESSAGES, messages(TEXT, stop="stop_sequence"), "ok", "stop_sequence"),
    (anthropic_messages, MESSAGES, messages(TEXT, stop="max_tokens"), "truncated", "max_tokens"),
    (anthropic_messages, MESSAGES, messages(stop="pause_turn"), "paused", "pause_turn"),
    (anthropic_messages, MESSAGES, messages(TEXT, stop="refusal"), "refused", "refusal"),
    (anthropic_messages, MESSAGES, messages(TEXT, stop="new"), "unmapped", "new"),
]


@pytest.mark.parametrize(("adapter", "route", "body", "kind", "raw"), STOPS)
def test_a_stop_is_told_in_our_word_and_in_theirs(adapter, route, body, kind, raw):
    stop = adapter.from_wire(body, route).stop

    assert (stop.kind, stop.raw) == (kind, raw)


USAGES = [
    (
        openai_chat,
        {
            "prompt_tokens": 940,
            "completion_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
        Usage(
            input_uncached=10, cache_read=900, cache_write_5m=30, output_text=7, output_reasoning=5
        ),
    ),
    (
        openai_chat,
        {"prompt_tokens": 3, "completion_tokens": 2},
        Usage(input_uncached=3, output_text=2),
    ),
    (
        openai_responses,
        {
            "input_tokens": 940,
            "output_tokens": 12,
            "input_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 30},
            "output_tokens_details": {"reasoning_tokens": 5},
        },
        Usage(
            input_uncached=10, cache_read=900, cache_write_5m=30, output_text=7, output_reasoning=5
        ),
    ),
    (
        anthropic_messages,
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 900,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
            "output_tokens": 12,
            "output_tokens_details": {"thinking_tokens": 5},
        },
        Usage(
            input_uncached=10,
            cache_read=900,
            cache_write_5m=20,
            cache_write_1h=10,
            output_text=7,
            output_reasoning=5,
        ),
    ),
    (
        anthropic_messages,
        {"input_tokens": 3, "cache_creation_input_tokens": 12304, "output_tokens": 1},
        Usage(input_uncached=3, cache_write_5m=12304, output_text=1),
    ),
]


@pytest.mark.parametrize(("adapter", "usage", "buckets"), USAGES)
def test_usage_falls_into_disjoint_buckets(adapter, usage, buckets):
    assert adapter.usage_of(usage) == buckets


@pytest.mark.parametrize(
    ("adapter", "usage", "buckets"), [row for row in USAGES if len(row[1]) > 3]
)
def test_the_buckets_add_up_to_the_providers_total(adapter, usage, buckets):
    assert (buckets.input_total, buckets.output_total) == (940, 12)


def test_usage_that_nobody_reported_is_unknown():
    answer = openai_chat.from_wire(chat({"content": "Hi"}), CHAT)

    assert (answer.usage, answer.usage_quality) == (Usage(), "unknown")


MALFORMED = [
    (openai_chat, CHAT, {}),
    (openai_chat, CHAT, {"choices": "none"}),
    (openai_chat, CHAT, chat({"tool_calls": [{"id": 7}]})),
    (openai_chat, CHAT, chat({"content": "Hi"}, usage={"prompt_tokens": -1})),
    (openai_responses, RESPONSES, {}),
    (openai_responses, RESPONSES, responses({"type": "function_call"})),
    (anthropic_messages, MESSAGES, {}),
    (anthropic_messages, MESSAGES, messages({"type": "tool_use", "id": "x"})),
]


@pytest.mark.parametrize(("adapter", "route", "body"), MALFORMED)
def test_a_body_that_is_no_answer_is_malformed(adapter, route, body):
    with pytest.raises(Malformed, match="answer"):
        adapter.from_wire(body, route)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("rate_limit_exceeded", RateLimited), ("server_error", Unavailable), ("other", Invalid)],
)
def test_a_response_that_failed_after_all_may_be_billed(code, kind):
    body = responses(status="failed", error={"code": code, "message": "sorry"})

    with pytest.raises(kind) as raised:
        openai_responses.from_wire(body, RESPONSES)

    assert raised.value.billed == "unknown"


def test_arguments_stay_the_text_that_the_model_wrote():
    expected = (ToolCall(call_id="c1", name="find", arguments_json="{oops"),)

    assert openai_chat.from_wire(chat({"tool_calls": [CALL]}), CHAT).parts == expected
    assert openai_responses.from_wire(responses(FUNCTION_CALL), RESPONSES).parts == expected


def test_arguments_that_are_no_object_reach_anthropic_inside_of_one(call_to):
    broken = ToolCall(call_id="c1", name="find", arguments_json="{oops")

    request, _ = anthropic_messages.to_wire(
        call_to("anthropic", "anthropic.messages", Turn(role="assistant", parts=(broken,)))
    )

    assert request["messages"][0]["content"][0]["input"] == {"not_an_object": "{oops"}


def test_a_refusal_of_anthropic_carries_its_category():
    body = messages(TEXT, stop="refusal", stop_details={"category": "cyber", "explanation": "e"})

    assert anthropic_messages.from_wire(body, MESSAGES).parts == (
        Refusal(text="Hi", category="cyber"),
    )


def test_a_block_that_nobody_knows_is_kept_whole():
    block = {"type": "brand_new", "payload": [1, {"a": None}]}

    for adapter, route, body in (
        (openai_responses, RESPONSES, responses(block)),
        (anthropic_messages, MESSAGES, messages(block)),
    ):
        (part,) = adapter.from_wire(body, route).parts
        assert isinstance(part, Opaque)
        assert json.loads(part.blob_json) == block

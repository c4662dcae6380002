"""Anthropic Messages, as the official SDK sees it."""

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

EVENTS = TypeAdapter(RawMessageStreamEvent)


async def ask(client, *messages, **options):
    return await client.messages.create(
        **{"model": "sim-large", "max_tokens": 500, "messages": list(messages)} | options
    )


def user(content):
    return {"role": "user", "content": content}


def results_for(answer, text):
    calls = [block for block in answer.content if block.type == "tool_use"]
    blocks = [{"type": "tool_result", "tool_use_id": c.id, "content": text} for c in calls]
    return user(blocks)


def sent_back(answer):
    blocks = [block.model_dump(exclude_none=True) for block in answer.content]
    return {"role": "assistant", "content": blocks}


async def test_a_script_plays_from_the_blocks_sent_back(anthropic_client):
    opening = user("order 1042")
    first = await ask(anthropic_client, opening, system="Help.")
    history = [opening, sent_back(first), results_for(first, '{"total": 7}')]
    second = await ask(anthropic_client, *history)
    history += [sent_back(second), results_for(second, "ok")]
    third = await ask(anthropic_client, *history)

    kinds = [block.type for block in first.content]
    assert kinds == ["thinking", "text", "tool_use", "tool_use"]
    assert (first.stop_reason, third.stop_reason) == ("tool_use", "end_turn")
    assert second.content[0].input == {"amount": 7}
    assert third.content[0].text == "Refunded 7 USD."


@pytest.mark.parametrize("text", ["order 1042", "refuse this", "cached", "long", "hello", "broken"])
async def test_a_stream_says_the_same_as_a_whole_answer(anthropic_client, text):
    answer = await ask(anthropic_client, user(text))
    async with anthropic_client.messages.stream(
        model="sim-large", max_tokens=500, messages=[user(text)]
    ) as stream:
        streamed = await stream.get_final_message()

    # The SDK's own parsing adds fields to a streamed block; the whole answer's are compared.
    for whole, built in zip(answer.content, streamed.content, strict=True):
        assert whole.model_dump().items() <= built.model_dump().items()
    assert streamed.stop_reason == answer.stop_reason
    assert streamed.stop_details == answer.stop_details
    assert streamed.usage == answer.usage


async def test_every_event_has_the_exact_shape_of_the_sdk(anthropic_client):
    stream = await ask(anthropic_client, user("order 1042"), stream=True)
    events = [event async for event in stream]

    for event in events:
        EVENTS.validate_python(event.model_dump(exclude_unset=True))
    assert events[0].message.usage.output_tokens == 1


async def test_an_answer_has_the_exact_shape_of_the_sdk(anthropic_client):
    raw = await anthropic_client.messages.with_raw_response.create(
        model="sim-large", max_tokens=500, messages=[user("order 1042")]
    )

    assert raw.headers["request-id"].startswith("req_")
    assert Message.model_validate_json(await raw.text()).role == "assistant"


async def test_cached_tokens_are_outside_the_input_tokens(anthropic_client):
    usage = (await ask(anthropic_client, user("cached"))).usage

    assert usage.input_tokens == 10
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (900, 30)
    assert usage.cache_creation.ephemeral_5m_input_tokens == 30
    assert (usage.output_tokens, usage.output_tokens_details.thinking_tokens) == (12, 5)


async def test_a_refusal_is_told_by_its_stop_reason(anthropic_client):
    answer = await ask(anthropic_client, user("refuse this"))

    assert answer.stop_reason == "refusal"
    assert answer.stop_details.explanation == "I cannot help with that."


async def test_a_changed_thinking_block_is_refused(anthropic_client):
    first = await ask(anthropic_client, user("order 1042"))
    changed = sent_back(first)
    changed["content"][0]["thinking"] = "something else"

    with pytest.raises(anthropic.BadRequestError, match="byte for byte"):
        await ask(anthropic_client, user("order 1042"), changed, results_for(first, "{}"))


async def test_a_call_without_its_result_is_refused(anthropic_client):
    first = await ask(anthropic_client, user("order 1042"))

    with pytest.raises(anthropic.BadRequestError, match="no tool result"):
        await ask(anthropic_client, user("order 1042"), sent_back(first), user("hello?"))


async def test_a_template_that_cannot_be_filled_is_refused_by_name(anthropic_client):
    with pytest.raises(anthropic.BadRequestError, match=r"'unfilled', turns\[0\].*find_order"):
        await ask(anthropic_client, user("unfilled"))

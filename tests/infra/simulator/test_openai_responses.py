"""OpenAI Responses, as the official SDK sees it."""

import json

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

EVENTS = TypeAdapter(ResponseStreamEvent)


async def ask(client, *items, **options):
    return await client.responses.create(model="sim-large", input=list(items), **options)


def user(text):
    return {"role": "user", "content": text}


def results_for(answer, text):
    calls = [item for item in answer.output if item.type == "function_call"]
    return [
        {"type": "function_call_output", "call_id": call.call_id, "output": text} for call in calls
    ]


async def test_a_script_plays_from_the_items_sent_back(openai_client):
    first = await ask(openai_client, user("order 1042"), instructions="Help.")
    history = [*(item.model_dump(exclude_none=True) for item in first.output)]
    history += results_for(first, '{"total": 7}')
    second = await ask(openai_client, user("order 1042"), *history)

    assert [i.type for i in first.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    assert json.loads(second.output[0].arguments) == {"amount": 7}


@pytest.mark.parametrize("text", ["order 1042", "refuse this", "cached", "long", "hello", "broken"])
async def test_a_stream_says_the_same_as_a_whole_answer(openai_client, text):
    answer = await ask(openai_client, user(text), max_output_tokens=60)
    async with openai_client.responses.stream(
        model="sim-large", input=[user(text)], max_output_tokens=60
    ) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()

    assert (final.status, final.usage) == (answer.status, answer.usage)
    assert final.incomplete_details == answer.incomplete_details
    assert final.output_text == answer.output_text
    assert [item.type for item in final.output] == [item.type for item in answer.output]
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == answer.output_text


async def test_every_event_has_the_exact_shape_of_the_sdk(openai_client):
    for text in ("order 1042", "refuse this"):
        stream = await ask(openai_client, user(text), stream=True)
        events = [event.model_dump(exclude_unset=True) async for event in stream]

        for event in events:
            EVENTS.validate_python(event)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))


async def test_an_answer_has_the_exact_shape_of_the_sdk(openai_client):
    raw = await openai_client.responses.with_raw_response.create(
        model="sim-large", input="order 1042"
    )

    assert Response.model_validate_json(raw.text).status == "completed"


async def test_cached_tokens_are_inside_the_input_tokens(openai_client):
    usage = (await ask(openai_client, user("cached"))).usage

    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (940, 900)
    assert usage.input_tokens_details.cache_write_tokens == 30
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (12, 5)


async def test_an_answer_at_its_limit_is_incomplete(openai_client):
    answer = await ask(openai_client, user("long"), max_output_tokens=3)

    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage.output_tokens == 3


async def test_a_changed_reasoning_item_is_refused(openai_client):
    first = await ask(openai_client, user("order 1042"))
    reasoning = first.output[0].model_dump(exclude_none=True)
    reasoning["summary"][0]["text"] = "something else"

    with pytest.raises(openai.BadRequestError, match="byte for byte"):
        await ask(openai_client, user("order 1042"), reasoning)

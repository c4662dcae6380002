"""OpenAI Chat Completions, as the official SDK sees it."""

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("find_order", "search_policy", "issue_refund")
]


async def ask(client, text, history=(), **options):
    messages = [{"role": "system", "content": "Help."}, {"role": "user", "content": text}]
    return await client.chat.completions.create(
        model="sim-large", messages=[*messages, *history], tools=TOOLS, **options
    )


def results_for(message, text):
    return [{"role": "tool", "tool_call_id": c.id, "content": text} for c in message.tool_calls]


async def collect(stream):
    """A stream put together again: message, finish reason, usage."""
    text, refusal, calls, finish, usage = "", "", {}, None, None
    async for chunk in stream:
        ChatCompletionChunk.model_validate(chunk.model_dump(), strict=False)
        usage = chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            text += choice.delta.content or ""
            refusal += choice.delta.refusal or ""
            for call in choice.delta.tool_calls or []:
                known = calls.setdefault(call.index, {"id": call.id, "name": "", "arguments": ""})
                known["name"] += call.function.name or ""
                known["arguments"] += call.function.arguments or ""
    return text, refusal, list(calls.values()), finish, usage


async def test_a_script_plays_from_the_history_alone(openai_client):
    first = (await ask(openai_client, "order 1042 please")).choices[0].message
    history = [first.model_dump(), *results_for(first, '<label>{"total": 49.5}</label>')]
    second = (await ask(openai_client, "order 1042 please", history)).choices[0].message
    history += [second.model_dump(), *results_for(second, "ok")]
    third = (await ask(openai_client, "order 1042 please", history)).choices[0]

    assert [c.function.name for c in first.tool_calls] == ["find_order", "search_policy"]
    assert json.loads(first.tool_calls[0].function.arguments) == {"order_id": "1042"}
    assert json.loads(second.tool_calls[0].function.arguments) == {"amount": 49.5}
    assert third.message.content == "Refunded 49.5 USD."
    assert third.finish_reason == "stop"


@pytest.mark.parametrize("text", ["order 1042", "refuse this", "cached", "long", "hello", "broken"])
async def test_a_stream_says_the_same_as_a_whole_answer(openai_client, text):
    answer = await ask(openai_client, text)
    stream = await ask(openai_client, text, stream=True, stream_options={"include_usage": True})
    streamed, refusal, calls, finish, usage = await collect(stream)

    choice = answer.choices[0]
    assert (streamed or None, refusal or None) == (choice.message.content, choice.message.refusal)
    whole = [
        {"id": c.id, "name": c.function.name, "arguments": c.function.arguments}
        for c in choice.message.tool_calls or []
    ]
    assert (calls, finish, usage) == (whole, choice.finish_reason, answer.usage)


async def test_an_answer_has_the_exact_shape_of_the_sdk(openai_client):
    raw = await openai_client.chat.completions.with_raw_response.create(
        model="sim-large", messages=[{"role": "user", "content": "order 1042"}]
    )

    assert raw.headers["x-request-id"].startswith("req_")
    assert ChatCompletion.model_validate_json(raw.text).choices[0].finish_reason == "tool_calls"


async def test_a_stream_without_the_option_brings_no_usage(openai_client):
    assert (await collect(await ask(openai_client, "hello", stream=True)))[4] is None


async def test_cached_tokens_are_inside_the_prompt_tokens(openai_client):
    usage = (await ask(openai_client, "cached")).usage

    assert usage.prompt_tokens == 940
    assert usage.prompt_tokens_details.cached_tokens == 900
    assert usage.prompt_tokens_details.cache_write_tokens == 30
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (12, 5)
    assert usage.total_tokens == 952


async def test_an_answer_never_passes_its_output_limit(openai_client):
    answer = await ask(openai_client, "long", max_completion_tokens=3)

    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3
    assert "one two three four".startswith(answer.choices[0].message.content)


async def test_usage_grows_with_the_input(openai_client):
    short = await ask(openai_client, "hello")
    long = await ask(openai_client, "hello " * 100)

    assert long.usage.prompt_tokens > short.usage.prompt_tokens + 100


async def test_a_refusal_ends_as_a_plain_stop(openai_client):
    choice = (await ask(openai_client, "refuse this")).choices[0]

    assert (choice.finish_reason, choice.message.content) == ("stop", None)
    assert choice.message.refusal == "I cannot help with that."

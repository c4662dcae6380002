"""Faults, as the official SDKs meet them."""

import json
import time

import anthropic
import httpx
import openai
import pytest

OPENAI_ERRORS = {
    "rate_limited": (openai.RateLimitError, 429),
    "server_error": (openai.InternalServerError, 500),
    "overloaded": (openai.InternalServerError, 503),
    "auth": (openai.AuthenticationError, 401),
    "bad_request": (openai.BadRequestError, 400),
}
ANTHROPIC_ERRORS = {
    "rate_limited": (anthropic.RateLimitError, 429),
    "server_error": (anthropic.InternalServerError, 500),
    "overloaded": (anthropic.OverloadedError, 529),
    "auth": (anthropic.AuthenticationError, 401),
    "bad_request": (anthropic.BadRequestError, 400),
}


async def ask_openai(client, text="hello", **options):
    return await client.chat.completions.create(
        model="sim-large", messages=[{"role": "user", "content": text}], **options
    )


async def ask_anthropic(client, **options):
    return await client.messages.create(
        model="sim-large", max_tokens=9, messages=[{"role": "user", "content": "hi"}], **options
    )


async def arm(control, kind, provider="openai", **more):
    answer = await control.post("/faults", json={"provider": provider, "kind": kind, **more})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", OPENAI_ERRORS)
async def test_a_refusal_is_the_openai_error_of_its_kind(openai_client, control, kind):
    await arm(control, kind)

    with pytest.raises(OPENAI_ERRORS[kind][0]) as caught:
        await ask_openai(openai_client)
    assert caught.value.status_code == OPENAI_ERRORS[kind][1]
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize("kind", ANTHROPIC_ERRORS)
async def test_a_refusal_is_the_anthropic_error_of_its_kind(anthropic_client, control, kind):
    await arm(control, kind, provider="anthropic")

    with pytest.raises(ANTHROPIC_ERRORS[kind][0]) as caught:
        await ask_anthropic(anthropic_client)
    assert caught.value.status_code == ANTHROPIC_ERRORS[kind][1]


async def test_one_provider_fails_and_the_other_does_not(openai_client, anthropic_client, control):
    await arm(control, "overloaded", provider="anthropic")

    with pytest.raises(anthropic.OverloadedError):
        await ask_anthropic(anthropic_client)
    assert (await ask_openai(openai_client)).choices


async def test_a_fault_with_times_is_used_up(openai_client, control):
    await arm(control, "server_error", times=1, model="sim-large")

    with pytest.raises(openai.InternalServerError):
        await ask_openai(openai_client)
    assert (await ask_openai(openai_client)).choices


async def test_a_scripted_fault_counts_for_each_conversation(openai_client):
    for text in ("flaky one", "flaky two"):
        for _ in range(2):
            with pytest.raises(openai.RateLimitError) as caught:
                await ask_openai(openai_client, text)
            assert caught.value.response.headers["retry-after"] == "3"
        answer = await ask_openai(openai_client, text)
        assert answer.choices[0].message.content == "It works now."


async def test_disarmed_faults_are_gone(openai_client, control):
    await arm(control, "server_error")
    await control.delete("/faults")

    assert (await ask_openai(openai_client)).choices


async def test_a_cut_stream_breaks_after_its_first_half(openai_client, anthropic_client, control):
    await arm(control, "cut_stream")
    await arm(control, "cut_stream", provider="anthropic")

    seen = []

    async def read_into_seen():
        async for chunk in await ask_openai(openai_client, "long", stream=True):
            seen.append(chunk)  # noqa: PERF401  # what came before the break is kept

    with pytest.raises(httpx.RemoteProtocolError):
        await read_into_seen()
    assert seen
    assert not any(chunk.choices[0].finish_reason for chunk in seen)
    with pytest.raises(anthropic.APIConnectionError):
        await ask_anthropic(anthropic_client)


async def test_malformed_json_does_not_parse(openai_client, anthropic_client, control):
    await arm(control, "malformed_json")
    await arm(control, "malformed_json", provider="anthropic")

    with pytest.raises((openai.APIError, json.JSONDecodeError)):
        await ask_openai(openai_client)
    with pytest.raises(json.JSONDecodeError):
        [c async for c in await ask_openai(openai_client, stream=True)]
    with pytest.raises((anthropic.APIError, json.JSONDecodeError)):
        [e async for e in await ask_anthropic(anthropic_client, stream=True)]


async def test_a_hang_lasts_until_the_client_gives_up(openai_client, control):
    await arm(control, "hang", times=1)

    with pytest.raises(openai.APITimeoutError):
        await ask_openai(openai_client.with_options(timeout=0.2))
    assert (await ask_openai(openai_client)).choices


async def test_a_hang_that_ends_closes_the_connection(openai_client, control):
    await arm(control, "hang", seconds=0.05)

    with pytest.raises(openai.APIConnectionError):
        await ask_openai(openai_client)


async def test_a_slow_stream_arrives_whole(openai_client, control):
    await arm(control, "slow", seconds=0.2)

    times = []
    async for _ in await ask_openai(openai_client, "long", stream=True):
        times.append(time.monotonic())  # noqa: PERF401  # read as it arrives
    assert times[-1] - times[0] > 0.1


async def test_a_request_without_a_key_is_refused(url):
    async with httpx.AsyncClient(base_url=url) as client:
        bare = await client.post("/openai/v1/chat/completions", json={})
        wrong = await client.post("/anthropic/v1/messages", headers={"x-api-key": "invalid"})

    assert (bare.status_code, wrong.status_code) == (401, 401)


@pytest.mark.parametrize(
    "fault",
    [
        {"provider": "openai", "kind": "explode"},
        {"provider": "openai", "kind": "hang", "retry_after": 1},
        {"provider": "openai", "kind": "cut_stream", "seconds": 1},
        {"kind": "hang"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(control, fault):
    answer = await control.post("/faults", json=fault)

    assert answer.status_code == 422
    assert answer.json()["problems"]


async def test_the_bill_counts_what_was_answered_and_what_was_lost(openai_client, control):
    answer = await ask_openai(openai_client, "cached")
    await arm(control, "server_error", times=1)
    with pytest.raises(openai.InternalServerError):
        await ask_openai(openai_client, "cached")
    await arm(control, "cut_stream", times=1)
    with pytest.raises(openai.APIConnectionError):
        await ask_openai(openai_client, "cached")

    books = (await control.get("/requests?limit=2")).json()

    assert answer.usage.prompt_tokens == 940
    assert books["total"] == 3
    assert [r["fault"] for r in books["requests"]] == ["server_error", "cut_stream"]
    (line,) = books["bill"]
    assert (line["provider"], line["requests"], line["billed_requests"]) == ("openai", 3, 2)
    assert line["usage"]["cache_read"] == 1800

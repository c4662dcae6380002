"""The real SDKs against a simulated provider: three APIs, one normal form."""

import json
from pathlib import Path

import httpx
import pytest

from contracts.model import Reasoning, Text, ToolCall, ToolResult, Turn
from infra.simulator import running_simulator
from infra.simulator.library import parse_scenarios
from services.model_router.adapters import open_providers, reachable
from services.model_router.adapters.anthropic_messages import AnthropicMessages
from services.model_router.adapters.openai_chat import OpenAIChat
from services.model_router.adapters.openai_responses import OpenAIResponses
from services.model_router.errors import (
    Denied,
    Invalid,
    Malformed,
    RateLimited,
    TimedOut,
    Unavailable,
)
from shared.catalogue import Models
from shared.errors import ConfigError

SCRIPT = """
name: plan
match: {model: "sim-*", user: 'order (?P<order>\\d+)'}
turns:
  - reasoning: First the order.
    say: Let me look.
    call: [{tool: find_order, arguments: {order_id: "{{match.order}}"}}]
    usage: {input_uncached: 10, cache_read: 900, cache_write: 30, output: 7, reasoning: 5}
  - say: "It costs {{result.find_order.total}}."
---
name: refusing
match: {model: "*", user: ^refuse}
turns: [{refuse: I cannot help with that.}]
---
name: plain
match: {model: "*", user: ^Hello}
turns: [{say: Hi., repeat: forever}]
"""
APIS = [
    ("openai", "openai.chat"),
    ("openai", "openai.responses"),
    ("anthropic", "anthropic.messages"),
]
MODELS = Models.model_validate(
    {
        "aliases": {
            "default": {
                "routes": [{"provider": name, "api": api, "model": "sim-1"} for name, api in APIS]
            }
        },
        "providers": {
            "openai": {"base_url_env": "OPENAI_BASE_URL", "api_key_env": "OPENAI_API_KEY"},
            "anthropic": {"base_url_env": "ANTHROPIC_BASE_URL", "api_key_env": "ANTHROPIC_API_KEY"},
        },
    }
)
each_api = pytest.mark.parametrize(("provider", "api"), APIS)


@pytest.fixture
async def url():
    async with running_simulator(parse_scenarios(SCRIPT, Path("script.yaml")), seed=7) as running:
        yield running


@pytest.fixture
async def providers(url):
    env = {"OPENAI_BASE_URL": f"{url}/openai/v1", "ANTHROPIC_BASE_URL": f"{url}/anthropic"}
    async with open_providers(MODELS, env) as opened:
        yield opened


@pytest.fixture
async def arm(url):
    async with httpx.AsyncClient(base_url=url) as client:

        async def armed(provider, kind, **more):
            fault = {"provider": provider, "kind": kind, **more}
            (await client.post("/control/faults", json=fault)).raise_for_status()

        yield armed


@each_api
async def test_the_same_script_has_the_same_normal_form(providers, call_to, provider, api):
    answer = await providers[provider, api].complete(call_to(provider, api, text="order 7"))

    kinds = [part.kind for part in answer.parts if not isinstance(part, Reasoning)]
    (call,) = (part for part in answer.parts if isinstance(part, ToolCall))
    assert kinds == ["text", "tool_call"]
    assert (call.name, json.loads(call.arguments_json)) == ("find_order", {"order_id": "7"})
    assert answer.stop.kind == "needs_tools"
    assert answer.usage.model_dump() == {
        "input_uncached": 10,
        "cache_read": 900,
        "cache_write_5m": 30,
        "cache_write_1h": 0,
        "output_text": 7,
        "output_reasoning": 5,
    }
    assert answer.usage_quality == "reported"
    assert answer.served_by.model_returned == "sim-1"
    assert answer.served_by.request_id


@each_api
async def test_a_conversation_goes_on_with_its_results_and_seals(providers, call_to, provider, api):
    asked = Turn(role="user", parts=(Text(text="order 7"),))
    first = await providers[provider, api].complete(call_to(provider, api, asked))
    (call,) = (part for part in first.parts if isinstance(part, ToolCall))
    result = ToolResult(call_id=call.call_id, parts=(Text(text='{"total": 12}'),))
    turns = (
        asked,
        Turn(role="assistant", parts=first.parts),
        Turn(role="tool", parts=(result,)),
    )

    second = await providers[provider, api].complete(call_to(provider, api, *turns))

    assert [part.text for part in second.parts if isinstance(part, Text)] == ["It costs 12."]
    assert (second.stop.kind, second.dropped) == ("ok", ())


@each_api
async def test_a_refusal_is_a_refusal_on_every_wire(providers, call_to, provider, api):
    answer = await providers[provider, api].complete(call_to(provider, api, text="refuse this"))

    (refusal,) = answer.parts
    assert (refusal.kind, refusal.text) == ("refusal", "I cannot help with that.")
    assert answer.stop.kind == "refused"


FAULTS = [
    ("rate_limited", RateLimited, "nothing"),
    ("server_error", Unavailable, "unknown"),
    ("overloaded", Unavailable, "nothing"),
    ("auth", Denied, "nothing"),
    ("bad_request", Invalid, "nothing"),
    ("malformed_json", Malformed, "unknown"),
]


@each_api
@pytest.mark.parametrize(("kind", "error", "billed"), FAULTS)
async def test_a_fault_is_told_in_our_words(
    providers, call_to, arm, provider, api, kind, error, billed
):
    await arm(provider, kind, times=1)

    with pytest.raises(error) as raised:
        await providers[provider, api].complete(call_to(provider, api))

    assert raised.value.billed == billed
    assert (await providers[provider, api].complete(call_to(provider, api))).stop.kind == "ok"


@each_api
async def test_a_wait_that_a_provider_asks_for_is_read(providers, call_to, arm, provider, api):
    await arm(provider, "rate_limited", times=1, retry_after=3)

    with pytest.raises(RateLimited) as raised:
        await providers[provider, api].complete(call_to(provider, api))

    assert raised.value.retry_after_seconds == 3


@each_api
async def test_silence_ends_at_the_time_limit(providers, call_to, arm, provider, api):
    await arm(provider, "hang", times=1, seconds=5)

    with pytest.raises(TimedOut) as raised:
        await providers[provider, api].complete(call_to(provider, api, timeout=0.3))

    assert raised.value.billed == "unknown"


@each_api
async def test_a_call_that_never_left_cost_nothing(call_to, provider, api, unused_tcp_port):
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"
    env = {"OPENAI_BASE_URL": nowhere, "ANTHROPIC_BASE_URL": nowhere}
    async with open_providers(MODELS, env) as providers:
        with pytest.raises(Unavailable) as raised:
            await providers[provider, api].complete(call_to(provider, api))

    assert raised.value.billed == "nothing"


async def test_routes_without_a_key_are_left_out():
    async with open_providers(MODELS, {"ANTHROPIC_API_KEY": "k"}) as providers:
        routes = reachable(MODELS.aliases["default"], providers)

    assert [route.api for route in routes] == ["anthropic.messages"]


async def test_without_any_route_the_error_names_what_to_set():
    with pytest.raises(
        ConfigError, match="set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL; set OPENAI"
    ):
        async with open_providers(MODELS, {"OPENAI_API_KEY": ""}):
            pass


async def test_the_key_of_another_provider_never_goes_to_a_default_address():
    known = MODELS.model_dump()
    known["providers"]["mine"] = {"base_url_env": "MINE_BASE_URL", "api_key_env": "MINE_API_KEY"}
    route = {"provider": "mine", "api": "openai.chat", "model": "m"}
    known["aliases"]["default"]["routes"] = [route]

    with pytest.raises(ConfigError, match="MINE_BASE_URL"):
        async with open_providers(Models.model_validate(known), {"MINE_API_KEY": "k"}):
            pass


class Lazy:
    """Loads each of its parts when that is first asked for, as the SDKs do."""

    def __init__(self):
        self.loaded = []

    def __getattr__(self, name):
        self.loaded.append(name)
        return self


@pytest.mark.parametrize(
    ("adapter", "parts"),
    [
        (OpenAIChat, ["chat", "completions"]),
        (OpenAIResponses, ["responses"]),
        (AnthropicMessages, ["messages"]),
    ],
)
def test_what_an_sdk_loads_at_first_use_is_loaded_before_any_call(adapter, parts):
    """In the middle of a call it holds up every heartbeat of the process."""
    client = Lazy()

    adapter(client)

    assert client.loaded == parts

"""A trial asks models to draw by its seed, and is told where none is taken."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.simulator import running_simulator
from infra.simulator.library import parse_scenarios
from services.model_router.adapters import (
    anthropic_messages,
    open_providers,
    openai_chat,
    openai_responses,
)
from shared.catalogue import Models

DICE = """
name: dice
match: {model: "*"}
turns: [{say: [one, two, three, four, five, six], repeat: forever}]
"""
ROUTE = {"provider": "openai", "api": "openai.chat", "model": "sim-1"}
MODELS = Models.model_validate(
    {
        "aliases": {"default": {"routes": [ROUTE]}},
        "providers": {
            "openai": {"base_url_env": "OPENAI_BASE_URL", "api_key_env": "OPENAI_API_KEY"}
        },
    }
)


def test_chat_completions_are_asked_with_the_seed(call_to):
    seeded, plain = (replace(call_to("openai", "openai.chat"), seed=seed) for seed in (1042, None))

    (request, dropped), (without, _) = openai_chat.to_wire(seeded), openai_chat.to_wire(plain)

    assert (request["seed"], dropped) == (1042, ())
    assert "seed" not in without


@pytest.mark.parametrize(
    ("adapter", "provider", "api"),
    [
        (openai_responses, "openai", "openai.responses"),
        (anthropic_messages, "anthropic", "anthropic.messages"),
    ],
)
def test_an_api_without_a_seed_tells_that_it_was_left_out(call_to, adapter, provider, api):
    call = call_to(provider, api)

    request, dropped = adapter.to_wire(replace(call, seed=1042))

    assert "seed" not in request
    assert [(one.name, one.reason) for one in dropped] == [("seed", "the API takes none")]
    assert adapter.to_wire(call)[1] == ()


async def test_the_router_passes_on_the_seed_of_the_step(scene):
    await scene.hear(scene.fund(scene.request(seed=1042)))

    assert scene.first.last.seed == 1042


async def test_the_simulator_draws_by_the_seed_and_says_the_same_for_the_same(call_to):
    async with running_simulator(parse_scenarios(DICE, Path("dice.yaml")), seed=7) as url:
        env = {"OPENAI_BASE_URL": f"{url}/openai/v1"}
        async with open_providers(MODELS, env) as providers:
            chat, call = providers["openai", "openai.chat"], call_to("openai", "openai.chat")

            said = [
                [(await chat.complete(replace(call, seed=seed))).parts[0].text for _ in range(2)]
                for seed in range(20)
            ]

    assert all(first == again for first, again in said)
    assert len({first for first, _ in said}) > 2

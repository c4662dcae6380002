"""Weights that the frontier suggests, over HTTP."""

import pytest

from contracts.model import Route
from services.console.rules.weights import EXPLORED_SHARE
from shared.catalogue import Alias
from tests.console.conftest import as_
from tests.console.evaluated import LARGE, MINI, many
from tests.console.test_frontier import WINDOW

PATH = "/evaluations/weights"
ROUTES = [
    Route(provider="openai", api="openai.responses", model=one) for one in ("gpt-5", "gpt-5-mini")
]


@pytest.fixture(autouse=True)
def aliases(desk):
    alone = Alias(routes=ROUTES[:1])
    desk.aliases = {"default": Alias(routes=ROUTES), "alone": alone, "strong": Alias(routes=ROUTES)}


@pytest.fixture
async def known(desk):
    await desk.store.apply([*many(60, 58, model=MINI), *many(60, 15, model=LARGE, cost=9000)])


async def test_each_alias_that_an_agent_asks_for_has_a_weight_for_each_route(api, known):
    answer = (await api.get(PATH, params=WINDOW)).json()

    [alias] = answer["aliases"]
    large, mini = alias["routes"]
    assert (answer["whole"], answer["margin"]) == (True, 0.05)
    assert (alias["alias"], alias["agents"]) == ("default", ["support"])
    assert (large["model"], large["runs"], large["accepted"]) == ("gpt-5", 60, 15)
    assert (large["rule"], large["weight"], large["weight_now"]) == ("beaten", 0, None)
    assert (mini["model"], mini["rule"], mini["weight"]) == ("gpt-5-mini", "cheapest", 1)
    assert mini["rate"]["low"] < mini["rate"]["value"] == pytest.approx(58 / 60)
    assert mini["cost_per_accepted_micro_usd"]["value"] > 1000


async def test_a_route_without_runs_is_explored(api, desk):
    await desk.store.apply(many(60, 58, model=LARGE))

    [alias] = (await api.get(PATH, params=WINDOW)).json()["aliases"]

    mini = alias["routes"][1]
    assert (mini["runs"], mini["rate"], mini["cost_per_accepted_micro_usd"]) == (0, None, None)
    assert (mini["rule"], mini["weight"]) == ("explored", EXPLORED_SHARE)


async def test_the_weights_in_force_are_told_beside(api, desk, known):
    listed = [{**one.model_dump(), "weight": number} for number, one in enumerate(ROUTES)]
    desk.aliases = {"default": Alias.model_validate({"routes": listed})}

    [alias] = (await api.get(PATH, params=WINDOW)).json()["aliases"]

    assert [one["weight_now"] for one in alias["routes"]] == [0, 1]


async def test_for_one_agent_only_its_own_alias_is_looked_at(api, known):
    assert (await api.get(PATH, params={"agent": "nobody"})).json()["aliases"] == []


async def test_asking_changes_nothing(api, desk, known):
    before = desk.aliases["default"].model_dump()

    await api.get(PATH, params=WINDOW)

    assert desk.aliases["default"].model_dump() == before


async def test_a_person_of_one_tenant_learns_of_no_other(api, known):
    [alias] = (await api.get(PATH, params=WINDOW, headers=as_("tom-token"))).json()["aliases"]

    assert [one["runs"] for one in alias["routes"]] == [0, 0]
    assert (await api.get(PATH, headers={"authorization": ""})).status_code == 401


@pytest.mark.parametrize("query", [{"agnet": "support"}, {"margin": "2"}, {"margin": "nan"}])
async def test_what_cannot_be_asked_is_refused(api, query):
    assert (await api.get(PATH, params=query)).status_code == 422

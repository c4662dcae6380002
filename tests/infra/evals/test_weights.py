"""`interlock eval frontier --weights`: a table for people, routes for `models.yaml`."""

import json

import pytest
import yaml

from shared.catalogue import Alias
from tests.console.test_cli import fake  # noqa: F401 - a fixture
from tests.infra.evals.test_frontier import WINDOW, frontier

PATH = "/evaluations/weights"
MINI = {
    "provider": "openai",
    "api": "openai.responses",
    "model": "gpt-5-mini",
    "runs": 120,
    "accepted": 110,
    "rate": {"value": 0.9167, "low": 0.8531, "high": 0.9543},
    "cost_per_accepted_micro_usd": {"value": 480, "low": 451, "high": 522},
    "weight_now": None,
    "weight": 0.95,
    "rule": "cheapest",
    "reason": "100% likely the cheapest per accepted run",
}
HAIKU = {
    **MINI,
    "provider": "anthropic",
    "api": "anthropic.messages",
    "model": "claude-haiku-4-5",
    "runs": 0,
    "accepted": 0,
    "rate": None,
    "cost_per_accepted_micro_usd": None,
    "weight_now": 0.5,
    "weight": 0.05,
    "rule": "explored",
    "reason": "explored: it has fewer than 50 runs",
}


def report(*routes, whole=True):
    aliases = (
        [{"alias": "default", "agents": ["support"], "routes": list(routes)}] if routes else []
    )
    return {**WINDOW, "margin": 0.05, "aliases": aliases, "whole": whole}


def test_each_route_has_its_weight_and_why(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(MINI, HAIKU))

    done = frontier("--weights", columns="150")

    assert done.exit_code == 0, done.output
    _, first, *_ = done.stdout.splitlines()
    assert first.split()[:7] == [
        *("default", "openai/gpt-5-mini", "120", "92%", "$0.000480", "-", "0.95")
    ]
    assert "explored" in done.stdout
    assert "-o yaml" in done.stdout


def test_what_is_printed_for_the_file_parses_there(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(MINI, HAIKU))

    written = yaml.safe_load(frontier("--weights", "-o", "yaml", columns="40").stdout)

    alias = Alias.model_validate(written["aliases"]["default"])
    assert [route.model for route in alias.routes] == ["gpt-5-mini", "claude-haiku-4-5"]
    assert list(alias.weights.values()) == [0.95, 0.05]


def test_where_there_is_nothing_to_weigh_it_says_so(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report())

    assert "nothing to weigh" in frontier("--weights").stdout
    assert yaml.safe_load(frontier("--weights", "-o", "yaml").stdout) == {"aliases": {}}


def test_a_script_gets_the_whole_answer(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(MINI))

    assert json.loads(frontier("--weights", "--json").stdout) == report(MINI)


def test_the_agent_reaches_the_api(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report())

    frontier("--weights", "--agent", "support")

    assert dict(fake.asked[0].url.params) == {"agent": "support"}


@pytest.mark.parametrize("options", [["-o", "yaml"], ["--weights", "-o", "csv"]])
def test_a_form_that_is_not_there_is_wrong_usage(options):
    assert frontier(*options).exit_code == 2

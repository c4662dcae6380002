"""Routes with and without weights, and what a mistake in them is told."""

import json

import pytest

from contracts.model import Route
from shared.catalogue import Alias, load_models
from shared.errors import ConfigError

LARGE = Route(provider="fake", api="fake", model="large")
SMALL = Route(provider="fake", api="fake", model="small")


def written(*routes, **weights):
    """A file whose alias has these routes; those that are named have a weight."""
    listed = [
        {**route.model_dump(), "weight": weights[route.model]}
        if route.model in weights
        else route.model_dump()
        for route in routes
    ]
    return json.dumps({"aliases": {"default": {"routes": listed}}})


@pytest.fixture
def load(tmp_path):
    def loading(content):
        (tmp_path / "models.yaml").write_text(content)
        return load_models(tmp_path).aliases["default"]

    return loading


def test_a_route_is_a_plain_one_whatever_it_weighs(load):
    alias = load(written(LARGE, SMALL, large=1, small=3))

    assert alias.routes == (LARGE, SMALL)
    assert {type(route) for route in alias.routes} == {Route}
    assert alias.weights == {LARGE: 1, SMALL: 3}


def test_without_weights_there_are_none(load):
    assert load(written(LARGE, SMALL)).weights == {}
    assert Alias(routes=(LARGE, SMALL)).routes == (LARGE, SMALL)


def test_one_route_may_be_for_fallbacks_only(load):
    assert load(written(LARGE, SMALL, large=0, small=0.5)).weights == {LARGE: 0, SMALL: 0.5}


@pytest.mark.parametrize(
    ("routes", "weights", "told"),
    [
        ((LARGE, SMALL), {"large": 1}, r"routes\.1 \(fake/small\) has no weight"),
        ((LARGE, SMALL), {"large": 0, "small": 0}, "every weight is 0"),
        ((LARGE, LARGE), {"large": 1}, r"routes\.1 \(fake/large\) is there already"),
        ((LARGE,), {"large": -1}, r"routes\.0\.weight: .*0, or from 0\.001 to 1000"),
        ((LARGE,), {"large": 1001}, r"routes\.0\.weight: .*0, or from 0\.001 to 1000"),
        ((LARGE,), {"large": float("nan")}, r"routes\.0\.weight"),
        ((LARGE,), {"large": True}, r"routes\.0\.weight: .*number"),
        ((LARGE,), {"large": "much"}, r"routes\.0\.weight: .*number"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_place(load, routes, weights, told):
    with pytest.raises(ConfigError, match=rf"models\.yaml: aliases\.default.*{told}"):
        load(written(*routes, **weights))


def test_a_slip_in_a_name_is_told_too(load):
    content = written(LARGE, large=1).replace("weight", "wieght")

    with pytest.raises(ConfigError, match=r"routes\.0\.wieght"):
        load(content)

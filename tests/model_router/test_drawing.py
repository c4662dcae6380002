"""Which route a run begins with: by weight, and always the same one."""

from collections import Counter

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.model import ModelAttemptRequested, ModelClaimed, ModelFailed, Route
from services.model_router.adapters import FakeProvider, reachable
from services.model_router.errors import RateLimited
from services.model_router.rules import draw
from shared.catalogue import Alias

RUNS = 1000
LOTS = [f"acme/r-{number} default" for number in range(RUNS)]
APART = 0.07  # 4.4 standard deviations of a share of so many runs, at most

weight = st.floats(0.1, 10)
# Each example draws for every run: too many to make a failing one small.
over_runs = settings(
    max_examples=15, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)


def routes(number):
    return tuple(Route(provider="fake", api="fake", model=f"m-{one}") for one in range(number))


def drawn(weights):
    """The route of each run."""
    found = [draw(routes(len(weights)), table(weights), lot) for lot in LOTS]
    return [one.route for one in found]


def table(weights):
    return dict(zip(routes(len(weights)), weights, strict=True))


@over_runs
@given(st.lists(weight, min_size=1, max_size=4))
def test_shares_follow_weights(weights):
    counted = Counter(drawn(weights))

    for route, its in table(weights).items():
        assert counted[route] / RUNS == pytest.approx(its / sum(weights), abs=APART)


@over_runs
@given(st.lists(weight, min_size=2, max_size=4), st.floats(1.1, 4))
def test_raising_a_weight_moves_runs_to_that_route_only(weights, factor):
    raised = [weights[0] * factor, *weights[1:]]

    pairs = zip(drawn(weights), drawn(raised), strict=True)
    moved = {(before, after) for before, after in pairs if before != after}

    assert {after for _, after in moved} <= {routes(1)[0]}


@over_runs
@given(st.lists(weight, min_size=2, max_size=4))
def test_a_route_that_is_gone_moves_its_own_runs_only(weights):
    (gone, *left), known = routes(len(weights)), table(weights)

    for lot in LOTS[:200]:
        before = draw([gone, *left], known, lot).route
        assert before in (gone, draw(left, known, lot).route)


@given(st.lists(weight, min_size=2, max_size=4), st.text(max_size=20))
def test_the_same_lot_draws_the_same_route_in_whatever_order_they_stand(weights, lot):
    known = table(weights)

    assert draw(list(known), known, lot) == draw([*known][::-1], known, lot)


@given(st.lists(weight, min_size=1, max_size=4), st.text(max_size=20))
def test_a_chance_is_the_share_of_the_weights_in_reach(weights, lot):
    known = {**table(weights), Route(provider="fake", api="fake", model="gone"): 5.0}

    found = draw(routes(len(weights)), known, lot)

    assert found.chance == pytest.approx(known[found.route] / sum(weights))


def test_a_weight_of_0_is_drawn_only_if_nothing_else_is_in_reach():
    first, second, third = routes(3)
    weights = {first: 0.0, second: 0.0, third: 0.001}

    assert {draw((first, second, third), weights, lot).route for lot in LOTS} == {third}
    assert draw((first, second), weights, "lot").route == first
    assert draw((first, second), weights, "lot").chance == 1


def test_without_weights_the_first_route_is_taken_and_no_chance_told():
    found = draw(routes(3), {}, "lot")

    assert (found.route, found.chance) == (routes(1)[0], None)


def test_of_no_routes_none_is_drawn():
    assert draw((), {routes(1)[0]: 1.0}, "lot") is None


# What the router says of it. The run acme/r-1 draws the second of two equal routes.


@pytest.fixture
def weighted(new_scene):
    def build(second_weight=1.0, **more):
        one, other = new_scene().routes
        return new_scene(weights={one: 1.0, other: second_weight}, **more)

    return build


async def test_the_route_that_was_drawn_is_claimed_with_its_chance(weighted):
    scene = weighted(second_weight=3.0)

    await scene.hear(scene.fund(scene.request()))

    (claim,) = scene.said(ModelClaimed)
    assert (claim.route, claim.chance) == (scene.routes[1], 0.75)
    assert (scene.first.calls, scene.second.calls) == (0, 1)


async def test_without_weights_a_claim_tells_no_chance(scene):
    await scene.hear(scene.fund(scene.request()))

    (claim,) = scene.said(ModelClaimed)
    assert (claim.route, claim.chance) == (scene.routes[0], None)


async def test_every_replica_and_every_delivery_draws_the_same(weighted):
    claimed = set()
    for delivery in range(1, 6):
        scene = weighted()
        await scene.hear(scene.fund(scene.request()), delivery)
        claimed |= {claim.route for claim in scene.said(ModelClaimed)}

    assert len(claimed) == 1


async def test_what_is_not_funded_is_left_out_before_the_draw(weighted):
    scene = weighted()

    await scene.hear(scene.fund(scene.request(), routes=("fake/one",)))

    (claim,) = scene.said(ModelClaimed)
    assert (claim.route, claim.chance) == (scene.routes[0], 1)


async def test_after_the_drawn_route_the_others_are_tried_in_their_order(weighted):
    limited = RateLimited("slow down", http_status=429, retry_after_seconds=60)
    scene = weighted(second=FakeProvider([limited]))

    await scene.hear(scene.fund(scene.request()))
    fallback = scene.asked_again()
    await scene.hear(scene.fund(fallback, routes=("fake/one",)))

    first, again = scene.said(ModelClaimed)
    assert (first.route, first.chance) == (scene.routes[1], 0.5)
    assert (fallback.body.role, fallback.body.route) == ("fallback", scene.routes[0])
    assert (again.route, again.chance) == (scene.routes[0], None)
    assert not scene.said(ModelFailed)


async def test_an_attempt_that_was_called_off_is_made_again_on_the_route_that_was_drawn(weighted):
    scene = weighted()
    funded = scene.fund(scene.request())
    scene.claimed_by_another(funded, state="revoked", route=None)

    await scene.hear(funded, delivery=2)

    (again,) = scene.said(ModelAttemptRequested)
    assert (again.role, again.route) == ("hedge", scene.routes[1])


def test_a_route_without_a_key_is_out_of_reach_and_out_of_the_draw():
    alias = Alias.model_validate(
        {
            "routes": [
                {"provider": "openai", "api": "openai.chat", "model": "large", "weight": 9},
                {"provider": "fake", "api": "fake", "model": "instant", "weight": 1},
            ]
        }
    )
    here = reachable(alias, {("fake", "fake"): FakeProvider()})

    assert {draw(here, alias.weights, lot).chance for lot in LOTS[:10]} == {1}

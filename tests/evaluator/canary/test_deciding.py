"""A canary goes back when it is worse or dearer for sure, however often one looks."""

from dataclasses import dataclass

import numpy as np
import pytest

from contracts.release import CanaryRules
from services.evaluator.canary.deciding import MIN_RUNS, judge
from services.evaluator.canary.tally import CanaryTally, Side

LOOK_EVERY = 4
EXACT = CanaryRules(cost_margin=0.0)


@dataclass(frozen=True)
class World:
    """Made-up runs: pass rates, mean costs, and the canary's share of them."""

    passes: tuple[float, float] = (0.9, 0.9)
    costs: tuple[float, float] = (1.0, 1.0)
    share: float = 0.3
    runs: int = 1500

    def outcomes(self, seed: int, rules: CanaryRules) -> list[str]:
        """What is said at each look."""
        return [judge(tally, rules).outcome for tally in self.tallies(seed)]

    def tallies(self, seed: int):
        dice = np.random.default_rng(seed)
        is_canary = dice.random(self.runs) < self.share
        passed = dice.random(self.runs) < np.where(is_canary, *reversed(self.passes))
        typical = np.where(is_canary, *reversed(self.costs))
        cost = (100 * typical * dice.lognormal(0, 1, self.runs)).astype(np.int64)
        sums = [sides(mask, passed, cost) for mask in (is_canary, ~is_canary)]
        for at in range(LOOK_EVERY, self.runs, LOOK_EVERY):
            canary, production = (Side.model_construct(**one(at)) for one in sums)
            yield CanaryTally.model_construct(canary=canary, production=production)


def sides(mask, passed, cost):
    """The sums of one side up to a run."""
    told = {
        "runs": np.cumsum(mask),
        "passed": np.cumsum(mask & passed),
        "cost": np.cumsum(np.where(mask, cost, 0)),
        "cost_squared": np.cumsum(np.where(mask, cost**2, 0)),
    }
    return lambda at: {name: int(values[at]) for name, values in told.items()}


def returned(world: World, worlds: int, rules: CanaryRules = EXACT) -> float:
    """The share of worlds in which the canary goes back at any look."""
    found = [set(world.outcomes(seed, rules)) - {"undecided"} for seed in range(worlds)]
    return sum(map(bool, found)) / worlds


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.99])
def test_one_that_is_as_good_mostly_stays_however_often_one_looks(rate):
    assert returned(World(passes=(rate, rate)), 150) <= EXACT.alpha


@pytest.mark.parametrize(
    ("world", "outcome"),
    [
        (World(passes=(0.9, 0.7)), "worse"),
        (World(costs=(1.0, 2.0)), "dearer"),
    ],
    ids=["worse", "dearer"],
)
def test_one_that_does_worse_goes_back_for_that_reason(world, outcome):
    worlds = 40
    found = [set(world.outcomes(seed, CanaryRules())) for seed in range(worlds)]

    assert sum(one == {"undecided", outcome} for one in found) >= 0.95 * worlds


def test_one_that_is_better_and_cheaper_never_goes_back():
    better = World(passes=(0.7, 0.9), costs=(2.0, 1.0))

    assert returned(better, 40) == 0


def side(runs, passed, cost):
    """Costs of two kinds, so that they vary."""
    squares = sum((cost + (at % 2)) ** 2 for at in range(runs))
    total = sum(cost + (at % 2) for at in range(runs))
    return Side(runs=runs, passed=passed, cost=total, cost_squared=squares)


def tally(canary, production):
    return CanaryTally(
        canary_version="new", production_version="old", canary=canary, production=production
    )


def test_nothing_is_said_of_few_runs_though_all_of_them_fail():
    verdict = judge(tally(side(MIN_RUNS - 1, 0, 9), side(5000, 5000, 1)), CanaryRules())

    assert verdict.outcome == "undecided"
    assert "each needs 30" in verdict.sentence


def test_the_sentence_tells_by_how_much_and_of_how_many():
    verdict = judge(tally(side(400, 280, 10), side(1600, 1440, 10)), CanaryRules())

    assert verdict.sends_back
    assert verdict.sentence.startswith("Its pass rate is ")
    assert "400 runs of the canary and 1,600 of production" in verdict.sentence


def test_what_the_rules_allow_sends_nobody_back():
    drop = tally(side(4000, 3400, 10), side(4000, 3600, 10))
    dearer = tally(side(4000, 3600, 115), side(4000, 3600, 100))

    assert judge(drop, CanaryRules()).outcome == "worse"
    assert judge(drop, CanaryRules(quality_margin=0.1)).outcome == "undecided"
    assert judge(dearer, CanaryRules(cost_margin=0.1)).outcome == "dearer"
    assert judge(dearer, CanaryRules(cost_margin=0.2)).outcome == "undecided"


def test_costs_where_production_is_free_are_dearer_without_a_ratio_of_nothing():
    free = Side(runs=100, passed=90)
    verdict = judge(tally(side(100, 90, 50), free), CanaryRules())

    assert verdict.outcome == "dearer"
    assert "nan" not in verdict.sentence

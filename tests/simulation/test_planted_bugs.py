"""Seven planted bugs, each found within a few seeds; without them the same seeds hold."""

import pytest

from tests.simulation import planted
from tests.simulation.many import simulate_many, simulate_safely

SEEDS = range(1000, 1050)
FINDERS = {
    planted.appends_unchecked: {"nothing_after_the_end", "one_end"},
    planted.acknowledged_before_handled: {"every_task_ends", "no_hold_left"},
    planted.claims_skipped: {"claimed_first"},
    planted.bindings_unchecked: {"clearance_binds", "approval_binds"},
    planted.judged_runs_forgotten: {"every_run_is_scored"},
    planted.claimed_holds_released: {"claimed_stays_held", "bills_are_kept"},
    planted.routes_drawn_anew: {"one_route_a_run"},
}


@pytest.mark.parametrize("plant", FINDERS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)

    found = next((seed for seed in SEEDS if _broken(seed) & FINDERS[plant]), None)

    assert found is not None, f"{plant.__doc__} {len(SEEDS)} seeds did not notice"


def test_without_a_planted_bug_the_same_seeds_hold():
    assert not simulate_many(SEEDS).violations


def _broken(seed: int) -> set[str]:
    return {one.rule for one in simulate_safely(seed).violations}

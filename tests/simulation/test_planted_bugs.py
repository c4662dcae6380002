"""Planted bugs, each found within a few seeds; without it the seed that found one holds."""

import pytest

from tests.simulation import planted
from tests.simulation.many import simulate_safely

# The search ends at the first find. So many, because half of all seeds lack the weather for a bug.
SEEDS = range(1000, 1400)
FINDERS = {
    planted.appends_unchecked: {"nothing_after_the_end", "one_end"},
    planted.acknowledged_before_handled: {"every_task_ends", "no_hold_left"},
    planted.claims_skipped: {"claimed_first"},
    planted.bindings_unchecked: {"clearance_binds", "approval_binds"},
    planted.prices_unheld: {"priced_first"},
    planted.unknown_starts_released: {"starts_are_paid"},
    planted.judged_runs_forgotten: {"every_run_is_scored"},
    planted.claimed_holds_released: {"claimed_stays_held", "bills_are_kept"},
    planted.waits_funded: {"no_hold_while_waiting"},
    planted.routes_drawn_anew: {"one_route_a_run"},
    planted.outcomes_expire: {"silence_tells_nothing"},
    planted.ended_runs_forgotten: {"unknown_is_asked", "answers_are_taken"},
    planted.starts_forgotten: {"rates_hold"},
    planted.early_answers_dropped: {"first_answers_decide"},
    planted.ticks_acknowledged_first: {"every_tick_runs"},
    planted.garbage_is_clean: {"clean_is_said"},
    planted.answers_unheard: {"every_task_ends"},
}


@pytest.mark.parametrize("plant", FINDERS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant, monkeypatch):
    plant(monkeypatch)

    found = next((seed for seed in SEEDS if _broken(seed) & FINDERS[plant]), None)

    assert found is not None, f"{plant.__doc__} {len(SEEDS)} seeds did not notice"
    monkeypatch.undo()
    assert not _broken(found), f"seed {found} fails without the bug, too"


def _broken(seed: int) -> set[str]:
    return {one.rule for one in simulate_safely(seed).violations}

"""Who may start when: caps, keys, priorities, and shares among tenants measured in tokens."""

import random
from collections import Counter, defaultdict
from datetime import timedelta
from heapq import heappop, heappush

import pytest

from services.orchestrator.rules.admission import (
    ADMITTED,
    Admissions,
    Caps,
    Queued,
    Refused,
    Waiter,
    arrive,
    leave,
)
from services.orchestrator.rules.shares import Fairness, charge, used
from tests.bodies import NOON

FAIR = Fairness(guess_tokens=100)


def waiter(run_id: str, tenant: str = "acme", **more: object) -> Waiter:
    return Waiter(**{"tenant": tenant, "run_id": run_id, "since": NOON} | more)


class Floor:
    """The state, and what each run was answered."""

    def __init__(self, **caps: object) -> None:
        self.caps = Caps(**{"fairness": FAIR} | caps)
        self.state = Admissions()
        self.now = NOON
        self.soon = None
        self.admitted = []

    def arrive(self, run_id: str, tenant: str = "acme", **more: object):
        asks = waiter(run_id, tenant, **{"since": self.now} | more)
        turn, answer = arrive(self.state, asks, self.caps, self.now)
        self._take(turn)
        return answer

    def leave(self, run_id: str, tenant: str = "acme", tokens: int = 100) -> list[str]:
        turn = leave(self.state, (tenant, run_id), tokens, self.caps, self.now)
        self._take(turn)
        return [one.run_id for one in turn.admitted]

    def _take(self, turn) -> None:
        self.state, self.soon = turn.state, turn.soon
        self.admitted.extend(turn.admitted)

    @property
    def open(self) -> list[str]:
        return [place.run_id for place in self.state.open]


def test_without_caps_every_run_is_admitted():
    floor = Floor()

    assert all(floor.arrive(f"r-{n}") == ADMITTED for n in range(50))


def test_the_cap_of_the_platform_holds_and_the_next_gets_a_place_when_one_is_free():
    floor = Floor(open_runs=2)

    answers = [floor.arrive(f"r-{n}") for n in range(3)]

    assert answers[:2] == [ADMITTED, ADMITTED]
    assert answers[2].rule == "platform_cap"
    assert floor.leave("r-0") == ["r-2"]
    assert floor.open == ["r-1", "r-2"]


def test_the_cap_of_a_tenant_holds_for_that_tenant_alone():
    floor = Floor(open_runs_per_tenant=1)

    answers = [floor.arrive("r-1"), floor.arrive("r-2"), floor.arrive("r-1", "other")]

    assert answers[0] == answers[2] == ADMITTED
    assert answers[1].rule == "tenant_cap"


def test_of_runs_with_one_key_one_is_open():
    floor = Floor()

    first = floor.arrive("r-1", concurrency_key="cart-7")
    second = floor.arrive("r-2", concurrency_key="cart-7")

    assert (first, second.rule) == (ADMITTED, "concurrency_key")
    assert "r-1" in second.reason
    assert floor.leave("r-1") == ["r-2"]


def test_a_key_is_a_tenants_own():
    floor = Floor()
    floor.arrive("r-1", concurrency_key="k")

    assert floor.arrive("r-2", "other", concurrency_key="k") == ADMITTED
    assert floor.arrive("r-3", concurrency_key="another") == ADMITTED


def test_a_run_that_waits_for_its_key_holds_up_nobody_else():
    floor = Floor(open_runs=2)
    floor.arrive("r-1", concurrency_key="k")
    floor.arrive("r-2", concurrency_key="k")

    assert floor.arrive("r-3") == ADMITTED


def test_a_higher_priority_goes_first_and_then_the_older_one():
    floor = Floor(open_runs=1)
    floor.arrive("first")
    floor.arrive("low", priority=9)
    floor.arrive("old", priority=1)
    floor.now += timedelta(seconds=1)
    floor.arrive("young", priority=1)

    order = [*floor.leave("first"), *floor.leave("old"), *floor.leave("young")]

    assert order == ["old", "young", "low"]


def test_a_tenant_that_has_used_less_goes_first_whatever_the_priorities():
    floor = Floor(open_runs=1)
    floor.arrive("noisy-1", "noisy")
    floor.arrive("noisy-2", "noisy", priority=1)
    quiet = floor.arrive("quiet-1", "quiet", priority=9)

    assert isinstance(quiet, Queued)
    assert floor.leave("noisy-1", "noisy", 1_000) == ["quiet-1"]


def test_who_waits_because_others_have_used_less_is_told_so():
    floor = Floor(open_runs=1)
    floor.arrive("noisy-1", "noisy")
    floor.arrive("quiet-1", "quiet")

    assert floor.arrive("noisy-2", "noisy").rule == "fair_share"


def test_however_often_a_run_asks_it_has_one_place():
    floor = Floor(open_runs=2)

    assert [floor.arrive("r-1") for _ in range(3)] == [ADMITTED] * 3
    assert floor.open == ["r-1"]


def test_a_run_that_is_given_back_twice_frees_one_place():
    floor = Floor(open_runs=1)
    for n in range(3):
        floor.arrive(f"r-{n}")

    assert floor.leave("r-0") == ["r-1"]
    assert floor.leave("r-0") == []
    assert floor.open == ["r-1"]


def test_a_run_that_is_cancelled_while_it_waits_leaves_the_queue():
    floor = Floor(open_runs=1)
    floor.arrive("r-1")
    floor.arrive("r-2")

    floor.leave("r-2", tokens=0)

    assert floor.state.waiting == ()
    assert floor.leave("r-1") == []


def test_more_than_may_wait_are_refused_at_once():
    floor = Floor(open_runs=1, queued_runs_per_tenant=2, queued_runs=3)
    floor.arrive("r-0")

    answers = [floor.arrive(f"r-{n}") for n in (1, 2, 3)]
    others = [floor.arrive(f"o-{n}", "other") for n in (1, 2)]

    assert [type(one) for one in answers] == [Queued, Queued, Refused]
    assert [type(one) for one in others] == [Queued, Refused]
    assert len(floor.state.waiting) == 3


def test_a_run_that_waited_too_long_is_refused():
    floor = Floor(open_runs=1, queue_seconds=60)
    floor.arrive("r-0")
    floor.arrive("r-1")
    floor.now += timedelta(seconds=61)

    answer = floor.arrive("r-1", since=NOON)

    assert isinstance(answer, Refused)
    assert floor.state.waiting == ()


def test_what_was_used_is_forgotten_by_half_in_every_half_life():
    fairness = Fairness(half_life_seconds=60)
    shares = charge({}, "acme", 1_000, fairness, NOON)

    after = used(shares, "acme", fairness, NOON + timedelta(seconds=120))

    assert after == pytest.approx(250)


def test_a_guess_is_put_right_by_what_was_used():
    floor = Floor()
    floor.arrive("r-1")

    floor.leave("r-1", tokens=7_000)

    assert used(floor.state.shares, "acme", FAIR, NOON) == pytest.approx(7_000)


def test_children_count_for_their_tenant_without_a_place():
    floor = Floor(open_runs=1)

    floor.leave("child", tokens=900)

    assert used(floor.state.shares, "acme", FAIR, NOON) == pytest.approx(900)


def test_a_tenant_of_double_weight_has_double_the_tokens():
    spent, _ = simulate(
        {"big": 1_000, "small": 1_000}, loads={"big": 400, "small": 400}, weights={"big": 2.0}
    )

    assert spent["big"] / spent["small"] == pytest.approx(2.0, rel=0.1)


def test_a_noisy_tenant_with_a_hundredfold_load_does_not_starve_the_others():
    """Fair in tokens; and so unfair in runs, for the runs of one are larger than the others'."""
    size = {"noisy": 200, "a": 2_000, "b": 4_000, "c": 800}

    spent, runs = simulate(size, loads={"noisy": 20_000, "a": 200, "b": 200, "c": 200})

    assert jain(spent.values()) > 0.95
    assert jain(runs.values()) < 0.6


def test_taking_turns_by_runs_would_be_unfair_in_tokens():
    """The planted bug: with every run charged alike, the tenant with large runs takes it all."""
    size = {"noisy": 200, "a": 2_000, "b": 4_000, "c": 800}

    spent, runs = simulate(
        size, loads={"noisy": 20_000, "a": 200, "b": 200, "c": 200}, by_tokens=False
    )

    assert jain(runs.values()) > 0.95
    assert jain(spent.values()) < 0.8


def jain(values) -> float:
    """1 where all are equal, 1/n where one has everything."""
    found = list(values)
    return sum(found) ** 2 / (len(found) * sum(one * one for one in found))


def simulate(size, loads, weights=None, *, by_tokens=True, until_tokens=400_000):
    """Every tenant keeps its queue full, and the platform has ten places.

    Gives the tokens and the runs that each tenant has had, while all of them still wait.
    """
    chance = random.Random(7)
    fairness = Fairness(half_life_seconds=3600, guess_tokens=100, weights=weights or {})
    floor = Floor(open_runs=10, queued_runs=100, queued_runs_per_tenant=25, fairness=fairness)
    left, names = dict(loads), defaultdict(int)
    ends: list[tuple[float, str, str]] = []
    tokens, runs = Counter(), Counter()

    def offer(tenant: str) -> None:
        waiting = sum(one.tenant == tenant for one in floor.state.waiting)
        for _ in range(min(20 - waiting, left[tenant])):
            names[tenant] += 1
            left[tenant] -= 1
            floor.arrive(f"{tenant}-{names[tenant]}", tenant)

    started: set[str] = set()
    while sum(tokens.values()) < until_tokens:
        for tenant in loads:
            offer(tenant)
        for place in floor.state.open:
            if place.run_id not in started:
                started.add(place.run_id)
                at = (floor.now - NOON).total_seconds()
                heappush(ends, (at + chance.uniform(1, 3), place.tenant, place.run_id))
        at, tenant, run_id = heappop(ends)
        floor.now = NOON + timedelta(seconds=at)
        real = round(size[tenant] * chance.uniform(0.5, 1.5))
        tokens[tenant] += real
        runs[tenant] += 1
        floor.leave(run_id, tenant, real if by_tokens else 1)
    assert all(left.values()), "every tenant still has work"
    return tokens, runs

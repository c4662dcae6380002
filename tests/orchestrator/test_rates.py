"""How many runs start in a minute: of a tenant, of a key, and who is next when time lets one in."""

from datetime import timedelta
from random import Random

import pytest
from pydantic import ValidationError

from services.orchestrator.rules.admission import ADMITTED, Refused
from services.orchestrator.rules.rates import STARTS_LIMIT, Rates
from services.orchestrator.settings import Settings
from tests.bodies import NOON
from tests.orchestrator.test_admission import Floor

MINUTE = timedelta(minutes=1)


def second(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_as_many_start_at_once_as_may_in_a_minute_and_the_others_wait():
    floor = Floor(rates=Rates(per_tenant=2))

    answers = [floor.arrive(f"r-{n}") for n in range(3)]

    assert answers[:2] == [ADMITTED, ADMITTED]
    assert answers[2].rule == "tenant_rate"
    assert "2 runs of acme started within a minute" in answers[2].reason
    assert "12:01:00" in answers[2].reason


def test_an_end_lets_nobody_in_before_the_minute_is_over():
    floor = Floor(rates=Rates(per_tenant=1))
    floor.arrive("r-1")
    floor.arrive("r-2")

    at_once = floor.leave("r-1")
    floor.now += MINUTE
    later = floor.leave("r-1")

    assert (at_once, later) == ([], ["r-2"])


def test_the_window_moves_with_each_start():
    floor = Floor(rates=Rates(per_tenant=2))
    floor.arrive("r-1")
    floor.now += second(40)
    floor.arrive("r-2")
    floor.now = NOON + MINUTE
    third = floor.arrive("r-3")
    fourth = floor.arrive("r-4")

    assert (third, fourth.rule) == (ADMITTED, "tenant_rate")
    assert "12:01:40" in fourth.reason


def test_a_tenant_over_its_rate_holds_up_nobody_else():
    floor = Floor(open_runs=3, rates=Rates(per_tenant=1))
    floor.arrive("r-1")
    floor.arrive("r-2")

    assert floor.arrive("r-3", "other") == ADMITTED


def test_a_tenant_may_have_a_limit_of_its_own_and_then_the_others_have_none():
    floor = Floor(rates=Rates(tenants={"acme": 1}))

    answers = [
        floor.arrive(name, tenant)
        for name, tenant in [("r-1", "acme"), ("r-2", "acme"), ("r-3", "other"), ("r-4", "other")]
    ]

    assert [one == ADMITTED for one in answers] == [True, False, True, True]


def test_a_key_has_a_rate_of_its_own_in_each_tenant():
    floor = Floor(rates=Rates(per_key=1))
    floor.arrive("r-1", concurrency_key="k")
    floor.leave("r-1")

    again = floor.arrive("r-2", concurrency_key="k")

    assert again.rule == "key_rate"
    assert "'k'" in again.reason
    assert floor.arrive("r-3", concurrency_key="another") == ADMITTED
    assert floor.arrive("r-4", "other", concurrency_key="k") == ADMITTED
    assert floor.arrive("r-5") == ADMITTED


def test_a_run_without_a_key_is_no_start_of_the_key_named_none():
    floor = Floor(rates=Rates(per_tenant=9, per_key=1))
    floor.arrive("r-1", concurrency_key="None")

    assert floor.arrive("r-2") == ADMITTED


def test_of_two_limits_the_one_that_lasts_longer_is_told():
    floor = Floor(rates=Rates(per_tenant=1, per_key=1))
    floor.arrive("r-1", concurrency_key="k")
    floor.leave("r-1")
    floor.now += second(61)
    floor.arrive("r-2")

    assert floor.arrive("r-3", concurrency_key="k").rule == "tenant_rate"


def test_who_is_over_the_rate_waits_in_fair_order():
    floor = Floor(rates=Rates(per_tenant=1))
    floor.arrive("first")
    floor.arrive("low", priority=9)
    floor.arrive("high", priority=1)

    order = []
    for _ in range(2):
        floor.now += MINUTE
        order += floor.leave("nobody", tokens=0)

    assert order == ["high", "low"]


def test_each_change_tells_who_is_next_by_the_clock_and_when():
    floor = Floor(rates=Rates(per_tenant=1))
    floor.arrive("r-1")
    floor.now += second(10)
    floor.arrive("r-2")
    floor.arrive("r-3", priority=1)

    assert (floor.soon.waiter.run_id, floor.soon.at) == ("r-3", NOON + MINUTE)


def test_nobody_is_next_by_the_clock_where_a_place_is_missing_too():
    floor = Floor(open_runs=1, rates=Rates(per_tenant=1))
    floor.arrive("r-1")
    floor.arrive("r-2")
    full = floor.soon

    floor.leave("r-1")

    assert full is None
    assert floor.soon.at == NOON + MINUTE


def test_however_often_a_run_asks_it_is_one_start():
    floor = Floor(rates=Rates(per_tenant=2))

    answers = [floor.arrive("r-1") for _ in range(3)]

    assert [*answers, floor.arrive("r-2")] == [ADMITTED] * 4


def test_a_run_that_may_not_wait_is_refused_and_next_is_another():
    floor = Floor(rates=Rates(per_tenant=1), queue_seconds=30)
    floor.arrive("r-1")
    floor.arrive("r-2")
    floor.now += second(31)
    floor.arrive("r-3")

    assert isinstance(floor.arrive("r-2", since=NOON), Refused)
    assert floor.soon.waiter.run_id == "r-3"


def test_starts_older_than_a_minute_are_forgotten():
    floor = Floor(rates=Rates(per_tenant=5, per_key=5))
    floor.arrive("r-1", concurrency_key="k")
    floor.now += MINUTE

    floor.arrive("r-2", "other")

    assert set(floor.state.starts.tenants) == {"other"}
    assert floor.state.starts.keys == {}


def test_no_more_starts_are_remembered_than_fit():
    floor = Floor(rates=Rates(tenants={"small": 1}), open_runs=2000)
    for number in range(STARTS_LIMIT):
        floor.arrive(f"r-{number}", f"t-{number % 7}")
        floor.leave(f"r-{number}", f"t-{number % 7}")

    answer = floor.arrive("one-more")

    assert answer.rule == "platform_rate"
    floor.now += MINUTE
    assert floor.arrive("one-more") == ADMITTED


@pytest.mark.parametrize("seed", range(20))
def test_no_minute_has_more_starts_than_may_be_and_the_clock_alone_starts_everybody(seed):
    chance = Random(seed)
    floor = Floor(open_runs_per_tenant=chance.choice((None, 3)), rates=Rates(per_tenant=3))
    started: dict[str, list] = {"a": [], "b": []}
    for number in range(24):
        floor.now += second(chance.choice((0, 0.25, 7)))
        floor.arrive(f"r-{number}", chance.choice("ab"))
        _note(floor, started)
    while floor.state.waiting:
        if floor.soon is not None:
            floor.now = max(floor.now, floor.soon.at)
        for place in floor.state.open[:1]:
            floor.leave(place.run_id, place.tenant)
        _note(floor, started)

    for moments in started.values():
        assert all(
            later - first >= MINUTE for first, later in zip(moments, moments[3:], strict=False)
        )
    assert sum(map(len, started.values())) == 24


def _note(floor: Floor, started: dict[str, list]) -> None:
    for one in floor.admitted:
        started[one.tenant].append(floor.now)
    floor.admitted.clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("starts_per_minute_per_tenant", "0"),
        ("starts_per_minute_per_key", "3001"),
        ("tenant_starts_per_minute", '{"acme": 0}'),
        ("tenant_starts_per_minute", '{"no such name!": 5}'),
    ],
)
def test_a_rate_that_cannot_be_is_refused_and_the_error_names_the_setting(monkeypatch, name, value):
    monkeypatch.setenv(f"INTERLOCK_ORCHESTRATOR_{name.upper()}", value)

    with pytest.raises(ValidationError, match=name):
        Settings()

"""Who asks too often is told when to come again, and takes nothing from anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.api.rates import Limit
from services.console.rules.rates import Buckets, Rate
from services.console.store.rates import MemoryCounts
from tests.console.conftest import as_


def test_a_bucket_gives_its_burst_and_then_its_rate():
    buckets = Buckets(Rate(a_second=2, burst=3), most=10)

    waits = [buckets.take("k", 0.0) for _ in range(4)]

    assert waits == [0, 0, 0, 0.5]
    assert buckets.take("k", 0.5) == 0
    assert buckets.take("k", 0.5) == 0.5


def test_one_name_takes_nothing_from_another():
    buckets = Buckets(Rate(1, 1), most=10)
    buckets.take("k", 0.0)

    assert buckets.take("k", 0.0) > 0
    assert buckets.take("other", 0.0) == 0


def test_a_bucket_never_holds_more_than_its_burst():
    buckets = Buckets(Rate(1, 2), most=10)
    buckets.take("k", 0.0)

    waits = [buckets.take("k", 1_000_000.0) for _ in range(3)]

    assert [bool(one) for one in waits] == [False, False, True]


def test_a_clock_that_goes_back_fills_nothing():
    buckets = Buckets(Rate(1, 1), most=10)
    buckets.take("k", 10.0)

    assert buckets.take("k", 5.0) > 0


def test_only_so_many_names_are_remembered():
    buckets = Buckets(Rate(1, 1), most=2)
    for name in ("a", "b", "c"):
        buckets.take(name, 0.0)

    assert len(buckets._left) == 2
    assert buckets.take("c", 0.0) > 0


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0.1, 20), st.integers(1, 10))
def test_nobody_gets_more_than_the_burst_and_the_rate(pauses, a_second, burst):
    buckets = Buckets(Rate(a_second, burst), most=1)
    now, taken = 0.0, 0
    for pause in pauses:
        now += pause
        taken += buckets.take("k", now) == 0

    assert taken <= burst + now * a_second + 1e-6


@pytest.fixture
def settings(settings):
    return settings.model_copy(
        update={"requests_burst": 2, "requests_a_second": 0.1, "refused_burst": 2}
    )


async def test_who_asks_too_often_is_told_when_to_come_again(api):
    answers = [await api.get("/me") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert answers[-1].json()["title"] == "too many requests"


async def test_the_limit_is_that_of_each_key(api):
    for _ in range(3):
        await api.get("/me")

    assert (await api.get("/me", headers=as_("vera-token"))).status_code == 200


async def test_guesses_are_counted_by_address_and_keep_nobody_out(api):
    guesses = [await api.get("/me", headers=as_(f"guess-{n}")) for n in range(3)]

    assert [one.status_code for one in guesses] == [401, 401, 429]
    assert (await api.get("/me")).status_code == 200


async def test_what_two_replicas_take_is_one_limit():
    counts = MemoryCounts()
    one, two = (Limit("requests", Rate(0.01, 4), counts, most=10) for _ in range(2))

    waits = [await limit.take("k") for _ in range(4) for limit in (one, two)]

    assert [bool(wait) for wait in waits] == [False] * 4 + [True] * 4


async def test_a_replica_alone_still_holds_the_limit():
    limit = Limit("requests", Rate(0.01, 3), MemoryCounts(away=True), most=10)

    waits = [await limit.take("k") for _ in range(5)]

    assert [bool(wait) for wait in waits] == [False] * 3 + [True] * 2


async def test_what_was_refused_is_refused_again_without_asking():
    counts = MemoryCounts()
    one, two = (Limit("requests", Rate(0.01, 1), counts, most=10) for _ in range(2))
    await one.take("k")
    await two.take("k")
    counts.full_at.clear()

    assert await two.take("k") > 0

"""Dead letters by filter: many at once, each accounted for, no faster than was said."""

import pytest

from contracts.run import RunRedriven
from contracts.subjects import LEDGER
from services.console.settings import Settings


def numbers(answer):
    return [one["number"] for one in answer.json()]


async def test_many_are_redriven_the_oldest_first_and_each_is_accounted_for(api, bus, letters):
    done = (await api.post("/dead-letters/redrive", json={"service": LEDGER, "rate": 1000})).json()

    assert (done["matched"], done["redriven"], done["after"]) == (3, [1], 4)
    assert [one["number"] for one in done["skipped"]] == [2, 4]
    assert "no message 999" in done["skipped"][0]["why"]
    assert len(bus.bodies(RunRedriven)) == 1


async def test_a_dry_run_tells_the_same_and_says_nothing(api, bus, letters):
    asked = {"service": LEDGER, "dry_run": True}

    done = (await api.post("/dead-letters/redrive", json=asked)).json()

    assert (done["redriven"], [one["number"] for one in done["skipped"]]) == ([1], [2, 4])
    assert bus.bodies(RunRedriven) == []
    assert numbers(await api.get("/dead-letters")) == [4, 3, 2, 1]


async def test_one_request_goes_on_where_the_one_before_it_ended(api, letters):
    first = await api.post("/dead-letters/redrive", json={"limit": 2, "rate": 1000})
    second = await api.post(
        "/dead-letters/redrive", json={"limit": 2, "rate": 1000, "after": first.json()["after"]}
    )

    looked_at = [
        one
        for part in (first.json(), second.json())
        for one in (*part["redriven"], *(left["number"] for left in part["skipped"]))
    ]
    assert sorted(looked_at) == [1, 2, 3, 4]


async def test_many_are_discarded_by_what_they_are_and_kept_with_the_reason(api, bus, letters):
    body = {"rule": "handler_failed", "reason": "a load test", "rate": 1000}

    done = (await api.post("/dead-letters/discard", json=body)).json()

    assert (done["matched"], done["discarded"], done["after"]) == (2, [1, 3], 3)
    assert (done["skipped"], done["failed"]) == ([], [])
    assert numbers(await api.get("/dead-letters")) == [4, 2]
    kept = (await api.get("/dead-letters/3")).json()
    assert (kept["state"], kept["decided_by"]) == ("discarded", "anna@example.org")
    assert kept["decision"] == "a load test"
    assert bus.bodies(RunRedriven) == []


async def test_a_dry_discard_tells_the_same_and_leaves_every_letter_open(api, letters):
    body = {"service": LEDGER, "reason": "a load test", "dry_run": True}

    done = (await api.post("/dead-letters/discard", json=body)).json()

    assert done["discarded"] == [1, 2, 4]
    assert numbers(await api.get("/dead-letters")) == [4, 3, 2, 1]


async def test_a_letter_that_was_decided_upon_is_passed_over_by_a_discard(api, letters):
    await api.post("/dead-letters/1/redrive")
    body = {"rule": "handler_failed", "state": "all", "reason": "a load test", "rate": 1000}

    done = (await api.post("/dead-letters/discard", json=body)).json()

    assert done["discarded"] == [3]
    assert [one["number"] for one in done["skipped"]] == [1]
    assert "was redriven by anna@example.org" in done["skipped"][0]["why"]


async def test_a_dry_run_of_one_that_was_decided_upon_says_by_whom(api, letters):
    await api.post("/dead-letters/1/discard", json={"reason": "a load test"})
    only = {"state": "all", "after": 0, "limit": 1, "reason": "again", "dry_run": True}

    would = (await api.post("/dead-letters/discard", json=only)).json()

    assert would["discarded"] == []
    [left] = would["skipped"]
    assert left["number"] == 1
    assert "was discarded by anna@example.org" in left["why"]


async def test_many_are_not_discarded_without_a_reason(api, letters):
    for body in ({"service": LEDGER}, {"service": LEDGER, "reason": ""}):
        answer = await api.post("/dead-letters/discard", json=body)

        assert (answer.status_code, answer.json()["where"]) == (422, "reason")
    assert numbers(await api.get("/dead-letters")) == [4, 3, 2, 1]


@pytest.mark.parametrize("act", ["redrive", "discard"])
@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"limit": 1_000_000}, "limit"),
        ({"limit": 1000, "rate": 1}, "limit"),
        ({"rate": 0}, "rate"),
        ({"since": "yesterday"}, "since"),
    ],
)
async def test_every_bound_of_a_request_for_many_is_named(api, letters, act, body, where):
    answer = await api.post(f"/dead-letters/{act}", json={"reason": "mended", **body})

    assert answer.status_code == 422
    assert answer.json()["where"] == where


def test_one_request_of_the_largest_size_ends_in_time_at_some_rate():
    settings = Settings()

    assert settings.redrive_limit / 1000 <= settings.redrive_seconds

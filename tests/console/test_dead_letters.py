"""Dead letters over HTTP: listed, grouped, redriven and discarded by operators of all tenants."""

from datetime import timedelta

import pytest

from contracts.run import RunRedriven
from contracts.subjects import GUARDRAIL, LEDGER, RUNS
from services.console.dead_letters import DeadLetter
from services.console.settings import Settings
from shared.errors import LogUnavailable
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.histories import whole_run


def letter(number, fact, **changes):
    known = {
        "number": number,
        "stored_at": NOON + timedelta(minutes=number),
        "service": LEDGER,
        "stream": RUNS,
        "sequence": fact.sequence,
        "subject": f"run.acme.r-1.{fact.type}",
        "rule": "handler_failed",
        "reason": "it failed",
        "tenant": "acme",
        "run_id": "r-1",
        "type": fact.type,
        "body_text": "{}",
    }
    return DeadLetter(**{**known, **changes})


@pytest.fixture
def asked(take, bus):
    """A fact that the ledger hears."""
    take(whole_run())
    return next(one for one in bus.facts if one.type == "model.requested")


@pytest.fixture
def letters(desk, asked):
    """Three of the ledger, of which one is about no fact; and one of the guardrail."""
    stored = desk.dead_letters.stored
    stored[:] = [
        letter(1, asked),
        letter(2, asked, rule="bad_body", sequence=999),
        letter(3, asked, service=GUARDRAIL, run_id="r-2"),
        letter(4, asked, rule="crash_loop", tenant="other"),
    ]
    return stored


def numbers(answer):
    return [one["number"] for one in answer.json()]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"service": LEDGER}, [4, 2, 1]),
        ({"rule": "crash_loop"}, [4]),
        ({"tenant": "other"}, [4]),
        ({"run_id": "r-2"}, [3]),
        ({"since": (NOON + timedelta(minutes=3)).isoformat()}, [4, 3]),
        ({"service": LEDGER, "rule": "handler_failed"}, [1]),
        ({"limit": 2}, [4, 3]),
        ({"state": "redriven"}, []),
        ({"state": "all"}, [4, 3, 2, 1]),
    ],
)
async def test_letters_are_listed_by_what_they_are_the_newest_first(api, letters, query, found):
    answer = await api.get("/dead-letters", params=query)

    assert numbers(answer) == found
    assert all("body_text" not in one for one in answer.json())


async def test_a_filter_that_is_unknown_is_refused_and_not_passed_over(api, letters):
    assert (await api.get("/dead-letters", params={"servce": "x"})).status_code == 422
    assert (await api.post("/dead-letters/redrive", json={"servce": "x"})).status_code == 422


async def test_letters_are_counted_by_rule(api, letters):
    groups = (await api.get("/dead-letters/groups", params={"by": "rule"})).json()

    assert [(one["value"], one["letters"]) for one in groups] == [
        ("handler_failed", 2),
        ("bad_body", 1),
        ("crash_loop", 1),
    ]


async def test_a_redrive_is_a_fact_for_the_service_and_a_note_on_the_letter(
    api, bus, letters, asked
):
    answer = await api.post("/dead-letters/1/redrive", json={"reason": "mended"})

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["decided_by"]) == (
        "redriven",
        "anna@example.org",
    )
    [said] = bus.bodies(RunRedriven)
    assert (said.service, said.sequence, said.reason) == (LEDGER, asked.sequence, "mended")
    assert bus.facts[-1].cause_id == asked.id
    assert numbers(await api.get("/dead-letters")) == [4, 3, 2]


async def test_a_redrive_that_the_log_did_not_take_leaves_its_letter_open(
    api, bus, letters, monkeypatch
):
    async def away(cause, body):
        raise LogUnavailable("RUNS", 15, "away")

    monkeypatch.setattr(bus, "say", away)

    answer = await api.post("/dead-letters/1/redrive")
    many = (await api.post("/dead-letters/redrive", json={"rule": "handler_failed"})).json()

    assert answer.status_code == 503
    assert [one["number"] for one in many["failed"]] == [1]
    assert letters[0].state == "open"


async def test_a_letter_is_decided_upon_once(api, bus, letters):
    await api.post("/dead-letters/1/redrive")

    again = await api.post("/dead-letters/1/redrive")
    other = await api.post("/dead-letters/1/discard", json={"reason": "no"})

    assert (again.status_code, other.status_code) == (409, 409)
    assert "was redriven by anna@example.org" in again.json()["what"]
    assert len(bus.bodies(RunRedriven)) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sequence": 999}, "the log has no message 999"),
        ({"stream": "TIMERS"}, "lies in TIMERS"),
        ({"stream": ""}, "lies in no stream"),
        ({"service": GUARDRAIL}, "guardrail_checker does not hear model.requested"),
        ({"service": "nobody"}, "nobody does not hear"),
        ({"run_id": "r-7"}, "is another than it says"),
        ({"type": "task.submitted"}, "is another than it says"),
    ],
)
async def test_what_cannot_be_redriven_is_refused_with_its_reason(
    api, bus, letters, asked, change, why
):
    letters[0] = letter(1, asked, **change)

    answer = await api.post("/dead-letters/1/redrive")

    assert answer.status_code == 409
    assert why in answer.json()["what"]
    assert "interlock dlq discard 1" in answer.json()["remedy"]
    assert bus.bodies(RunRedriven) == []
    assert letters[0].state == "open"


async def test_a_letter_about_a_redrive_stands_for_the_fact_that_it_names(api, bus, letters, asked):
    """A redrive that killed its worker is put aside unread."""
    await api.post("/dead-letters/1/redrive")
    redrive = bus.facts[-1]
    letters.append(letter(5, redrive, rule="crash_loop"))

    answer = await api.post("/dead-letters/5/redrive")

    assert answer.status_code == 200
    assert [one.sequence for one in bus.bodies(RunRedriven)] == [asked.sequence] * 2


async def test_a_letter_is_discarded_with_a_reason_and_kept(api, letters):
    without = await api.post("/dead-letters/2/discard", json={"reason": ""})

    answer = await api.post("/dead-letters/2/discard", json={"reason": "a test by Vera"})

    assert without.status_code == 422
    assert (answer.json()["state"], answer.json()["decision"]) == ("discarded", "a test by Vera")
    assert numbers(await api.get("/dead-letters")) == [4, 3, 1]
    assert (await api.get("/dead-letters/2")).json()["decided_by"] == "anna@example.org"


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


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"limit": 1_000_000}, "limit"),
        ({"limit": 1000, "rate": 1}, "limit"),
        ({"rate": 0}, "rate"),
        ({"since": "yesterday"}, "since"),
    ],
)
async def test_every_bound_of_a_bulk_redrive_is_named(api, letters, body, where):
    answer = await api.post("/dead-letters/redrive", json=body)

    assert answer.status_code == 422
    assert answer.json()["where"] == where


@pytest.mark.parametrize("token", ["vera-token", "tom-token"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/groups"),
        ("GET", "/1"),
        ("POST", "/1/redrive"),
        ("POST", "/1/discard"),
        ("POST", "/redrive"),
    ],
)
async def test_only_an_operator_of_all_tenants_reaches_them(api, bus, letters, token, method, path):
    body = {"json": {"reason": "x"}} if method == "POST" else {}

    answer = await api.request(method, f"/dead-letters{path}", headers=as_(token), **body)

    assert answer.status_code == 403
    assert bus.bodies(RunRedriven) == []
    assert letters[0].state == "open"


def test_one_request_of_the_largest_size_ends_in_time_at_some_rate():
    settings = Settings()

    assert settings.redrive_limit / 1000 <= settings.redrive_seconds

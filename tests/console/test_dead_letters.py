"""Dead letters over HTTP: listed, grouped, redriven and discarded by operators of all tenants."""

from datetime import timedelta

import pytest

from contracts.run import RunRedriven
from contracts.subjects import GUARDRAIL, LEDGER, ORCHESTRATOR, TIMERS
from services.console.dead_letters.redriving import heard_by
from shared.errors import LogUnavailable
from tests.bodies import NOON
from tests.console.conftest import as_, letter


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


def parked_timer(asked, **changes):
    """As the orchestrator puts the timer of a run aside that ends whoever it wakes."""
    place = {"stream": TIMERS, "sequence": 3, "type": "timer.fired", "service": ORCHESTRATOR}
    return letter(5, asked, subject="timer.fired.acme.r-1", rule="crash_loop", **place | changes)


async def test_a_parked_timer_is_redriven_by_the_last_fact_that_woke_its_run(api, bus, letters):
    """Also of a run that has ended: what became of its calls may not be told yet."""
    letters.append(parked_timer(bus.facts[-1]))

    answer = await api.post("/dead-letters/5/redrive")

    assert answer.status_code == 200
    [said] = bus.bodies(RunRedriven)
    heard = [one for one in bus.facts if one.type in heard_by(ORCHESTRATOR)]
    assert (said.service, said.sequence) == (ORCHESTRATOR, heard[-1].sequence)
    assert answer.json()["state"] == "redriven"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"run_id": "r-7"}, "the log has no run r-7 of acme"),
        ({"service": LEDGER}, "lies in TIMERS"),
        ({"type": "", "tenant": "", "run_id": ""}, "lies in TIMERS"),
    ],
)
async def test_a_timer_that_wakes_nothing_is_refused_with_its_reason(
    api, bus, letters, asked, change, why
):
    letters.append(parked_timer(asked, **change))

    answer = await api.post("/dead-letters/5/redrive")

    assert answer.status_code == 409
    assert why in answer.json()["what"]
    assert bus.bodies(RunRedriven) == []


async def test_a_letter_is_discarded_with_a_reason_and_kept(api, letters):
    without = await api.post("/dead-letters/2/discard", json={"reason": ""})

    answer = await api.post("/dead-letters/2/discard", json={"reason": "a test by Vera"})

    assert without.status_code == 422
    assert (answer.json()["state"], answer.json()["decision"]) == ("discarded", "a test by Vera")
    assert numbers(await api.get("/dead-letters")) == [4, 3, 1]
    assert (await api.get("/dead-letters/2")).json()["decided_by"] == "anna@example.org"


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
        ("POST", "/discard"),
    ],
)
async def test_only_an_operator_of_all_tenants_reaches_them(api, bus, letters, token, method, path):
    body = {"json": {"reason": "x"}} if method == "POST" else {}

    answer = await api.request(method, f"/dead-letters{path}", headers=as_(token), **body)

    assert answer.status_code == 403
    assert bus.bodies(RunRedriven) == []
    assert letters[0].state == "open"

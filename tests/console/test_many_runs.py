"""One thing asked of many runs by what they are: each is accounted for, and again is no harm."""

import pytest

from contracts.control import (
    RunCancelRequested,
    RunPaused,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.run import RunCompleted
from services.console.settings import Settings
from services.observer.rules import project
from shared.errors import LogUnavailable
from tests.bodies import manifest
from tests.console.conftest import as_
from tests.histories import History

WHY = {"reason": "an incident", "rate": 1000}


@pytest.fixture
async def listed(bus, desk):
    """Four open runs, the oldest first; r-3 is of another tenant."""
    for number in range(4):
        history = History(tenant="other" if number == 3 else "acme", run_id=f"r-{number}")
        history.begin(manifest())
        bus.given(*history.facts)
    await show(bus, desk)


async def show(bus, desk):
    """The list learns all that lies in the log."""
    await desk.store.apply([one for fact in bus.facts for one in project(fact)])


def ids(named):
    return [one["run_id"] for one in named]


async def end(bus, run_id):
    run = await bus.read("acme", run_id)
    await bus.append(run, run.root, RunCompleted(answer="ok", steps=0))


async def test_all_that_fit_are_asked_the_oldest_first(api, bus, listed):
    done = (await api.post("/runs/cancel", json={"tenant": "acme", **WHY})).json()

    assert (done["matched"], done["whole"], ids(done["asked"])) == (3, True, ["r-0", "r-1", "r-2"])
    said = bus.bodies(RunCancelRequested)
    assert {(one.principal, one.reason) for one in said} == {("anna@example.org", "an incident")}
    assert len(said) == 3


async def test_a_dry_run_tells_the_same_and_asks_nobody(api, bus, listed):
    asked = {"agent": "support", "dry_run": True, **WHY}

    done = (await api.post("/runs/cancel", json=asked)).json()

    assert len(done["asked"]) == 4
    assert bus.bodies(RunCancelRequested) == []


async def test_again_asks_nobody_twice(api, bus, listed):
    await api.post("/runs/cancel", json={"tenant": "acme", **WHY})

    again = (await api.post("/runs/cancel", json={"tenant": "acme", **WHY})).json()

    assert (again["asked"], ids(again["skipped"])) == ([], ["r-0", "r-1", "r-2"])
    assert again["skipped"][0]["why"] == "its end was asked for before"
    assert len(bus.bodies(RunCancelRequested)) == 3


async def test_a_run_that_ended_before_the_list_learned_of_it_is_told_as_ended(api, bus, listed):
    await end(bus, "r-1")

    done = (await api.post("/runs/cancel", json={"tenant": "acme", **WHY})).json()

    assert (ids(done["asked"]), ids(done["ended"])) == (["r-0", "r-2"], ["r-1"])


async def test_what_has_ended_fits_no_longer(api, bus, desk, listed):
    await end(bus, "r-1")
    await show(bus, desk)

    done = (await api.post("/runs/cancel", json={"tenant": "acme", **WHY})).json()

    assert (done["matched"], ids(done["asked"])) == (2, ["r-0", "r-2"])


async def test_one_request_goes_on_where_the_one_before_it_ended(api, listed):
    asked = {"agent": "support", "limit": 3, **WHY}
    first = (await api.post("/runs/cancel", json=asked)).json()

    second = (await api.post("/runs/cancel", json={**asked, "after": first["after"]})).json()

    assert ids(first["asked"]) + ids(second["asked"]) == ["r-0", "r-1", "r-2", "r-3"]


async def test_a_run_whose_log_cannot_be_read_is_told_and_the_others_are_asked(
    api, bus, listed, monkeypatch
):
    read = bus.read

    async def away(tenant, run_id, **more):
        if run_id == "r-1":
            raise LogUnavailable("run.acme.r-1.>", 5.0, "no answer")
        return await read(tenant, run_id, **more)

    monkeypatch.setattr(bus, "read", away)

    done = (await api.post("/runs/cancel", json={"tenant": "acme", **WHY})).json()

    assert (ids(done["asked"]), ids(done["failed"])) == (["r-0", "r-2"], ["r-1"])


async def test_many_are_paused_and_go_on_again(api, bus, desk, listed):
    paused = (await api.post("/runs/pause", json={"tenant": "acme", **WHY})).json()
    for asked in [one for one in bus.facts if isinstance(one.body, RunPauseRequested)]:
        await bus.say(asked, RunPaused(scope="run", principal="anna", number=1))
    await show(bus, desk)

    resumed = (await api.post("/runs/resume", json={"agent": "support", **WHY})).json()

    assert ids(paused["asked"]) == ids(resumed["asked"]) == ["r-0", "r-1", "r-2"]
    assert len(bus.bodies(RunResumeRequested)) == 3


async def test_a_run_that_stands_still_by_an_order_is_passed_over(api, bus, desk, listed):
    run = await bus.read("acme", "r-0")
    await bus.say(run.submitted, RunPaused(scope="tenant", principal="otto", number=1))
    await show(bus, desk)

    done = (await api.post("/runs/resume", json={"agent": "support", **WHY})).json()

    assert ids(done["skipped"]) == ["r-0"]
    assert "an order for its tenant" in done["skipped"][0]["why"]


@pytest.mark.parametrize(
    ("verb", "body", "told"),
    [
        ("cancel", {"reason": "x"}, "names no run"),
        ("cancel", {"agent": "support"}, "reason"),
        ("cancel", {"agent": "support", "status": "failed", "reason": "x"}, "status"),
        ("cancel", {"agnet": "support", "reason": "x"}, "agnet"),
        ("resume", {"status": "running"}, "leave it out, or choose of paused"),
        ("pause", {"agent": "support", "limit": 5000}, "one request looks at 1000"),
        ("pause", {"agent": "support", "limit": 500, "rate": 10}, "take 50 s"),
    ],
)
async def test_a_request_that_cannot_be_meant_is_refused_with_what_to_do(
    api, bus, listed, verb, body, told
):
    answer = await api.post(f"/runs/{verb}", json=body)

    assert answer.status_code == 422
    assert told in answer.text
    assert bus.bodies(RunPauseRequested) + bus.bodies(RunCancelRequested) == []


async def test_who_is_of_a_tenant_asks_its_runs_alone(api, bus, listed):
    asked = {"agent": "support", **WHY}

    done = (await api.post("/runs/cancel", json=asked, headers=as_("tom-token"))).json()
    refused = await api.post(
        "/runs/cancel", json={**asked, "tenant": "acme"}, headers=as_("tom-token")
    )

    assert ids(done["asked"]) == ["r-3"]
    assert refused.status_code == 403


async def test_a_viewer_may_ask_nobody(api, bus, listed):
    answer = await api.post(
        "/runs/cancel", json={"agent": "support", **WHY}, headers=as_("vera-token")
    )

    assert answer.status_code == 403
    assert bus.bodies(RunCancelRequested) == []


def test_what_one_request_does_is_bounded_by_settings():
    settings = Settings()

    assert (settings.control_limit, settings.control_seconds) == (1000, 20.0)

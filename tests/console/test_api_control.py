"""Pausing, stopping and adding to what runs: what the API records, and what it refuses."""

import pytest

from contracts.control import (
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
    RunParentPaused,
    RunPaused,
    RunPauseRequested,
    RunResumeRequested,
)
from services.observer.rules import project
from shared.testing import MemoryBus
from tests.bodies import input_cleared, manifest, ordered, run_queued, task, task_cleared
from tests.console.conftest import as_
from tests.histories import History, whole_run


@pytest.fixture
def running(take):
    history = History()
    history.begin(manifest())
    take(history)
    return history


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("cancel", RunCancelRequested),
        ("pause", RunPauseRequested),
        ("resume", RunResumeRequested),
    ],
)
async def test_a_request_is_said_for_the_person_with_the_reason(api, bus, running, verb, kind):
    answer = await api.post(f"/runs/r-1/{verb}", json={"reason": "an incident"})

    assert answer.status_code == 202
    assert answer.json()["status"] == f"{verb}_requested"
    (said,) = bus.bodies(kind)
    assert (said.principal, said.reason) == ("anna@example.org", "an incident")


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "input"])
async def test_nothing_can_be_asked_of_a_run_that_has_ended(api, bus, take, verb):
    take(whole_run())
    before = len(bus.facts)

    answer = await api.post(f"/runs/r-1/{verb}", json={"text": "And?"} if verb == "input" else {})

    assert answer.status_code == 409
    assert len(bus.facts) == before


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "input"])
async def test_a_viewer_may_ask_for_nothing(api, running, verb):
    answer = await api.post(f"/runs/r-1/{verb}", json={}, headers=as_("vera-token"))

    assert answer.status_code == 403


async def test_a_run_of_a_paused_tenant_is_not_resumed_alone(api, bus, running):
    paused = RunPaused(scope="tenant", principal="otto", number=1)
    await bus.say(running.facts[0], paused)

    answer = await api.post("/runs/r-1/resume")

    assert answer.status_code == 409
    assert "runs orders" in answer.json()["remedy"]


async def test_a_run_that_is_paused_with_its_caller_is_not_resumed_alone(api, bus, running):
    said = RunParentPaused(parent_run_id="r-0", principal="otto", number=1)
    told = await bus.say(running.facts[0], said)
    await bus.say(told, RunPaused(scope="parent", principal="otto", number=1))

    answer = await api.post("/runs/r-1/resume")

    assert answer.status_code == 409
    assert "interlock runs resume r-0" in answer.json()["remedy"]


async def test_an_input_is_recorded_with_its_policy_and_its_person(api, bus, running):
    answer = await api.post("/runs/r-1/input", json={"text": "And?", "policy": "interrupt"})

    assert answer.status_code == 202
    assert answer.json()["outcome"] == "recorded"
    (said,) = bus.bodies(InputSubmitted)
    assert (said.text, said.policy, said.user) == ("And?", "interrupt", "anna@example.org")


class Answering(MemoryBus):
    """A bus on which every input is cleared at once, and then meets its fate."""

    fate = None

    async def say(self, cause, body):
        said = await super().say(cause, body)
        if isinstance(body, InputSubmitted):
            cleared = await super().say(said, input_cleared(body.text))
            if self.fate is not None:
                await super().say(cleared, self.fate)
        return said


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (InputTaken(policy="enqueue", step=2), "taken"),
        (InputRefused(rule="busy", reason="step 1 is under way"), "refused: busy"),
        (None, "waiting"),
    ],
)
async def test_an_input_tells_what_became_of_it(api, bus, desk, running, fate, outcome):
    desk.bus = Answering(facts=bus.facts)
    desk.bus.fate = fate

    answer = await api.post("/runs/r-1/input", json={"text": "And?"})

    assert answer.json()["outcome"] == outcome


async def test_an_order_is_given_in_the_name_of_the_person(api, desk):
    order = {"scope": "agent", "name": "support", "state": "paused", "reason": "it loops"}

    answer = await api.post("/control", json=order)

    assert answer.status_code == 202
    (given,) = desk.orders.given
    assert (given.subject, given.state) == ("control.agent.support", "paused")
    assert (given.principal, given.reason) == ("anna@example.org", "it loops")


async def test_orders_in_force_are_listed_and_lifted_ones_are_not(api, desk):
    desk.orders.given += [
        ordered("platform", None, "paused"),
        ordered("agent", "support", "stopped"),
        ordered("platform", None, "running"),
    ]

    answer = await api.get("/control", headers=as_("vera-token"))

    assert [(one["scope"], one["name"], one["state"]) for one in answer.json()] == [
        ("agent", "support", "stopped")
    ]


async def test_a_person_of_one_tenant_sees_no_order_about_another(api, desk):
    desk.orders.given += [
        ordered("tenant", "acme", "paused"),
        ordered("tenant", "other", "paused"),
    ]

    answer = await api.get("/control", headers=as_("tom-token"))

    assert [one["name"] for one in answer.json()] == ["other"]


@pytest.mark.parametrize(
    ("token", "order", "status"),
    [
        ("vera-token", {"scope": "platform"}, 403),
        ("tom-token", {"scope": "platform"}, 403),
        ("tom-token", {"scope": "agent", "name": "support"}, 403),
        ("tom-token", {"scope": "tenant", "name": "acme"}, 403),
        ("tom-token", {"scope": "tenant", "name": "other"}, 202),
        ("anna-token", {"scope": "tenant"}, 422),
        ("anna-token", {"scope": "platform", "name": "all"}, 422),
        ("anna-token", {"scope": "agent", "name": "suport"}, 422),
        ("anna-token", {"scope": "platform"}, 202),
    ],
)
async def test_who_may_order_what(api, desk, token, order, status):
    answer = await api.post("/control", json={**order, "state": "stopped"}, headers=as_(token))

    assert answer.status_code == status
    assert len(desk.orders.given) == (1 if status == 202 else 0)


async def test_lists_show_what_is_queued_and_what_stands_still(api, desk):
    queued, paused = History(run_id="r-2"), History(run_id="r-3")
    cleared = queued.say(task_cleared(), queued.say(task()))
    queued.say(run_queued(), cleared)
    paused.begin(manifest())
    paused.say(RunPaused(scope="run", principal="anna", number=1), paused.root)
    for history in (queued, paused):
        await desk.store.apply([one for fact in history.facts for one in project(fact)])

    found = {}
    for status in ("queued", "paused"):
        lines = (await api.get("/runs", params={"status": status})).json()
        found[status] = [line["run_id"] for line in lines]

    assert found == {"queued": ["r-2"], "paused": ["r-3"]}

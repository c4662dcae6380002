import asyncio
import json

import pytest

from contracts.control import RunCancelRequested
from contracts.history import digest, fold, prompt
from contracts.run import RunArchived
from contracts.task import TaskSubmitted
from services.console.api.events import HEARTBEAT, follow
from services.observer.rules import project
from tests.bodies import manifest, model_requested
from tests.console.conftest import as_
from tests.histories import History, whole_run

TASK = {"agent": "support", "input": "Where is my parcel?", "run_id": "r-9"}


async def test_a_task_becomes_a_run(api, bus):
    answer = await api.post("/tasks", json=TASK)

    assert answer.status_code == 201
    assert answer.json() == {
        "tenant": "acme",
        "run_id": "r-9",
        "status": "submitted",
        "created": True,
    }
    assert bus.bodies(TaskSubmitted)[0].input == "Where is my parcel?"


async def test_the_same_task_again_is_the_same_run(api, bus):
    await api.post("/tasks", json=TASK)

    answer = await api.post("/tasks", json=TASK)

    assert answer.status_code == 200
    assert not answer.json()["created"]
    assert len(bus.facts) == 1


async def test_another_task_under_a_taken_name_is_a_conflict(api, bus):
    await api.post("/tasks", json=TASK)

    answer = await api.post("/tasks", json={**TASK, "input": "Something else"})

    assert answer.status_code == 409
    assert answer.json()["where"] == "run_id"
    assert len(bus.facts) == 1


async def test_a_task_without_a_name_gets_one(api):
    answer = await api.post("/tasks", json={"agent": "support", "input": "Hello"})

    assert answer.json()["run_id"].startswith("r-")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"input": ""}, "input"),
        ({"run_id": "no dots."}, "run_id"),
        ({"limits": {"budget_usd": -1}}, "limits.budget_usd"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_bad_input_names_its_field(api, change, where):
    answer = await api.post("/tasks", json={**TASK, **change})

    assert answer.status_code == 422
    assert answer.json()["where"] == where


async def test_a_body_that_is_not_called_json_is_told_so(api):
    answer = await api.post("/tasks", content=json.dumps(TASK))

    assert answer.status_code == 422
    assert "content-type: application/json" in answer.json()["remedy"]


async def test_an_unknown_agent_names_the_known_ones(api):
    answer = await api.post("/tasks", json={**TASK, "agent": "suport"})

    assert answer.status_code == 422
    assert answer.json()["remedy"] == "known are support"


async def test_a_body_over_the_limit_is_refused_and_the_limit_named(api, bus):
    answer = await api.post("/tasks", json={**TASK, "input": "x" * 5000})

    assert answer.status_code == 413
    assert answer.json()["where"] == "body_limit_bytes"
    assert bus.facts == []


@pytest.mark.parametrize(
    ("headers", "status"), [({"authorization": ""}, 401), (as_("nobody"), 401)]
)
async def test_without_a_token_nothing_is_told(api, headers, status):
    answer = await api.get("/runs", headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_viewer_may_not_submit(api):
    answer = await api.post("/tasks", json=TASK, headers=as_("vera-token"))

    assert answer.status_code == 403


async def test_a_person_of_one_tenant_reaches_no_other(api, take):
    take(whole_run())

    beyond = await api.get("/runs/r-1", params={"tenant": "acme"}, headers=as_("tom-token"))
    own = await api.get("/runs/r-1", headers=as_("tom-token"))

    assert beyond.status_code == 403
    assert own.status_code == 404


async def test_a_run_is_folded_from_the_log(api, take):
    take(whole_run())

    run = (await api.get("/runs/r-1")).json()

    assert run["status"] == "completed"
    assert run["answer"] == "It was shipped."
    assert run["cost_micro_usd"] == 240
    (call,) = run["steps"][0]["calls"]
    assert (call["tool"], call["verdict"], call["outcome"], call["result"]) == (
        "find_order",
        "cleared",
        "succeeded",
        "shipped",
    )


async def test_an_unknown_run_is_not_found(api):
    for path in ("/runs/r-0", "/runs/r-0/facts", "/runs/r-0/events", "/runs/r-0/prompt/1"):
        assert (await api.get(path)).status_code == 404


async def test_runs_are_listed_by_what_is_asked(api, desk):
    await desk.store.apply([c for fact in whole_run().facts for c in project(fact)])

    assert len((await api.get("/runs", params={"status": "completed"})).json()) == 1
    assert (await api.get("/runs", params={"status": "failed"})).json() == []
    assert (await api.get("/runs", params={"tenant": "other"})).json() == []


async def test_a_run_that_no_read_model_knows_yet_is_found_in_the_log(api, take):
    history = History(tenant="other")
    history.begin()
    take(history)

    assert (await api.get("/runs/r-1")).json()["tenant"] == "other"


async def test_two_tenants_with_one_id_must_be_told_apart(api, desk):
    for tenant in ("acme", "other"):
        history = History(tenant=tenant)
        history.begin()
        await desk.store.apply([c for fact in history.facts for c in project(fact)])

    answer = await api.get("/runs/r-1")

    assert answer.status_code == 409
    assert "acme, other" in answer.json()["what"]


async def test_facts_come_whole_and_in_log_order(api, take):
    history = whole_run()
    take(history)

    facts = (await api.get("/runs/r-1/facts")).json()

    assert [fact["id"] for fact in facts] == [fact.id for fact in history.facts]
    assert facts[1]["owner"] == "guardrail_checker"


async def test_events_end_with_the_run_and_resume_after_the_last_one_seen(api, take):
    history = whole_run()
    take(history)

    whole = (await api.get("/runs/r-1/events")).text
    rest = (await api.get("/runs/r-1/events", headers={"last-event-id": "10"})).text

    ids = [line for line in whole.splitlines() if line.startswith("id: ")]
    assert len(ids) == len(history.facts)
    assert rest.startswith("id: 11\n")
    last = str(len(history.facts))
    done = await api.get("/runs/r-1/events", headers={"last-event-id": last})
    assert done.status_code == 204


async def test_events_go_on_live_with_heartbeats_between(bus, desk):
    history = whole_run()
    bus.facts.extend(history.facts[:3])

    events = follow(desk, await desk.run("acme", "r-1"), after=0)
    told = [await anext(events) for _ in range(4)]
    bus.facts.extend(history.facts[3:])
    desk.bell.ring("acme", "r-1")
    told += [one async for one in events]

    assert told[3] == HEARTBEAT
    facts = [json.loads(one.split("data: ")[1]) for one in told if one != HEARTBEAT]
    assert [one["sequence"] for one in facts] == list(range(1, len(history.facts) + 1))
    assert desk.streams == 0


async def test_events_of_a_deleted_run_are_its_tombstone_and_end(api, take):
    gone = History(run_id="r-1")
    digest = "0" * 64
    gone.say(RunArchived(archive_sha256=digest, task_sha256=digest, facts=9), gone.root)
    take(gone)

    told = (await asyncio.wait_for(api.get("/runs/r-1/events"), 5)).text

    assert told.count("id: ") == 1
    assert '"run.archived"' in told


async def test_event_streams_are_bounded(api, desk, take):
    take(whole_run())
    desk.streams = desk.settings.event_streams

    answer = await api.get("/runs/r-1/events")

    assert answer.status_code == 503
    assert answer.json()["where"] == "event_streams"


async def test_a_prompt_is_rebuilt_to_its_digest_whatever_came_after(api, bus):
    history = History()
    started = history.begin(manifest())
    seen = prompt(fold(history.facts))
    asked = model_requested(1, position=3).model_copy(update={"prompt_sha256": digest(seen)})
    history.answer(history.fund(history.say(asked, started)), text="Hello")
    bus.facts.extend(history.facts)

    view = (await api.get("/runs/r-1/prompt/1")).json()

    assert view["matches"]
    assert view["prompt"]["turns"][0]["parts"][0]["text"] == "Where is my parcel?"
    assert (await api.get("/runs/r-1/prompt/2")).status_code == 404


async def test_a_cancellation_is_said_for_the_person_who_asked(api, bus):
    history = History()
    history.begin()
    bus.facts.extend(history.facts)

    answer = await api.post("/runs/r-1/cancel", json={"reason": "wrong order"})

    assert answer.status_code == 202
    (said,) = bus.bodies(RunCancelRequested)
    assert (said.principal, said.reason) == ("anna@example.org", "wrong order")


async def test_a_run_that_has_ended_is_not_cancelled(api, take):
    take(whole_run())

    assert (await api.post("/runs/r-1/cancel")).status_code == 409


async def test_cost_is_reported_by_known_dimensions_only(api, desk):
    desk.store.costs = [{"tenant": "acme", "agent": "support", "cost_micro_usd": 240}]

    report = (await api.get("/cost", params={"by": "agent"})).json()
    wrong = await api.get("/cost", params={"by": "agent;drop table"})

    assert report["total_micro_usd"] == 240
    assert wrong.status_code == 422


async def test_agents_and_dead_letters_can_be_looked_at(api):
    assert (await api.get("/agents")).json()[0]["name"] == "support"
    assert (await api.get("/agents/support")).json()["definition"]["tools"] == ["find_order"]
    assert (await api.get("/agents/none")).status_code == 404
    assert (await api.get("/dead-letters")).json()[0]["rule"] == "bad_body"
    assert (await api.get("/dead-letters/7")).json()["number"] == 7
    assert (await api.get("/dead-letters/8")).status_code == 404
    assert (await api.get("/dead-letters", headers=as_("tom-token"))).status_code == 403


async def test_the_reference_loads_nothing_from_elsewhere(api):
    page = await api.get("http://console/api/docs")

    assert "/api/v1/tasks" in page.text
    assert "<script" not in page.text
    assert "https://" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await api.get("http://console/api/openapi.json")).status_code == 200

"""A submission is cleared for what the log and the schedules say, not for what it says itself."""

from dataclasses import replace

import pytest

from contracts.agent import Agent
from contracts.guardrail import TaskBlocked, TaskCleared
from contracts.run import RunCompleted
from contracts.schedule import Schedule, scheduled_task
from contracts.task import (
    Fork,
    Judging,
    TaskDelegated,
    TaskLimits,
    TaskPutToJudge,
    TaskSubmitted,
)
from contracts.tool import ToolClaimed
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_task
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, agent, task
from tests.families import CLERK, Calling, child_task
from tests.histories import whole_run

CHILD = "r-0_1-1-1"
CARVED = TaskLimits(budget_usd="0.1", steps=3)
NIGHTLY = Schedule(name="nightly", cron="0 7 * * *", tenant="acme", task=task("What is open?"))
FINDER = CLERK.model_copy(update={"tools": ("find_order",)})
JUDGE = Agent(name="judge-a", instructions="Judge.")
DESK = Desk(
    {"support": agent(), "clerk": CLERK, "judge-a": JUDGE},
    ToolPolicy(),
    Shelf(),
    check_timeout_seconds=1.0,
    schedules={"nightly": NIGHTLY},
)


def bus_of(*facts) -> MemoryBus:
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*facts)
    return bus


async def verdict(
    bus: MemoryBus, run_id: str, claim: TaskSubmitted, tenant: str = "acme", desk: Desk = DESK
):
    """What the gate says of a submission."""
    await bus.submit(tenant, run_id, claim)
    await gate_task(Heard(bus.facts[-1]), bus, desk)
    return bus.facts[-1].body


def called() -> MemoryBus:
    """A run whose call of the clerk is cleared, and claimed for its child."""
    parent = Calling()
    parent.claim()
    return bus_of(*parent.facts)


def child(**changes: object) -> TaskDelegated:
    return child_task(**{"limits": CARVED} | changes)


async def test_what_a_run_called_is_cleared():
    assert isinstance(await verdict(called(), CHILD, child()), TaskCleared)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"input": "Send me all the money."}, "not what run r-0 called"),
        ({"agent": "support"}, "not what run r-0 called"),
        ({"user": "mallory"}, "not what run r-0 called"),
        ({"requester": "mallory"}, "not what run r-0 called"),
        ({"customer": "c-2"}, "not what run r-0 called"),
        ({"priority": 1}, "not what run r-0 called"),
        ({"plan": {"issue_refund": 9}}, "not what run r-0 called"),
        ({"continues": "r-9"}, "not what run r-0 called"),
        ({"fork": Fork(run_id="r-9")}, "not what run r-0 called"),
        ({"depth": 7}, "not what run r-0 called"),
        ({"parent": "r-9"}, "run r-9 has no claim"),
        ({"call": "1-2"}, "has no claim"),
        ({"attempt": 2}, "has no claim"),
        ({"limits": TaskLimits(steps=3)}, "budget is not carved"),
        ({"limits": TaskLimits(budget_usd="9", steps=3)}, "budget is not carved"),
        ({"limits": TaskLimits(budget_usd="0.1")}, "steps are not carved"),
        ({"limits": TaskLimits(budget_usd="0.1", steps=13)}, "steps are not carved"),
    ],
)
async def test_what_no_run_called_is_refused(changes, why):
    blocked = await verdict(called(), CHILD, child(**changes))

    assert isinstance(blocked, TaskBlocked)
    assert (blocked.rule, why in blocked.reason) == ("claim_unfounded", True), blocked.reason


PLANNED = {"ask_clerk": 1, "ask_clerk/find_order": 2, "issue_refund": 1}


@pytest.mark.parametrize("plan", [None, {}, {"find_order": 3}, {"issue_refund": 1}, PLANNED])
async def test_a_child_has_the_share_of_its_caller_s_plan_and_no_other(plan):
    """Whoever steals the executor can widen what was planned for nobody."""
    parent = Calling(plan=PLANNED)
    parent.claim()

    blocked = await verdict(bus_of(*parent.facts), CHILD, child(plan=plan))

    assert (blocked.rule, "not what run r-0 called" in blocked.reason) == ("claim_unfounded", True)


async def test_the_share_of_a_plan_is_cleared():
    parent = Calling(plan={"ask_clerk": 1, "ask_clerk/find_order": 2})
    parent.claim()
    desk = replace(DESK, agents={**DESK.agents, "clerk": FINDER})

    cleared = await verdict(bus_of(*parent.facts), CHILD, child(plan={"find_order": 2}), desk=desk)

    assert isinstance(cleared, TaskCleared)


async def test_a_budget_is_no_more_than_the_author_gave_it():
    parent = Calling(budget_usd="0.05")
    parent.claim()

    blocked = await verdict(bus_of(*parent.facts), CHILD, child())

    assert "budget is not carved" in blocked.reason


async def test_a_call_that_nobody_cleared_is_answered_by_nobody():
    """Whoever steals the executor may claim what waits for a person, or was refused."""
    parent = Calling()
    escaped = parent.facts[:-1]
    claim = ToolClaimed(call="1-1", attempt=1, nonce="n", state="claimed", child_run_id=CHILD)
    bus = bus_of(*escaped)
    await bus.claim(escaped[-1], claim)

    blocked = await verdict(bus, CHILD, child())

    assert isinstance(blocked, TaskBlocked)
    assert "is not cleared" in blocked.reason


async def test_a_call_of_another_tenant_is_no_call():
    blocked = await verdict(called(), CHILD, child(), tenant="beta")

    assert isinstance(blocked, TaskBlocked)
    assert blocked.rule == "claim_unfounded"


def judged() -> MemoryBus:
    history = whole_run()
    assert isinstance(history.run.end.body, RunCompleted)
    return bus_of(*history.facts)


def question(**changes: object) -> TaskPutToJudge:
    given = {
        "agent": "judge-a",
        "input": "Was it true?",
        "feature": "evaluation",
        "judging": Judging(run_id="r-1", metric="truthful", judge="judge-a"),
        "limits": TaskLimits(steps=1),
    }
    return TaskPutToJudge(**given | changes)


async def test_a_judge_is_asked_about_a_run_that_is_over():
    assert isinstance(await verdict(judged(), "judge-1", question()), TaskCleared)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"judging": Judging(run_id="r-9", metric="m", judge="judge-a")}, "not one that is over"),
        ({"agent": "support"}, "asks for more"),
        ({"user": "mallory"}, "asks for more"),
        ({"requester": "mallory"}, "asks for more"),
        ({"limits": TaskLimits()}, "asks for more"),
        ({"limits": TaskLimits(steps=9)}, "asks for more"),
        ({"feature": "helpdesk"}, "asks for more"),
        ({"plan": {"issue_refund": 1}}, "asks for more"),
        ({"continues": "r-1"}, "asks for more"),
        (
            {"agent": "support", "judging": Judging(run_id="r-1", metric="m", judge="support")},
            "no judge: it may call",
        ),
    ],
)
async def test_a_judge_is_asked_nothing_else(changes, why):
    blocked = await verdict(judged(), "judge-1", question(**changes))

    assert isinstance(blocked, TaskBlocked)
    assert (blocked.rule, why in blocked.reason) == ("claim_unfounded", True), blocked.reason


async def test_a_run_that_goes_on_is_not_judged():
    history = whole_run()
    bus = bus_of(*[one for one in history.facts if one.type != "run.completed"])

    assert isinstance(await verdict(bus, "judge-1", question()), TaskBlocked)


async def test_what_is_due_is_cleared_as_it_stands_in_the_schedule():
    assert isinstance(await verdict(bus_of(), "nightly-1", scheduled_task(NIGHTLY)), TaskCleared)


@pytest.mark.parametrize(
    ("changes", "tenant", "why"),
    [
        ({"input": "Send me all the money."}, "acme", "not the task that stands in"),
        ({"user": "mallory"}, "acme", "not the task that stands in"),
        ({"schedule": "hourly"}, "acme", "no schedule is named"),
        ({}, "beta", "not of this tenant"),
    ],
)
async def test_what_stands_in_no_schedule_is_refused(changes, tenant, why):
    claim = scheduled_task(NIGHTLY).model_copy(update=changes)

    blocked = await verdict(bus_of(), "nightly-1", claim, tenant)

    assert isinstance(blocked, TaskBlocked)
    assert (blocked.rule, why in blocked.reason) == ("claim_unfounded", True), blocked.reason


@pytest.mark.parametrize("claim", [child(), question()], ids=["a_call", "a_question"])
async def test_a_producer_claims_no_kin(claim):
    """What it says of itself is what the executor or the evaluator would have said."""
    plain = TaskSubmitted.model_validate(dict(claim))
    bus = called() if plain.parent is not None else judged()

    blocked = await verdict(bus, CHILD, plain)

    assert isinstance(blocked, TaskBlocked)
    assert (blocked.rule, "only the" in blocked.reason) == ("claim_unfounded", True)

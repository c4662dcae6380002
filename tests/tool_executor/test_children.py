"""A call of an agent: claimed for one child, whose task is submitted, however often it is heard."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.run import RunCancelled
from contracts.task import TaskSubmitted
from contracts.tool import ToolClaimed, ToolFailed
from services.tool_executor.adapters.runner import FakeRunner
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules import Nothing, Submit, decide_clearance
from services.tool_executor.rules.children import submission
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again
from shared.testing import MemoryBus
from tests.bodies import NOON, settled, task
from tests.families import DEADLINE, Calling, child_task
from tests.tool_executor.calling import registry_of

CHILD = "r-0_1-1-1"


class Bench:
    """A bus with cleared calls of an agent, and an executor that has no tools."""

    def __init__(self, parent: Calling):
        self.parent = parent
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.bus.given(*parent.facts)
        self.runner = FakeRunner()
        self.desk = Desk(registry_of(), self.runner)

    async def hear(self, delivery=1, *, last=False):
        await run_call(Heard(self.parent.cleared, delivery, last), self.bus, self.desk)

    def tasks(self):
        own = [fact for fact in self.bus.facts if isinstance(fact.body, TaskSubmitted)]
        return [(fact.run_id, fact.body) for fact in own[1:]]

    def said(self):
        return [one.type for one in self.bus.facts[len(self.parent.facts) :]]


async def test_a_cleared_call_of_an_agent_is_claimed_for_its_child_and_submitted():
    bench = Bench(Calling())

    await bench.hear()

    [(run_id, submitted)] = bench.tasks()
    [claim] = bench.bus.bodies(ToolClaimed)
    assert bench.said() == ["tool.claimed", "task.delegated"]
    assert run_id == claim.child_run_id == CHILD
    assert (submitted.agent, submitted.input) == ("clerk", "Where is 1042?")
    assert bench.runner.ran == []


async def test_a_child_knows_its_parent_and_is_of_the_same_customer():
    parent = Calling()
    own = task(agent="boss").model_copy(update={"customer": "c-1", "user": "u", "priority": 2})
    parent.facts[0] = replace(parent.facts[0], body=own)
    bench = Bench(parent)

    await bench.hear()

    [(_, submitted)] = bench.tasks()
    above = submitted.parent
    assert (submitted.customer, submitted.user, submitted.priority) == ("c-1", "u", 2)
    assert (above.run_id, above.call, above.attempt, above.depth) == ("r-0", "1-1", 1, 1)
    assert above.deadline == DEADLINE


async def test_a_child_of_a_child_lies_one_deeper():
    parent = Calling()
    own = child_task(agent="boss")
    parent.facts[0] = replace(parent.facts[0], body=own)
    bench = Bench(parent)

    await bench.hear()

    assert bench.tasks()[0][1].parent.depth == 2


async def test_a_child_gets_what_its_author_gave_it_if_so_much_is_left():
    bench = Bench(Calling(budget_usd="0.10"))

    await bench.hear()

    assert bench.tasks()[0][1].limits.budget_usd == Decimal("0.10")


async def test_a_child_gets_no_more_than_its_parent_has_left():
    bench = Bench(Calling())

    await bench.hear()

    left = 500_000 - settled().cost_micro_usd
    assert bench.tasks()[0][1].limits.budget_micro_usd == left


async def test_a_run_without_budget_calls_nobody():
    parent = Calling()
    bill = next(n for n, one in enumerate(parent.facts) if one.type == "money.settled")
    spent = settled(cost_micro_usd=500_000)
    parent.facts[bill] = replace(parent.facts[bill], body=spent)
    bench = Bench(parent)

    await bench.hear()

    assert bench.bus.bodies(ToolFailed)[0].kind == "refused"
    assert bench.tasks() == []


async def test_a_child_gets_the_steps_that_its_parent_has_left():
    bench = Bench(Calling())

    await bench.hear()

    assert bench.tasks()[0][1].limits.steps == 12 - 1


async def test_a_run_that_has_used_up_its_steps_calls_nobody():
    bench = Bench(last_step(Calling()))

    await bench.hear()

    assert "steps" in bench.bus.bodies(ToolFailed)[0].reason
    assert bench.tasks() == []


async def test_a_run_may_hand_over_in_its_last_step():
    bench = Bench(last_step(Calling(mode="handoff")))

    await bench.hear()

    assert bench.tasks()[0][1].limits.steps == 1


def last_step(parent: Calling) -> Calling:
    """It was started with as many steps as it has taken."""
    place = next(n for n, one in enumerate(parent.facts) if one.type == "run.started")
    started = parent.facts[place].body
    limits = started.limits.model_copy(update={"steps": 1})
    changed = started.model_copy(update={"limits": limits})
    parent.facts[place] = replace(parent.facts[place], body=changed)
    return parent


async def test_a_redelivery_submits_again_and_changes_nothing():
    bench = Bench(Calling())
    await bench.hear()

    await bench.hear(delivery=2)

    assert bench.said() == ["tool.claimed", "task.delegated"]


async def test_a_crash_between_claim_and_submission_heals_with_the_next_delivery():
    bench = Bench(Calling())
    submit = bench.bus.submit

    async def dies(*_):
        raise ConnectionError

    bench.bus.submit = dies
    with pytest.raises(ConnectionError):
        await bench.hear()
    bench.bus.submit = submit
    bench.bus.clock.advance(3600)

    await bench.hear(delivery=2, last=True)

    assert bench.said() == ["tool.claimed", "task.delegated"]


async def test_money_that_was_settled_in_between_makes_it_no_other_task():
    """What is left of the budget is part of the task, and may change between two deliveries."""
    bench = Bench(Calling())
    await bench.hear()
    run = await bench.bus.read("acme", "r-0")
    run.cost_micro_usd += 17

    async def read(tenant, run_id):
        return run if run_id == "r-0" else await MemoryBus.read(bench.bus, tenant, run_id)

    bench.bus.read = read
    await bench.hear(delivery=2)

    assert bench.bus.bodies(ToolFailed) == []


async def test_a_claimed_call_is_no_failure_though_the_steps_are_used_up():
    """Its child runs already: told that the call failed, nobody would hear what it answers."""
    bench = Bench(Calling())
    await bench.hear()
    run = last_step_of(await bench.bus.read("acme", "r-0"))

    async def read(tenant, run_id):
        return run if run_id == "r-0" else await MemoryBus.read(bench.bus, tenant, run_id)

    bench.bus.read = read
    await bench.hear(delivery=2)

    assert bench.bus.bodies(ToolFailed) == []


def last_step_of(run):
    limits = run.started.body.limits.model_copy(update={"steps": 1})
    run.started = replace(run.started, body=run.started.body.model_copy(update={"limits": limits}))
    return run


async def test_a_child_whose_name_is_taken_is_a_call_that_failed():
    bench = Bench(Calling())
    await bench.bus.submit("acme", CHILD, task("something else"))

    await bench.hear()

    [failed] = bench.bus.bodies(ToolFailed)
    assert failed.kind == "unavailable"
    assert CHILD in failed.reason


async def test_two_executors_submit_one_child():
    bench = Bench(Calling())

    async def taken(cause, body):
        other = body.model_copy(update={"nonce": "another"})
        assert await MemoryBus.claim(bench.bus, cause, other)
        return False

    bench.bus.claim = taken
    with pytest.raises(Again):
        await bench.hear()
    del bench.bus.claim
    await bench.hear(delivery=2)

    assert len(bench.tasks()) == 1


async def test_a_revoked_call_of_an_agent_is_never_submitted():
    bench = Bench(Calling())
    revoked = ToolClaimed(call="1-1", attempt=1, nonce="revoked", state="revoked")
    assert await bench.bus.claim(bench.parent.cleared, revoked)

    await bench.hear()

    assert bench.tasks() == []


def test_a_run_that_has_ended_submits_no_child():
    parent = Calling()
    parent.claim()
    parent.say(RunCancelled(principal="p", reason=""), parent.root)

    decision = decide_clearance(parent.run, parent.cleared, NOON, {}, margin_seconds=1)

    assert isinstance(decision, Nothing)


def test_silence_of_a_child_is_never_unknown():
    """However late: the orchestrator tells of its end, and the deadline is the child's own."""
    parent = Calling()
    parent.claim()
    late = NOON + timedelta(days=1)

    decision = decide_clearance(parent.run, parent.cleared, late, {}, margin_seconds=1)

    assert isinstance(decision, Submit)
    assert decision.claimed


@pytest.mark.parametrize("arguments", ["{}", "[]", "no", '{"input":""}', '{"input":1}'])
def test_arguments_that_are_no_question_are_told_to_the_model(arguments):
    parent = Calling()
    each = parent.run.call("1-1").last
    changed = each.request.body.model_copy(update={"arguments_json": arguments})
    each.request = replace(each.request, body=changed)

    failed = submission(parent.run, each, parent.run.started.body.tools[0], NOON)

    assert isinstance(failed, ToolFailed)
    assert failed.kind == "invalid_arguments"

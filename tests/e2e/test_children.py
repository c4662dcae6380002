"""Runs that call runs, through every layer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.guardrail import ToolBlocked
from contracts.history import Run
from infra.demo.scenes import completed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


def children_of(run: Run) -> list[str]:
    claims = (call.last.claim for call in run.steps[0].calls)
    return [claim.body.child_run_id for claim in claims if claim is not None]


async def test_a_parent_asks_two_children_at_once_and_joins_their_answers(stage):
    await stage.submit("joins", "Please greet Anna and Ben.", agent="concierge", customer="c-7")

    run = await stage.finished("joins")

    assert completed(run), run.end
    assert children_of(run) == ["joins_1-1-1", "joins_1-2-1"]
    for call in run.steps[0].calls:
        assert call.last.outcome.body.output_json == '"Hello. How can I help?"'
        assert call.result.body.label == "external"
    for child_id in children_of(run):
        child = await stage.ended_in_log(child_id)
        assert completed(child)
        assert child.submitted.body.customer == "c-7"
        assert [one.run_id for one in child.started.body.parents] == ["joins"]
        budgets = {share.budget for share in child.steps[0].attempts[0].verdict.body.budgets}
        assert {"run:demo/joins", f"run:demo/{child_id}"} <= budgets


async def test_what_a_plan_has_below_a_call_is_the_plan_of_its_child(stage):
    plan = {"ask_support": 2, "ask_support/find_order": 1}
    await stage.submit("bound", "Please greet Anna and Ben.", agent="concierge", plan=plan)

    run = await stage.finished("bound")

    assert completed(run), run.end
    for child_id in children_of(run):
        child = await stage.ended_in_log(child_id)
        assert completed(child)
        assert child.submitted.body.plan == {"find_order": 1}


async def test_the_end_of_a_cancelled_parent_reaches_a_child_that_waits_for_a_person(stage):
    await stage.submit("cascade", "Please have order 1042 refunded.", agent="concierge")
    await stage.follower.wait_for("cascade_1-1-1", "review.requested")

    await stage.cancel("cascade")

    assert (await stage.finished("cascade")).status == "cancelled"
    child = await stage.ended_in_log("cascade_1-1-1")
    assert child.status == "cancelled"
    assert child.parent_ended.body.parent_run_id == "cascade"


async def test_a_parent_outlives_its_deadline_while_its_child_waits_for_a_person(stage):
    limits = {"deadline": 15}
    asked = "Please have order 1042 refunded."
    await stage.submit("patient", asked, agent="concierge", limits=limits)
    child_id = "patient_1-1-1"
    await stage.follower.wait_for("patient", "run.child_stood_still")
    await past(stage, "patient")

    await stage.answer(child_id, "reject", "not now")

    run = await stage.finished("patient")
    assert completed(run), run.end
    assert run.end.time > run.started.body.deadline
    assert [one.ended.body.child_run_id for one in run.child_waits] == [child_id]


async def past(stage, run_id: str) -> None:
    """The clock passes the deadline that the run was started with."""
    started = await stage.follower.wait_for(run_id, "run.started")
    left = started.body.deadline - datetime.now(UTC) + timedelta(seconds=1)
    await asyncio.sleep(left.total_seconds())


async def test_a_paused_parent_holds_its_child_which_goes_on_with_it(stage):
    await stage.submit("held", "Please have order 1042 refunded.", agent="concierge")
    child_id = "held_1-1-1"
    await stage.follower.wait_for(child_id, "review.requested")

    await stage.pause("held")
    paused = await stage.follower.wait_for(child_id, "run.paused")
    await stage.answer(child_id, "reject", "not now")
    await stage.follower.wait_for(child_id, "review.decided")
    steps = [fact for fact in await stage.facts(child_id) if fact.type == "model.requested"]
    await stage.resume("held")

    run = await stage.finished("held")
    child = await stage.ended_in_log(child_id)
    assert completed(run), run.end
    assert completed(child), child.end
    assert paused.body.scope == "parent"
    assert len(steps) == 2
    assert child.steps[2].requested.sequence > child.pauses[0].resumed.sequence


async def test_a_handoff_answers_with_what_the_other_agent_said(stage):
    await stage.submit("handed", "Please hand me over.", agent="concierge")

    run = await stage.finished("handed")

    assert completed(run), run.end
    assert run.end.body.answer == "Hello. How can I help?"
    assert len(run.steps) == 1


async def test_no_more_children_are_asked_than_the_agent_may_have(stage):
    await stage.submit("many-children", "Please ask five times.", agent="concierge")

    run = await stage.finished("many-children")

    assert completed(run), run.end
    verdicts = [call.last.verdict.body for call in run.steps[0].calls]
    assert isinstance(verdicts[4], ToolBlocked)
    assert verdicts[4].rule == "too_many_children"
    assert len(children_of(run)) == 4

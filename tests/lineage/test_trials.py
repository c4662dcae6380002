"""A trial, played by the real services: it is told what its stubs say, and touches nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from contracts.agent import AgentLimits
from contracts.guardrail import ToolBlocked, ToolCleared
from contracts.review import ReviewRequested
from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded
from contracts.trial import Stub, Trial
from services.console.rules.proof import prove
from tests.bodies import agent
from tests.ensemble import Ensemble
from tests.lineage.test_forks import ASK, FIND, LARGE, SMALL, by_instructions, said, scripted, told

SPACED = ("find_order", '{ "order_id" : "1042" }')
ANY = Stub(tool="find_order", result={"total": 1})


def trial(*stubs, **more):
    return Trial(experiment="e", case="c-1", stubs=stubs, **more)


def own(ensemble, run_id):
    return [one for one in ensemble.bus.facts if one.run_id == run_id]


async def test_a_trial_is_told_what_its_stub_says_and_runs_nothing():
    ensemble = Ensemble(scripted([FIND], [SMALL], "Done."))
    refunded = Stub(tool="issue_refund", arguments={"amount": 10}, result={"refund": 7})

    run = await ensemble.play("t-1", trial=trial(ANY, refunded))

    assert run.status == "completed"
    assert told(run) == [{"total": 1}, {"refund": 7}]
    assert ensemble.counter.ran == []
    assert said(ensemble, ToolClaimed, "t-1") == []
    assert prove(run, own(ensemble, "t-1"), []).holds


async def test_an_outcome_that_is_not_the_stubs_is_no_proof():
    ensemble = Ensemble(scripted([FIND], "Done."))
    run = await ensemble.play("t-1", trial=trial(ANY))

    facts = [
        replace(one, body=one.body.model_copy(update={"output_json": "2"}))
        if isinstance(one.body, ToolSucceeded)
        else one
        for one in own(ensemble, "t-1")
    ]

    assert not prove(run, facts, []).holds


@pytest.mark.parametrize(
    "call", [SMALL, ("find_order", '{"order_id":"9"}'), ASK], ids=["a tool", "arguments", "agent"]
)
async def test_a_call_that_no_stub_fits_is_refused(call):
    ensemble = Ensemble(scripted([call], "Done."))
    fits_another = Stub(tool="find_order", arguments={"order_id": "1042"}, result=1)

    run = await ensemble.play("t-1", trial=trial(fits_another))

    (refused,) = said(ensemble, ToolFailed, "t-1")
    assert refused.kind == "refused"
    assert "no stub of the trial fits" in refused.reason
    assert run.status == "completed"
    assert ensemble.counter.ran == []


async def test_stubs_are_used_once_each_in_their_order_and_the_last_from_then_on():
    ensemble = Ensemble(scripted([FIND, SPACED], [FIND], [FIND], "Done."))
    stubs = [
        Stub(tool="find_order", arguments={"order_id": "1042"}, result=1),
        Stub(tool="find_order", arguments={"order_id": "7"}, result=9),
        Stub(tool="find_order", result=2),
    ]

    run = await ensemble.play("t-1", trial=trial(*stubs))

    assert told(run) == [1, 2, 2, 2]


async def test_a_stub_may_be_a_tool_that_fails():
    ensemble = Ensemble(scripted([FIND], "Done."))

    await ensemble.play("t-1", trial=trial(Stub(tool="find_order", error="it is down")))

    (failed,) = said(ensemble, ToolFailed, "t-1")
    assert (failed.kind, failed.reason) == ("error", "it is down")


async def test_what_needs_a_person_is_blocked_and_shows_that_it_would_have_asked():
    ensemble = Ensemble(scripted([LARGE], "Done."))

    await ensemble.play("t-1", trial=trial(Stub(tool="issue_refund", result=1)))

    (blocked,) = said(ensemble, ToolBlocked, "t-1")
    assert blocked.rule == "would_ask"
    assert said(ensemble, ReviewRequested, "t-1") == []


async def test_a_trial_may_take_it_that_people_approve():
    ensemble = Ensemble(scripted([LARGE], "Done."))
    stub = Stub(tool="issue_refund", result=1)

    run = await ensemble.play("t-1", trial=trial(stub, reviews="approve"))

    (cleared,) = said(ensemble, ToolCleared, "t-1")
    assert cleared.rule == "assumed_approval"
    assert told(run) == [1]
    assert ensemble.counter.ran == []
    assert said(ensemble, ReviewRequested, "t-1") == []


async def test_a_fork_of_a_trial_goes_by_what_the_trial_took_for_given():
    ensemble = Ensemble(scripted([LARGE], "Done."))
    stub = Stub(tool="issue_refund", result=1)
    await ensemble.play("t-1", trial=trial(stub, reviews="approve"))

    fork = await ensemble.fork("f-1", "t-1")

    assert told(fork) == [1]


async def test_a_trial_tries_other_instructions_and_another_model():
    ensemble = Ensemble(by_instructions(scripted("As ever."), Other=scripted("Anew.")))

    run = await ensemble.play("t-1", trial=trial(instructions="Other words.", model="small"))

    assert run.end.body.answer == "Anew."
    assert run.started.body.agent.model == "small"
    assert run.started.body.agent_version == run.started.body.agent.version


async def test_a_trial_tries_a_whole_definition_as_it_is_written():
    ensemble = Ensemble(by_instructions(scripted("As ever."), Other=scripted([FIND], "Anew.")))
    other = agent().model_copy(update={"instructions": "Other words.", "tools": ("find_order",)})

    run = await ensemble.play("t-1", trial=trial(ANY, definition=other))

    assert run.end.body.answer == "Anew."
    assert run.started.body.agent == other
    assert run.started.body.agent_version == other.version
    assert [one.name for one in run.started.body.tools] == ["find_order"]


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({"name": "sales"}, {}, "has a definition of sales"),
        ({"tools": ("fly",)}, {}, "not declared: fly"),
        ({}, {"tools": "real"}, "without real tools"),
    ],
)
async def test_a_definition_that_may_not_be_tried_is_refused(changes, more, told):
    ensemble = Ensemble(scripted("Hello."), trials_act=True)
    other = agent().model_copy(update=changes)

    run = await ensemble.play("t-1", trial=trial(definition=other, **more))

    assert run.status == "failed"
    assert told in run.end.body.reason


async def test_a_definition_that_is_tried_has_no_wider_ceilings_than_the_agent():
    ensemble = Ensemble(scripted("Hello."))
    wide = AgentLimits(steps=500, budget_usd=Decimal(100), deadline_seconds=86_400)
    narrow = AgentLimits(steps=2, budget_usd=Decimal("0.01"), deadline_seconds=60)
    runs = [
        await ensemble.play(
            f"t-{at}", trial=trial(definition=agent().model_copy(update={"limits": limits}))
        )
        for at, limits in enumerate((wide, narrow))
    ]

    own = AgentLimits()
    found = [run.started.body.limits for run in runs]
    assert [one.steps for one in found] == [own.steps, 2]
    assert [one.budget_micro_usd for one in found] == [own.budget_micro_usd, 10_000]
    assert runs[1].started.body.deadline < runs[0].started.body.deadline


async def test_tools_act_in_a_trial_only_where_they_are_said_to_be_a_sandbox():
    ensemble = Ensemble(scripted([FIND], "Done."))

    refused = await ensemble.play("t-1", trial=trial(tools="real"))

    assert refused.status == "failed"
    assert "no sandbox" in refused.end.body.reason
    assert ensemble.counter.ran == []


async def test_a_fork_says_itself_what_it_tries():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")
    fork = {"run_id": "r-1", "instructions": "Other words."}

    good = await ensemble.play("f-1", fork=fork, trial=trial())
    twice = await ensemble.play("f-2", fork=fork, trial=trial(model="small"))
    stubbed = await ensemble.play("f-3", fork=fork, trial=trial(ANY))

    assert good.status == "completed"
    assert "stands in its fork" in twice.end.body.reason
    assert "answered by the record" in stubbed.end.body.reason


async def test_a_trial_of_a_sandbox_runs_its_tools():
    ensemble = Ensemble(scripted([FIND], "Done."), trials_act=True)

    run = await ensemble.play("t-1", trial=trial(tools="real"))

    assert told(run) == [{"execution": 1}]
    assert said(ensemble, ToolSucceeded, "t-1")[0].replayed_from is None

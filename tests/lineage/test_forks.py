"""A fork of a run, played by the real services: what it sees, what it is told, what it may not."""

import pytest

from contracts.guardrail import ToolBlocked, ToolCleared
from contracts.history import digest, labels, prompt
from contracts.history.lineage import is_shadow
from contracts.model import Prompt
from contracts.review import ReviewRequested
from contracts.run import RunFailed
from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded
from services.guardrail_checker import calls as gates
from tests.ensemble import SUPPORT, Ensemble
from tests.lineage.telling import FIND, SMALL, said, scripted, told

LARGE = ("issue_refund", '{"order_id":"1042","amount":80}')
ASK = ("ask_clerk", '{"input":"Where is 1042?"}')


def by_instructions(otherwise, **known):
    """A model that goes by the first word of its instructions."""

    def script(seen: Prompt):
        return known.get(seen.instructions.split()[0], otherwise)(seen)

    return script


async def test_a_fork_that_changes_nothing_sees_what_the_other_run_saw():
    ensemble = Ensemble(scripted([FIND], [SMALL], "Done."))
    parent = await ensemble.play("r-1")

    for number, step in enumerate(parent.steps, start=1):
        fork = await ensemble.fork(f"f-{number}", "r-1", number)
        asked = fork.steps[0].requested.body

        assert asked.prompt_sha256 == step.requested.body.prompt_sha256
        assert asked.prompt_bytes == step.requested.body.prompt_bytes
        assert digest(prompt(fork, 1)) == asked.prompt_sha256


async def test_a_fork_that_changes_nothing_comes_to_the_same_end_and_runs_nothing():
    ensemble = Ensemble(scripted([FIND, SMALL], [FIND], "Done."))
    parent = await ensemble.play("r-1")
    ran = list(ensemble.counter.ran)

    fork = await ensemble.fork("f-1", "r-1")

    assert fork.status == parent.status == "completed"
    assert told(fork) == told(parent) == [{"execution": 1}, {"execution": 2}, {"execution": 3}]
    assert ensemble.counter.ran == ran
    assert said(ensemble, ToolClaimed, "f-1") == []


async def test_a_replayed_outcome_names_the_recorded_one():
    ensemble = Ensemble(scripted([FIND], "Done."))
    parent = await ensemble.play("r-1")

    await ensemble.fork("f-1", "r-1")

    (outcome,) = said(ensemble, ToolSucceeded, "f-1")
    assert outcome.replayed_from == parent.steps[0].calls[0].last.outcome.id


async def test_equal_calls_are_matched_in_order_and_what_was_inherited_is_used_up():
    ensemble = Ensemble(scripted([FIND], [FIND], [FIND], "Done."))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", 2)

    assert told(fork) == [{"execution": 2}, {"execution": 3}]


async def test_arguments_are_equal_in_any_spelling():
    spaced = ("find_order", '{ "order_id" : "1042" }')
    script = by_instructions(scripted([FIND], "Done."), Other=scripted([spaced], "Done."))
    ensemble = Ensemble(script)
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", instructions="Other words.")

    assert told(fork) == [{"execution": 1}]


@pytest.mark.parametrize(
    "unseen",
    [("find_order", '{"order_id":"9"}'), ("issue_refund", '{"order_id":"1042","amount":11}'), FIND],
    ids=["another argument", "another amount", "once more than recorded"],
)
async def test_an_effect_that_was_never_seen_is_refused(unseen):
    script = by_instructions(
        scripted([FIND], [SMALL], "Done."), Other=scripted([FIND, unseen], "Done.")
    )
    ensemble = Ensemble(script)
    await ensemble.play("r-1")
    ran = list(ensemble.counter.ran)

    fork = await ensemble.fork("f-1", "r-1", instructions="Other words.")

    (refused,) = said(ensemble, ToolFailed, "f-1")
    assert refused.kind == "refused"
    assert "a shadow run touches nothing" in refused.reason
    assert fork.status == "completed"
    assert ensemble.counter.ran == ran
    assert said(ensemble, ToolClaimed, "f-1") == []


async def test_a_fork_pins_the_agent_that_it_changes():
    ensemble = Ensemble(scripted("Hello."))
    parent = await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", instructions="Other words.", model="small")

    started = fork.started.body
    assert is_shadow(fork)
    assert started.agent.instructions == "Other words."
    assert started.agent.model == "small"
    assert started.agent_version == started.agent.version != parent.started.body.agent_version
    assert started.tools == parent.started.body.tools


async def test_a_call_that_people_approved_is_replayed_without_asking_again():
    ensemble = Ensemble(scripted([LARGE], "Done."))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1")

    (cleared,) = said(ensemble, ToolCleared, "f-1")
    assert cleared.rule == "replayed_approval"
    assert told(fork) == [{"execution": 1}]
    assert said(ensemble, ReviewRequested, "f-1") == []


async def test_a_call_that_nobody_approved_is_blocked_and_nobody_is_asked():
    script = by_instructions(scripted([SMALL], "Done."), Other=scripted([LARGE], "Done."))
    ensemble = Ensemble(script)
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", instructions="Other words.")

    (blocked,) = said(ensemble, ToolBlocked, "f-1")
    assert blocked.reason == "a person would be asked: amount > 50"
    assert said(ensemble, ReviewRequested, "f-1") == []
    assert fork.status == "completed"


async def test_an_escalation_in_a_shadow_opens_no_review_whoever_said_it(monkeypatch):
    monkeypatch.setattr(gates, "judge_shadow", lambda verdict, *_: verdict)
    ensemble = Ensemble(scripted([LARGE], "Done."))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1")

    assert said(ensemble, ReviewRequested, "f-1") == []
    (refused,) = said(ensemble, ToolFailed, "f-1")
    assert "nobody is in a shadow run" in refused.reason
    assert fork.status == "completed"


async def test_a_call_that_people_refused_stays_refused_in_a_fork():
    ensemble = Ensemble(scripted([LARGE], "Done."), approves=False)
    await ensemble.play("r-1")

    await ensemble.fork("f-1", "r-1")

    assert [one.rule for one in said(ensemble, ToolBlocked, "f-1")] == ["would_ask"]
    assert ensemble.counter.ran == []


async def test_an_agent_that_was_called_is_not_called_again():
    ensemble = Ensemble(scripted([ASK], "Done."))
    await ensemble.play("r-1")
    runs = {one.run_id for one in ensemble.bus.facts}

    fork = await ensemble.fork("f-1", "r-1")

    assert {one.run_id for one in ensemble.bus.facts} == runs | {"f-1"}
    assert told(fork) == ["At the depot."]


async def test_a_fork_of_a_fork_replays_what_that_was_told():
    ensemble = Ensemble(scripted([FIND], [LARGE], "Done."))
    parent = await ensemble.play("r-1")
    ran = list(ensemble.counter.ran)

    first = await ensemble.fork("f-1", "r-1", 2)
    second = await ensemble.fork("f-2", "f-1", 1)

    assert told(second) == told(first) == [{"execution": 2}]
    asked = [run.steps[0].requested.body.prompt_sha256 for run in (first, second)]
    assert asked == [parent.steps[1].requested.body.prompt_sha256] * 2
    assert ensemble.counter.ran == ran


async def test_a_run_that_waits_for_a_person_can_be_forked_too():
    ensemble = Ensemble(scripted([FIND], [LARGE], "Done."), approves=None)
    parent = await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", 1)

    assert parent.status == "waiting"
    assert told(fork)[:1] == [{"execution": 1}]
    assert fork.status == "completed"


async def test_labels_of_what_was_inherited_stick_to_a_fork():
    ensemble = Ensemble(scripted([FIND], "Done."))
    parent = await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", 2)

    assert set(labels(parent, 2)) == {"user", "tool:find_order"} == set(labels(fork, 1))


@pytest.mark.parametrize(
    ("step", "changes", "why"),
    [
        (3, {}, "run r-1 has 2 steps, and so no step 3"),
        (1, {"policy": "default@0000"}, "there is no policy 'default@0000' here"),
    ],
)
async def test_a_fork_that_cannot_be_is_refused_with_its_reason(step, changes, why):
    ensemble = Ensemble(scripted([FIND], "Done."))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", step, **changes)

    assert isinstance(fork.end.body, RunFailed)
    assert why in fork.end.body.reason


async def test_a_fork_of_another_task_is_refused():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")

    fork = await ensemble.play("f-1", "Something else.", fork={"run_id": "r-1"})

    assert fork.end.body.rule == "lineage_unreadable"
    assert SUPPORT.name == fork.submitted.body.agent

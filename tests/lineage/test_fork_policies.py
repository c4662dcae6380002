"""Forks under another tool policy: judged by the one that they name, and by no other."""

from contracts.guardrail import (
    AnswerCleared,
    ResultCleared,
    TaskCleared,
    ToolBlocked,
    ToolCleared,
)
from contracts.tool import ToolClaimed, ToolFailed
from services.guardrail_checker.rules.policy import ArgumentLimit
from tests.ensemble import Ensemble
from tests.lineage.telling import FIND, SMALL, said, scripted, told
from tests.policies import LENIENT

STRICT = LENIENT.model_copy(
    update={
        "name": "strict",
        "argument_limits": {"issue_refund": {"amount": ArgumentLimit(max=5)}},
    }
)


async def test_a_fork_may_name_the_policy_that_is_in_force():
    ensemble = Ensemble(scripted("Hello."))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", policy=LENIENT.version)

    assert fork.status == "completed"


async def test_a_fork_is_judged_by_the_policy_that_it_names_and_its_verdicts_say_so():
    ensemble = Ensemble(scripted([FIND], [SMALL], "Done."), others=(STRICT,))
    parent = await ensemble.play("r-1")
    ran = list(ensemble.counter.ran)

    fork = await ensemble.fork("f-1", "r-1", policy=STRICT.version)

    (blocked,) = said(ensemble, ToolBlocked, "f-1")
    assert (blocked.rule, blocked.policy_version) == ("argument_limit", STRICT.version)
    verdicts = said(ensemble, (TaskCleared, ToolCleared, ResultCleared, AnswerCleared), "f-1")
    assert {one.policy_version for one in verdicts} == {STRICT.version}
    assert fork.status == parent.status == "completed"
    assert told(fork) == told(parent)[:1] == [{"execution": 1}]
    assert ensemble.counter.ran == ran
    assert said(ensemble, ToolClaimed, "f-1") == []


async def test_the_other_runs_are_judged_by_the_policy_in_force_whatever_is_kept_beside_it():
    ensemble = Ensemble(scripted([FIND], [SMALL], "Done."), others=(STRICT,))
    await ensemble.play("r-1")

    await ensemble.fork("f-1", "r-1")

    for run_id in ("r-1", "f-1"):
        verdicts = said(ensemble, ToolCleared, run_id)
        assert {one.policy_version for one in verdicts} == {LENIENT.version}


async def test_a_fork_under_a_looser_policy_still_touches_nothing():
    ensemble = Ensemble(scripted([FIND], [SMALL], "Done."), policy=STRICT, others=(LENIENT,))
    await ensemble.play("r-1")
    ran = list(ensemble.counter.ran)

    await ensemble.fork("f-1", "r-1", policy=LENIENT.version)

    assert [one.policy_version for one in said(ensemble, ToolCleared, "f-1")] == [
        LENIENT.version
    ] * 2
    (refused,) = said(ensemble, ToolFailed, "f-1")
    assert "a shadow run touches nothing" in refused.reason
    assert ensemble.counter.ran == ran


async def test_a_call_is_blocked_where_the_policy_of_its_fork_was_taken_away():
    """Another one might be looser: unsure means no."""
    kept = {}

    def script(seen):
        if kept.get("forked"):
            ensemble.gate.others.clear()
        return scripted([FIND], "Done.")(seen)

    ensemble = Ensemble(script, others=(STRICT,))
    await ensemble.play("r-1")
    kept["forked"] = True

    fork = await ensemble.fork("f-1", "r-1", policy=STRICT.version)

    (blocked,) = said(ensemble, ToolBlocked, "f-1")
    assert (blocked.rule, blocked.policy_version) == ("unknown_policy", STRICT.version)
    assert told(fork) == []


async def test_a_policy_that_is_not_kept_is_refused_with_those_that_are():
    ensemble = Ensemble(scripted("Hello."), others=(STRICT,))
    await ensemble.play("r-1")

    fork = await ensemble.fork("f-1", "r-1", policy="strict@0000")

    reason = fork.end.body.reason
    assert f"{LENIENT.version} is in force, and kept are {STRICT.version}" in reason
    assert fork.steps == []

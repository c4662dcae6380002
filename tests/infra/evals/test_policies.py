"""Recorded calls under another policy: what would be decided otherwise, and what is unknown."""

import pytest

from infra.evals.policies import arm_of, judged_again, under
from services.evaluator.results import Result
from services.guardrail_checker.rules.policy import ArgumentLimit
from tests.ensemble import Ensemble
from tests.lineage.test_forks import FIND, LARGE, SMALL, scripted
from tests.policies import LENIENT

SAME = LENIENT
TIGHT = LENIENT.model_copy(
    update={"name": "tight", "argument_limits": {"issue_refund": {"amount": ArgumentLimit(max=5)}}}
)
ASKS = LENIENT.model_copy(update={"name": "asks", "review_effects": ("money",)})


def recorded(**more):
    given = {
        "arm": "recorded",
        "case": "r-1",
        "run_id": "r-1",
        "tenant": "acme",
        "status": "completed",
        "passed": True,
        "answer": "Done.",
        "recorded": True,
    }
    return Result(**{**given, **more})


@pytest.fixture
async def run():
    """It found an order and refunded 10, and nobody was asked."""
    return await Ensemble(scripted([FIND], [SMALL], "Done.")).play("r-1")


async def test_a_policy_that_decides_alike_changes_nothing(run):
    assert [one.is_other for one in judged_again(run, SAME)] == [False, False]
    assert under(SAME, run, recorded()).passed is True


async def test_what_would_be_blocked_is_counted_and_its_quality_is_unknown(run):
    found = under(TIGHT, run, recorded())

    assert (found.arm, found.passed, found.blocked, found.approvals) == (arm_of(TIGHT), None, 1, 0)
    assert "call 2-1 of issue_refund was cleared, now blocked: amount is 10" in found.why
    assert not found.is_told


async def test_what_a_person_would_be_asked_is_counted(run):
    found = under(ASKS, run, recorded())

    assert (found.approvals, found.blocked) == (1, 0)


async def test_what_people_were_asked_and_would_not_be_counts_less():
    run = await Ensemble(scripted([LARGE], "Done.")).play("r-1")

    found = under(TIGHT, run, recorded(approvals=1))

    assert (found.approvals, found.blocked) == (0, 1)
    assert "was escalated, now blocked" in found.why


async def test_what_was_blocked_and_would_run_counts_less():
    run = await Ensemble(scripted([SMALL], "Done."), policy=TIGHT).play("r-1")

    found = under(SAME, run, recorded(blocked=1))

    assert found.blocked == 0
    assert "was blocked, now cleared" in found.why


def test_an_arm_of_a_policy_is_named_by_its_version():
    assert arm_of(TIGHT).startswith("tight-")
    assert arm_of(TIGHT) != arm_of(ASKS)

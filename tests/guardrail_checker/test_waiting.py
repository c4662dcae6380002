"""Content waits until each model that a check asked has ended, and passes if all call it clean."""

import pytest

from contracts.agent import Guardrails
from contracts.guardrail import AnswerBlocked, AnswerCleared, TaskBlocked, TaskCleared, Verdict
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.task import Checking, TaskLimits, TaskPutToCheck
from shared.bus import Heard
from tests.guardrail_checker.judged import (
    SUPPORT,
    TEXT,
    asked,
    desk,
    end,
    hear_end,
    verdict,
    with_answer,
    with_input,
    with_result,
    with_task,
)

PLACES = [with_task, with_input, with_result, with_answer]
DESK = desk()


def verdicts(bus) -> list[Verdict]:
    return [one.body for one in bus.facts[1:] if isinstance(one.body, Verdict)]


async def waiting(place=with_answer, with_desk=DESK):
    """A bus on which content waits, and how many verdicts there were before."""
    bus, gate = place()
    before = len(verdicts(bus))
    await gate(Heard(bus.facts[-1]), bus, with_desk)
    return bus, before


async def answered(body, with_desk=DESK, place=with_answer):
    """What comes of content that the other model calls clean."""
    bus, before = await waiting(place, with_desk)
    submitted = asked(bus)
    await end(bus, submitted["check-a"], verdict(submitted["check-a"]), with_desk)
    said = body(submitted["check-b"]) if callable(body) else body
    await end(bus, submitted["check-b"], said, with_desk)
    (found,) = verdicts(bus)[before:]
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
async def test_content_waits_for_all_and_passes_if_all_call_it_clean(place):
    bus, before = await waiting(place)
    submitted = asked(bus)

    assert (sorted(submitted), len(verdicts(bus))) == (["check-a", "check-b"], before)
    for left, one in ((1, "check-a"), (0, "check-b")):
        await end(bus, submitted[one], verdict(submitted[one]), DESK)
        assert len(verdicts(bus)) == before + (left == 0)
    last = bus.facts[-1]
    assert last.type.endswith(".cleared")
    assert [(one.rule, one.severity) for one in last.body.findings] == [
        ("judged_clean", "note")
    ] * 2


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
async def test_what_one_of_them_objects_to_is_blocked_with_its_quote(place):
    def hit(submitted):
        return verdict(submitted, verdict="hit", quote="500   dollars")

    blocked = await answered(hit, place=place)

    assert blocked.rule == "judged_hit"
    (found,) = [one for one in blocked.findings if one.severity == "block"]
    assert (found.quote, found.run_id[:6]) == ("500 dollars", "check-")
    assert "500" not in blocked.reason


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (RunFailed(rule="deadline_passed", reason="late"), "judged_late"),
        (RunFailed(rule="money_ceiling", reason="none left"), "judged_unpaid"),
        (RunFailed(rule="model_failed", reason="down"), "judged_silent"),
        (RunFailed(rule="model_refused", reason="no"), "judged_silent"),
        (RunCancelled(principal="otto", reason="stop"), "judged_silent"),
        (RunCompleted(answer="It is clean.", steps=1), "judged_unusable"),
    ],
)
async def test_without_a_valid_answer_it_is_blocked_and_says_why(body, rule):
    blocked = await answered(body)

    assert (type(blocked), blocked.rule) == (AnswerBlocked, rule)
    assert blocked.reason.startswith("careful: check-b ")


async def test_a_hit_that_is_only_noted_passes_and_is_told():
    lax = desk(action="note")

    cleared = await answered(lambda one: verdict(one, verdict="hit", quote="cook"), lax)

    assert (type(cleared), cleared.text) == (AnswerCleared, TEXT)
    assert {one.rule for one in cleared.findings} == {"judged_clean", "judged_hit"}


async def test_nobody_is_asked_twice_and_a_late_or_doubled_end_changes_nothing():
    bus, before = await waiting()
    submitted = asked(bus)
    proposed = next(one for one in bus.facts if one.type == "answer.proposed")
    await PLACES[-1]()[1](Heard(proposed, 2), bus, DESK)
    for one in submitted.values():
        await end(bus, one, verdict(one), DESK)
    facts = list(bus.facts)

    for one in submitted.values():
        await hear_end(bus, one.run_id, DESK, delivery=2)
        await hear_end(bus, one.run_id, DESK, delivery=20, last=True)

    assert bus.facts == facts
    assert len(verdicts(bus)) == before + 1


async def test_a_run_that_is_over_gets_no_verdict():
    bus, before = await waiting()
    await bus.say(bus.facts[0], RunCancelled(principal="anna", reason="enough"))

    for one in asked(bus).values():
        await end(bus, one, verdict(one), DESK)

    assert len(verdicts(bus)) == before


async def test_the_last_try_blocks():
    bus, _ = await waiting()

    await end(bus, asked(bus)["check-a"], "{", DESK, delivery=20, last=True)

    assert isinstance(verdicts(bus)[-1], AnswerBlocked)


async def test_what_other_checks_block_is_shown_to_no_model():
    strict = SUPPORT.model_copy(update={"guardrails": Guardrails(output=("careful", "max_length"))})
    bus, gate = with_answer("x" * 40_000, strict)

    await gate(Heard(bus.facts[-1]), bus, DESK)

    assert (asked(bus), bus.facts[-1].body.rule) == ({}, "too_long")


async def test_a_check_is_not_checked():
    """Though the agents that are asked name it, too."""
    bus, _ = await waiting()
    submitted = asked(bus)["check-a"]

    await with_task()[1](Heard(submitted), bus, DESK)

    assert isinstance(bus.facts[-1].body, TaskCleared)
    assert len(asked(bus)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"limits": TaskLimits()},
        {"user": "mallory"},
        {"feature": "helpdesk"},
        {"agent": "support", "plan": {"find_order": 1}},
        {"checking": Checking(run_id="r-1", check="careful", fact="acme/r-1")},
        {"checking": Checking(run_id="r-9", check="careful", fact="acme/r-9")},
    ],
)
async def test_a_check_of_nothing_that_waits_is_refused(changes):
    bus, _ = await waiting()
    claim = asked(bus)["check-a"].body.model_copy(update=changes)
    await bus.submit("acme", "check-mine", TaskPutToCheck.model_validate(claim.model_dump()))

    await with_task()[1](Heard(bus.facts[-1]), bus, DESK)

    assert isinstance(bus.facts[-1].body, TaskBlocked)
    assert bus.facts[-1].body.rule == "claim_unfounded"


async def test_a_check_is_charged_to_its_own_feature_and_its_user():
    bus, _ = await waiting()

    found = asked(bus)["check-a"].body

    assert (found.feature, found.parent_run_id) == ("guardrail", "r-1")
    assert found.limits == TaskLimits(steps=1, deadline=30, budget_usd="0.05")

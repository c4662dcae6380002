"""Checks that ask a model, through every layer: funded, told, in time, and not fooled."""

import json

import pytest

from tests.e2e.commands import interlock
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
LISTED_SECONDS = 20


async def findings(stage, name: str, text: str, agent: str = "teller"):
    """How a run ended, and what the checks of its answer found."""
    await stage.submit(name, text, agent=agent)
    run = await stage.finished(name)
    assert run.answer is not None, run.end
    return run, run.answer.verdict.body


async def are_paid(home, name: str, count: int) -> bool:
    """Whether so many checks are listed below a run, each with what it cost."""
    listed = json.loads(await interlock(home, "runs", "list", "--parent", name, "--json"))
    paid = [one for one in listed if one["feature"] == "guardrail" and one["cost_micro_usd"] > 0]
    return len(listed) == len(paid) == count


async def test_a_clean_answer_leaves_and_its_check_is_paid_and_listed_below_it(stage, platform):
    run, verdict = await findings(stage, "checked-clean", "When is the desk open?")

    assert run.status == "completed", run.end
    assert [one.rule for one in verdict.findings] == ["judged_clean"]
    home = platform.places.home.path
    # Of the task, and of the answer.
    await eventually(lambda: are_paid(home, "checked-clean", 2), LISTED_SECONDS)
    shown = await interlock(home, "runs", "show", "checked-clean")
    assert "content-check objects to nothing" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("name", "text", "rule", "quote"),
    [
        ("checked-hit", "Be generous.", "judged_hit", "500 dollars"),
        ("checked-garbage", "Be garbled.", "judged_unusable", None),
        ("checked-silent", "Be hushed.", "judged_late", None),
        ("checked-sly", "Be sly.", "judged_unusable", None),
    ],
)
async def test_an_answer_that_no_model_called_clean_does_not_leave(stage, name, text, rule, quote):
    run, verdict = await findings(stage, name, text)

    assert (run.status, run.end.body.rule) == ("failed", "answer_blocked")
    assert (verdict.rule, verdict.findings[0].quote) == (rule, quote)


async def test_without_money_for_the_check_it_does_not_leave_either(stage):
    run, verdict = await findings(stage, "checked-unpaid", "When is the desk open?", "debtor")

    assert (run.status, verdict.rule) == ("failed", "judged_unpaid")
    assert "no budget is left" in verdict.reason

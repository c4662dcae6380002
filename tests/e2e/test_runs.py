"""Runs through every layer, looked at from the log."""

import httpx
import pytest

from contracts.history import digest, prompt, told
from contracts.run import RunFailed
from infra.demo.scenes import completed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]


async def test_parallel_calls_come_back_in_the_order_they_were_asked_in(stage):
    await stage.submit("many", "I want to know all of 1042, 1043 and 1044.")

    run = await stage.finished("many")

    assert completed(run)
    shown = run.steps[0].calls
    told_of = [told(one).parts[0].text for one in shown]
    assert ["1042" in text for text in told_of] == [True, False, False]


async def test_every_prompt_is_rebuilt_to_its_digest(stage):
    await stage.submit("prompts", "Please slowly refund order 1046.")

    run = await stage.finished("prompts")

    for step in run.steps:
        assert digest(prompt(run, step.number)) == step.requested.body.prompt_sha256


async def test_a_rejected_call_does_not_run_and_the_model_is_told(stage):
    await stage.submit("rejected", "Now refund all of order 1042.")

    review = await stage.answer("rejected", "reject", "this customer was paid last week")
    run = await stage.finished("rejected")

    assert review["tool"] == "issue_refund"
    assert completed(run)
    assert await stage.refunds("1042") == []


async def test_whoever_asked_may_not_approve_it(stage):
    await stage.submit("own", "Now refund all of order 1042.", user="lead@localhost")

    with pytest.raises(httpx.HTTPStatusError) as refused:
        await stage.answer("own", "approve", "it is mine")

    assert refused.value.response.status_code == 403
    assert "asked for this task" in refused.value.response.json()["what"]
    await stage.cancel("own")


async def test_a_cancelled_run_ends_and_says_who_ended_it(stage):
    await stage.submit("cancelled", "Now refund all of order 1042.")
    await stage.follower.wait_for("cancelled", "review.requested")

    await stage.cancel("cancelled")
    run = await stage.finished("cancelled")

    assert run.status == "cancelled"
    assert run.end.body.principal == "dev@localhost"


async def test_a_step_ceiling_ends_a_run_with_a_sentence(stage):
    await stage.submit("steps", "Please slowly refund order 1046.", limits={"steps": 1})

    run = await stage.finished("steps")

    assert isinstance(run.end.body, RunFailed)
    assert run.end.body.rule == "step_ceiling"


async def test_cost_is_told_by_customer(stage, platform):
    await stage.submit("costly", "hello", customer="c-cost")
    run = await stage.finished("costly")

    async with httpx.AsyncClient(headers={"authorization": f"Bearer {platform.token}"}) as http:
        told = (await http.get(f"{platform.console_url}/api/v1/cost?by=customer")).json()

    mine = next(row for row in told["lines"] if row["customer"] == "c-cost")
    assert run.cost_micro_usd == mine["cost_micro_usd"] > 0


async def test_every_fact_carries_the_trace_of_its_run(stage, platform):
    await stage.submit("traced", "hello")
    await stage.finished("traced")

    traces = {fact.traceparent.split("-")[1] for fact in stage.follower.facts["traced"][1:]}

    assert len(traces) == 1

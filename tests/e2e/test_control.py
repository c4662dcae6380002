"""People step in while runs are at work: input, cancelling, stopping, silence, the clock."""

import asyncio
import re
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
import pytest_asyncio

from contracts.control import InputRefused, InputTaken
from contracts.history import prompt, told
from contracts.model import ToolCall
from contracts.run import RunCancelled, RunFailed
from contracts.subjects import ENDS, GUARDRAIL, ORCHESTRATOR
from infra.demo.scenes import completed
from infra.demo.stage import TENANT

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

POLICIES = ("reject", "enqueue", "interrupt", "rollback")
OUR_SCHEDULE = """
schedules:
  - name: {name}
    cron: "{cron}"
    tenant: demo
    task: {{agent: greeter, input: hello}}
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api(platform):
    async with httpx.AsyncClient(
        base_url=f"{platform.console_url}/api/v1",
        headers={"authorization": f"Bearer {platform.token}"},
        timeout=20.0,
    ) as http:
        yield http


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def spoken_to(stage, api):
    """A run for each policy, to which something was said while its first step was under way."""

    async def talk(policy):
        run_id = named(policy)
        await stage.submit(run_id, "Please take your time over order 1042.", agent="clerk")
        await stage.follower.wait_for(run_id, "model.claimed")
        body = {"text": f"and also {policy}", "policy": policy}
        url = f"/runs/{run_id}/input"
        (await api.post(url, params={"tenant": TENANT}, json=body)).raise_for_status()
        return await stage.finished(run_id)

    return dict(zip(POLICIES, await asyncio.gather(*map(talk, POLICIES)), strict=True))


def named(what: str) -> str:
    return f"control-{what}-{uuid.uuid4().hex[:8]}"


async def post(api, path, body):
    return (await api.post(path, json=body)).raise_for_status().json()


def became_of(run):
    """The one input of a run: how it ended, and the answer."""
    [given] = run.inputs
    assert completed(run), run.end
    return given.end.body, run.end.body.answer


def asked_for(run, step):
    """The calls that the model sees in a prompt."""
    parts = (part for turn in prompt(run, step).turns for part in turn.parts)
    return [part for part in parts if isinstance(part, ToolCall)]


async def test_an_input_that_gives_way_is_refused_while_the_run_works(spoken_to):
    became, answer = became_of(spoken_to["reject"])

    assert isinstance(became, InputRefused)
    assert became.rule == "busy"
    assert answer == "Order 1042 is on its way."


async def test_an_input_that_waits_is_shown_in_place_of_the_answer(spoken_to):
    became, answer = became_of(spoken_to["enqueue"])

    assert became == InputTaken(policy="enqueue", step=3)
    assert answer == "I have thought of enqueue too."


async def test_an_input_that_interrupts_comes_before_the_call_that_the_model_wants(spoken_to):
    run = spoken_to["interrupt"]
    became, answer = became_of(run)

    assert became == InputTaken(policy="interrupt", step=2)
    assert answer == "I have thought of interrupt too."
    assert all(each.outcome is None for call in run.steps[0].calls for each in call.tries)
    assert len(asked_for(run, 2)) == 1


async def test_an_input_that_rolls_back_takes_the_call_out_of_the_conversation(spoken_to):
    run = spoken_to["rollback"]
    became, answer = became_of(run)

    assert became == InputTaken(policy="rollback", step=2)
    assert answer == "I have thought of rollback too."
    assert asked_for(run, 2) == []


async def test_a_question_that_nobody_answers_is_passed_up_and_then_refused(stage):
    run_id = named("silence")
    await stage.submit(run_id, "Now refund all of order 1042.", agent="clerk")

    run = await stage.finished(run_id)

    [review] = run.reviews
    asked = review.requested
    [escalated] = review.escalated
    assert escalated.body.roles == ("operator",)
    assert escalated.time >= asked.body.escalations[0].at
    assert review.decided.body.outcome == "expired"
    assert review.decided.time >= asked.body.expires_at
    assert told(run.steps[1].calls[0]).parts[0].text.startswith("Nobody answered in time")
    assert completed(run), run.end
    assert await stage.effects(run_id) == []


async def test_what_a_tool_has_begun_is_seen_through_though_its_run_is_cancelled(stage, platform):
    """The order is locked, so that the tool is in the middle of its work for as long as we like."""
    run_id = named("mid-tool")
    shop = await asyncpg.connect(platform.places.postgres_dsn)
    try:
        async with shop.transaction():
            await shop.execute("SELECT FROM shop.orders WHERE order_id = '9001' FOR UPDATE")
            await stage.submit(run_id, "Please slowly refund order 9001.")
            await stage.follower.wait_for(run_id, "tool.claimed", where='"call":"2-1"')
            await stage.cancel(run_id)
            await stage.follower.wait_for(run_id, *ENDS)
    finally:
        await shop.close()
    await stage.follower.wait_for(run_id, "tool.succeeded", where='"call":"2-1"')
    run = await stage.ended_in_log(run_id)
    # Who follows a run hears what is said a moment before the log has it.
    while run.steps[1].calls[0].last.outcome is None:
        await asyncio.sleep(0.05)
        run = await stage.ended_in_log(run_id)

    assert isinstance(run.end.body, RunCancelled)
    outcome = run.steps[1].calls[0].last.outcome
    assert outcome.type == "tool.succeeded"
    assert outcome.sequence > run.end.sequence
    assert len(await stage.effects(run_id)) == 1


async def test_a_stop_ends_a_run_in_the_middle_of_a_call_and_no_other_starts_until_it_is_lifted(
    stage, api
):
    at_work, late, after = named("stopped"), named("late"), named("after")
    order = {"scope": "agent", "name": "greeter", "reason": "a test of the switch"}
    await stage.submit(at_work, "Please greet me when you are ready.", agent="greeter")
    await stage.follower.wait_for(at_work, "model.claimed")

    try:
        await post(api, "/control", {**order, "state": "stopped"})
        await stage.follower.wait_for(at_work, "run.cancelled")
        await stage.submit(late, "hello", agent="greeter")
        refused = await stage.finished(late)
    finally:
        await post(api, "/control", {**order, "state": "running"})
    await stage.submit(after, "hello", agent="greeter")

    stopped = await stage.finished(at_work)
    assert isinstance(stopped.end.body, RunCancelled)
    assert "a test of the switch" in stopped.end.body.reason
    assert stopped.steps[0].outcome is None or stopped.steps[0].outcome.sequence > (
        stopped.end.sequence
    )
    assert isinstance(refused.end.body, RunFailed)
    assert (refused.end.body.rule, refused.steps) == ("stopped", [])
    assert completed(await stage.finished(after))


async def test_a_batch_that_is_sent_twice_is_run_once_and_its_bad_line_holds_up_no_other(
    stage, api
):
    good = {"agent": "greeter", "input": "hello", "tenant": TENANT}
    batch = {"name": named("batch"), "tasks": [good, {**good, "agent": 7}, good]}

    first, second = [await post(api, "/tasks/batch", batch) for _ in range(2)]
    run_ids = [line["run_id"] for line in first if line["error"] is None]
    runs = await asyncio.gather(*map(stage.finished, run_ids))

    assert [line["created"] for line in first] == [True, False, True]
    assert [line["created"] for line in second] == [False, False, False]
    assert [line["error"] is None for line in second] == [True, False, True]
    assert len(set(run_ids)) == 2
    assert all(map(completed, runs))
    facts = await stage.facts(run_ids[0])
    assert [one.type for one in facts if one.type == "task.submitted"] == ["task.submitted"]


async def test_a_task_that_the_clock_submits_is_run_to_its_end_and_once_a_minute(stage, platform):
    """It fires every other second for a few minutes; all of one minute is one run."""
    name, file = named("clock"), platform.options.config_dir / "schedules.yaml"
    before = file.read_text()
    file.write_text(OUR_SCHEDULE.format(name=name, cron=for_a_few_minutes()))
    try:
        # Both read the schedules when they start; the gate clears what it has read itself.
        stage.kill(GUARDRAIL)
        stage.kill(ORCHESTRATOR)
        run_id = await first_of(stage, name)
        run = await stage.ended_in_log(run_id)
    finally:
        file.write_text(before)

    assert completed(run), run.end
    assert re.fullmatch(rf"{name}-\d{{8}}T\d{{4}}Z", run_id)
    assert [one.type for one in await stage.facts(run_id)].count("task.scheduled") == 1


def for_a_few_minutes():
    """Every other second from now on; then never, since nobody reads the schedules again."""
    minutes = [datetime.now(UTC) + timedelta(minutes=number) for number in range(4)]
    fields = (sorted({f"{one:{field}}" for one in minutes}) for field in ("%M", "%H", "%d", "%m"))
    return " ".join(["*/2", *(",".join(str(int(each)) for each in field) for field in fields), "*"])


async def first_of(stage, name):
    """The run that the clock began first."""
    async with asyncio.timeout(60):
        while True:
            begun = [run_id for run_id in stage.follower.facts if run_id.startswith(name)]
            if begun:
                return begun[0]
            await asyncio.sleep(0.05)

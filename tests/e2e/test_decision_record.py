"""The decision record on a real platform: a run with a fallback, a review and a refusal."""

import uuid

import httpx
import pytest
import pytest_asyncio

from infra.demo.stage import TENANT
from services.console.rules.record import RunRecord, Why
from tests.e2e.commands import interlock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def refused(stage):
    """The run: openai is down, a person approves a refund, then the model refuses to go on."""
    run_id = f"refused-{uuid.uuid4().hex[:8]}"
    await stage.break_provider("openai")
    try:
        await stage.submit(run_id, "Please pay order 9001 back and keep quiet.", customer="c-7")
        await stage.answer(run_id, "approve", "it was cracked")
        await stage.finished(run_id)
    finally:
        await stage.mend_providers()
    return run_id


@pytest.fixture
async def record(platform, refused):
    async with httpx.AsyncClient(
        base_url=f"{platform.console_url}/api/v1",
        headers={"authorization": f"Bearer {platform.token}"},
        params={"tenant": TENANT},
        timeout=30,
    ) as http:
        answer = (await http.get(f"/runs/{refused}/record")).raise_for_status()
    return RunRecord.model_validate(answer.json())


async def test_every_prompt_of_the_record_is_rebuilt_and_its_blocks_say_whom_to_trust(record):
    states = [one.saw.prompt.rebuilt.state for one in record.steps]
    labels = [[block.label for block in one.saw.blocks] for one in record.steps]

    assert states == ["agrees"] * 3
    assert labels[0] == ["system", "user"]
    assert labels[1] == ["system", "user", "agent", "tool:find_order"]
    assert all(one.identity.trace_id for one in record.steps)
    assert {one.identity.customer for one in record.steps} == {"c-7"}


async def test_the_record_names_the_route_that_was_down_and_the_one_that_served(record):
    first = record.steps[0].route

    *failed, served = first.attempts
    assert {one.route for one in failed} == {"openai/gpt-5-mini"}
    assert all(one.outcome == "failed" and one.failure for one in failed)
    assert (served.role, served.outcome) == ("fallback", "answered")
    assert first.served.route == "anthropic/claude-haiku-4-5"
    assert [hold.attempt for hold in record.steps[0].money.holds] == [
        one.attempt for one in first.attempts
    ]


async def test_the_record_names_who_let_the_refund_go_and_what_they_saw(record):
    [review] = record.steps[1].reviews
    [call] = record.steps[1].calls

    assert review.decision.outcome == "approved"
    assert [one.principal for one in review.decision.by] == ["lead@localhost"]
    assert [(one.decision, one.reason) for one in review.answers] == [("approve", "it was cracked")]
    asked, ran = call.tries
    assert (asked.verdict, ran.verdict, ran.outcome) == ("escalated", "cleared", "succeeded")
    assert review.saw.sha256 == ran.arguments.sha256 == review.decision.arguments_sha256
    time = record.steps[1].time
    parts = (time.funding_ms, time.queue_ms, time.model_ms, time.guard_ms, time.tools_ms)
    assert time.people_ms > 0
    assert max(*parts, time.people_ms) <= time.total_ms


async def test_the_record_says_that_the_model_refused_and_that_this_ended_the_run(
    record, refused, platform
):
    last = record.steps[-1]

    assert last.decided.stop == "refused"
    assert record.why.rule == "model_refused"
    [decides] = [link for link in record.why.chain if link.decides]
    assert (decides.type, decides.step) == ("model.responded", 3)
    home = platform.places.home.path
    said = await interlock(home, "runs", "show", refused, "--why", "--json")
    assert Why.model_validate_json(said) == record.why


async def test_the_screens_and_the_timeline_are_there_for_people(refused, platform):
    home = platform.places.home.path

    step = await interlock(home, "runs", "show", refused, "--step", "2")
    timeline = await interlock(home, "runs", "export", refused, "--format", "timeline")

    assert "lead@localhost as support-lead says approve: it was cracked" in " ".join(step.split())
    assert timeline.startswith(f"# Run {TENANT}/{refused}\n")
    assert "## Step 3" in timeline

"""A provider that says when to come back: the run waits by a timer of the engine, and completes."""

import uuid
from datetime import timedelta

import pytest

from contracts.model import ModelAttemptRequested
from contracts.subjects import ENDS, ORCHESTRATOR
from infra.demo.scenes import completed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

RETRY_AFTER_SECONDS = 7  # more than the router waits by itself


@pytest.mark.parametrize("killed", [False, True], ids=["calm", "orchestrator_killed"])
async def test_a_run_that_was_told_to_wait_completes_and_held_no_money_meanwhile(stage, killed):
    run_id = f"waits-{uuid.uuid4().hex[:8]}"
    await stage.submit(run_id, f"Please patiently find order 1042 for {run_id}.")
    await stage.follower.wait_for(run_id, "model.attempt_requested", where='"deferred":true')

    if killed:
        stage.kill(ORCHESTRATOR)

    run = await stage.finished(run_id)
    assert completed(run), run.end
    facts = await stage.facts(run_id)
    asked = next(
        one for one in facts if isinstance(one.body, ModelAttemptRequested) and one.body.deferred
    )
    followed = {one.type: one for one in facts if one.cause_id == asked.id}
    waited = asked.body.not_before - asked.time
    assert waited >= timedelta(seconds=RETRY_AFTER_SECONDS - 0.5)
    assert followed["model.attempt_due"].time >= asked.body.not_before
    assert followed["model.funded"].sequence > followed["model.attempt_due"].sequence
    assert [one.type for one in facts if one.type in ENDS] == ["run.completed"]

"""What becomes of attempts that are lost, late, contested or given up."""

import asyncio

import pytest

from contracts.model import ModelClaimed, ModelFailed, ModelResponded, Route
from contracts.run import RunFailed
from services.model_router.adapters import FakeProvider
from services.model_router.errors import Invalid
from shared.errors import Again

SECOND = Route(provider="other", api="fake", model="two")


async def test_a_claim_without_an_outcome_becomes_a_hedge_with_a_hold_of_its_own(scene):
    funded = scene.fund(scene.request())
    scene.claimed_by_another(funded)

    await scene.hear(funded, delivery=2)

    hedge = scene.asked_again().body
    assert (hedge.role, hedge.attempt, hedge.route) == ("hedge", 2, SECOND)
    assert (hedge.previous.kind, hedge.previous.billed) == ("lost", "unknown")
    assert scene.first.calls == 0


async def test_a_hold_that_was_taken_back_cost_nothing(scene):
    funded = scene.fund(scene.request())
    scene.claimed_by_another(funded, state="revoked")

    await scene.hear(funded)

    assert scene.asked_again().body.previous.billed == "nothing"
    assert scene.first.calls == 0


async def test_a_superseded_attempt_says_nothing_more(scene):
    funded = scene.fund(scene.request())
    scene.claimed_by_another(funded)
    await scene.hear(funded, delivery=2)
    facts = len(scene.bus.facts)

    await scene.hear(funded, delivery=3)

    assert len(scene.bus.facts) == facts


@pytest.mark.parametrize(("claimed", "billed"), [(False, "nothing"), (True, "unknown")])
async def test_the_last_delivery_reports_and_does_not_call(scene, claimed, billed):
    funded = scene.fund(scene.request())
    if claimed:
        scene.claimed_by_another(funded)

    await scene.hear(funded, delivery=20, last=True)

    (failed,) = scene.said(ModelFailed)
    assert (failed.failure.kind, failed.failure.billed) == ("unavailable", billed)
    assert scene.first.calls == 0


async def test_an_attempt_that_is_declined_can_be_claimed_by_nobody_any_more(scene):
    """Its hold is given back, and another replica may be about to claim under it."""
    funded = scene.fund(scene.request(prompt_sha256="0" * 64))

    await scene.hear(funded)

    (revoked,) = scene.said(ModelClaimed)
    assert revoked.state == "revoked"
    assert len(scene.said(ModelFailed)) == 1


@pytest.mark.parametrize("last", [False, True])
async def test_what_another_claimed_meanwhile_is_not_reported_as_free_of_cost(scene, last):
    funded = scene.fund(scene.request(prompt_sha256="0" * 64))
    stale = scene.run()
    scene.claimed_by_another(funded)
    scene.bus.run = lambda _heard: asyncio.sleep(0, stale)

    if last:
        await scene.hear(funded, delivery=20, last=True)
    else:
        with pytest.raises(Again):
            await scene.hear(funded)

    billed = [failed.failure.billed for failed in scene.said(ModelFailed)]
    assert billed == (["unknown"] if last else [])


class Slow(FakeProvider):
    """Answers once it may; somebody may interfere meanwhile."""

    def __init__(self, script=()):
        super().__init__(script)
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def complete(self, call):
        self.asked.set()
        await self.may_answer.wait()
        return await super().complete(call)


async def test_a_call_of_this_process_is_not_taken_for_lost(new_scene):
    scene = new_scene(first=Slow())
    funded = scene.fund(scene.request())
    calling = asyncio.create_task(scene.hear(funded))
    await scene.first.asked.wait()

    with pytest.raises(Again):
        await scene.hear(funded, delivery=2)

    scene.first.may_answer.set()
    await calling
    assert len(scene.said(ModelResponded)) == 1
    assert scene.desk.calling == set()


async def test_a_late_failure_does_not_end_a_step_that_went_on(new_scene):
    scene = new_scene(first=Slow([Invalid("no")]))
    funded = scene.fund(scene.request())
    calling = asyncio.create_task(scene.hear(funded))
    await scene.first.asked.wait()
    scene.desk.calling.clear()
    await scene.hear(funded, delivery=2)

    scene.first.may_answer.set()
    await calling

    assert scene.said(ModelFailed) == []


async def test_a_failure_after_the_end_is_told_for_the_ledger(new_scene):
    scene = new_scene(first=Slow([Invalid("no")]))
    funded = scene.fund(scene.request())
    calling = asyncio.create_task(scene.hear(funded))
    await scene.first.asked.wait()
    scene.tell(scene.run().root, RunFailed(rule="deadline_passed", reason="late"))

    scene.first.may_answer.set()
    await calling

    (failed,) = scene.said(ModelFailed)
    assert failed.failure.billed == "nothing"


async def test_a_lost_claim_is_looked_at_again(scene):
    funded = scene.fund(scene.request())
    stale = scene.run()
    scene.claimed_by_another(funded)
    scene.bus.run = lambda _heard: asyncio.sleep(0, stale)

    with pytest.raises(Again):
        await scene.hear(funded)

    assert scene.first.calls == 0


async def test_a_claim_that_took_too_long_is_not_used(scene):
    funded = scene.fund(scene.request())
    claim = scene.bus.claim

    async def slowly(cause, body):
        won = await claim(cause, body)
        scene.bus.clock.advance(6)
        return won

    scene.bus.claim = slowly
    await scene.hear(funded)

    assert scene.first.calls == 0
    assert scene.asked_again().body.previous.billed == "nothing"

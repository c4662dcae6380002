"""Nothing is dispatched under an order to stop, and what was left behind gives its hold back."""

from dataclasses import replace

import pytest

from contracts.control import InputTaken
from contracts.model import ModelClaimed, ModelFailed, ModelRequested, ModelResponded
from shared.errors import Again
from shared.orders import FixedOrders
from tests.bodies import input_cleared, input_submitted, ordered

STOP = ordered("agent", "support", "stopped")


def under(scene, *orders):
    scene.desk = replace(scene.desk, orders=FixedOrders(orders))


async def test_a_stopped_agent_calls_no_model_and_gives_its_hold_back(scene):
    funded = scene.fund(scene.request())
    under(scene, STOP)

    await scene.hear(funded)

    (claim,) = scene.said(ModelClaimed)
    (failed,) = scene.said(ModelFailed)
    assert claim.state == "revoked"
    assert (failed.failure.kind, failed.failure.billed) == ("denied", "nothing")
    assert "the agent support is stopped by anna: incident" in failed.failure.reason
    assert scene.first.calls == 0


@pytest.mark.parametrize(
    "order", [ordered("tenant", "other", "stopped"), ordered("platform", None, "paused")]
)
async def test_what_was_asked_for_is_called_under_any_other_order(scene, order):
    """Paused runs finish what they began; others are not concerned."""
    funded = scene.fund(scene.request())
    under(scene, order)

    await scene.hear(funded)

    assert len(scene.said(ModelResponded)) == 1


class Unread(FixedOrders):
    def state_for(self, tenant, agent):
        raise Again("the orders in force were not read for 9 s")


async def test_orders_that_nobody_knows_keep_a_call_from_being_made(scene):
    funded = scene.fund(scene.request())
    scene.desk = replace(scene.desk, orders=Unread())

    with pytest.raises(Again):
        await scene.hear(funded)

    assert scene.said(ModelClaimed) == []
    assert scene.first.calls == 0


def interrupted(scene):
    """A funded call that an interruption revoked, and the step after it; gives the funding."""
    funded = scene.fund(scene.request())
    submitted = scene.tell(scene.run().root, input_submitted("interrupt"))
    cleared = scene.tell(submitted.id, input_cleared())
    scene.claimed_by_another(funded, state="revoked")
    taken = scene.tell(cleared.id, InputTaken(policy="interrupt", step=2))
    first = scene.run().steps[0].requested.body
    scene.tell(taken.id, first.model_copy(update={"step": 2}))
    return funded


async def test_an_interrupted_call_is_not_made_and_its_hold_is_given_back(scene):
    funded = interrupted(scene)

    await scene.hear(funded, delivery=2)

    (failed,) = scene.said(ModelFailed)
    assert (failed.step, failed.failure.kind, failed.failure.billed) == (1, "lost", "nothing")
    assert scene.first.calls == 0
    assert len(scene.said(ModelRequested)) == 2


async def test_an_interrupted_call_is_told_once(scene):
    funded = interrupted(scene)
    await scene.hear(funded, delivery=2)

    await scene.hear(funded, delivery=3)

    assert len(scene.said(ModelFailed)) == 1

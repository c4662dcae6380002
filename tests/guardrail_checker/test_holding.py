"""A tool that is stopped, drifted or not pinned is refused before a person is asked about it."""

import json
from dataclasses import replace

import pytest

from contracts.agent import Agent, ReviewRule
from contracts.control import ControlOrdered
from contracts.guardrail import ToolBlocked, ToolEscalated
from contracts.pins import pin_of
from contracts.tool import ToolManifest
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_call
from services.guardrail_checker.rules import ToolPolicy
from shared.bus import Heard
from shared.errors import Again
from shared.orders import FixedOrders
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest, run_started, task, task_cleared, tool_requested
from tests.histories import History

REFUND = manifest("issue_refund", effect="money", sinks={"amount": "amount"})
OTHER = REFUND.model_copy(update={"description": "Send money to whoever asks."})
PINS = {REFUND.name: pin_of(REFUND)}
ASKS = ReviewRule(roles=("finance",))


def order(state="running", **more):
    named = {"scope": "tool", "name": REFUND.name, "state": state, "principal": "anna"}
    return ControlOrdered.model_validate({**named, "at": NOON, "nonce": "n", **more})


async def gated(
    tool: ToolManifest = REFUND, *, amount: object = 12.9, review: ReviewRule | None = ASKS, **own
):
    """The verdict of the gate on one call that a person would be asked about."""
    agent = Agent(
        name="support",
        instructions="Help.",
        tools=(tool.name,),
        review={} if review is None else {tool.name: review},
    )
    history = History()
    said = "Refund 12.90 to me."
    cleared = history.say(task_cleared(said), history.say(task(said)))
    history.say(run_started(tool).model_copy(update={"agent": agent}), cleared)
    responded = history.step(calls=[(tool.name, json.dumps({"amount": amount}))])
    asked = tool_requested(1, 1, responded.body.tool_calls[0])
    requested = history.say(asked.model_copy(update={"manifest_sha256": tool.sha256}), responded)
    bus = MemoryBus()
    bus.given(*history.facts)
    desk = replace(Desk({"support": agent}, ToolPolicy(), Shelf(), 1.0), **own)
    await gate_call(Heard(requested, 1, last=False), bus, desk)
    return bus.facts[-1].body


@pytest.mark.parametrize("pins", [None, PINS])
async def test_a_tool_as_it_was_pinned_is_put_to_a_person(pins):
    assert isinstance(await gated(pins=pins, manifests={REFUND.name: REFUND}), ToolEscalated)


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ({REFUND.name: pin_of(OTHER)}, "issue_refund is not what was pinned: its description"),
        ({}, "issue_refund is new: nobody has pinned it"),
    ],
    ids=["drifted", "unpinned"],
)
@pytest.mark.parametrize("review", [ASKS, None])
async def test_a_tool_in_quarantine_is_refused_and_nobody_is_asked(pins, told, review):
    verdict = await gated(pins=pins, review=review)

    assert isinstance(verdict, ToolBlocked)
    assert verdict.rule == "tool_held"
    assert verdict.reason.startswith(told)
    assert "in quarantine until an operator releases it" in verdict.reason


async def test_what_an_operator_released_is_put_to_a_person_again():
    released = FixedOrders((order(pin_sha256=pin_of(REFUND).sha256),))

    assert isinstance(await gated(pins={}, orders=released), ToolEscalated)


async def test_a_stopped_tool_is_refused_with_who_stopped_it():
    verdict = await gated(orders=FixedOrders((order("stopped", reason="a leak"),)))

    assert (verdict.rule, verdict.reason) == (
        "tool_held",
        "the tool issue_refund is stopped by anna: a leak",
    )


async def test_a_tool_that_changed_since_the_run_started_is_refused():
    verdict = await gated(pins=PINS, manifests={REFUND.name: OTHER})

    assert isinstance(verdict, ToolBlocked)
    assert verdict.rule == "tool_changed"
    assert verdict.reason == (
        "issue_refund was changed after the run started; submit the task again"
    )


async def test_what_the_policy_refuses_anyway_is_refused_by_the_policy():
    bound = ToolPolicy.model_validate({"argument_limits": {REFUND.name: {"amount": {"max": 5}}}})

    assert (await gated(pins={}, policy=bound)).rule == "argument_limit"


class Unread(FixedOrders):
    def for_tool(self, name):
        raise Again("nobody knows")


async def test_while_nobody_can_tell_what_is_ordered_no_verdict_is_given():
    with pytest.raises(Again):
        await gated(orders=Unread())

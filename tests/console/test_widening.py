"""What a reviewer is told of a change of an agent."""

from decimal import Decimal

import pytest

from contracts.agent import Agent, AgentLimits, Delegate, Escalation, Guardrails, ReviewRule
from services.console.rules.widening import widened

BEFORE = Agent(
    name="support",
    instructions="Help.",
    tools=("find_order", "issue_refund"),
    limits=AgentLimits(steps=12, budget_usd=Decimal("0.50")),
    guardrails=Guardrails(input=("pii",), output=("secrets",)),
    review={"issue_refund": ReviewRule(when="amount > 50", roles=("lead",), quorum=2)},
    evaluators=("resolved",),
)


def changed(**changes):
    return widened(BEFORE, BEFORE.model_copy(update=changes))


def ruled(**changes):
    rule = BEFORE.review["issue_refund"].model_copy(update=changes)
    return changed(review={"issue_refund": rule})


def delegating(after):
    legal = Delegate(agent="legal", budget_usd=Decimal("0.10"))
    before = BEFORE.model_copy(update={"agents": {"ask": legal}})
    return widened(before, before.model_copy(update={"agents": {"ask": after}}))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (changed(tools=(*BEFORE.tools, "send_email")), "it may call send_email"),
        (changed(agents={"ask": Delegate(agent="legal")}), "it may ask the agent legal, as ask"),
        (
            delegating(Delegate(agent="legal")),
            "ask may spend all that the run may, and $0.10 before",
        ),
        (
            delegating(Delegate(agent="boss", budget_usd="0.10")),
            "it may ask the agent boss, as ask",
        ),
        (
            ruled(escalate=(Escalation(after_seconds=60, roles=("lead", "intern")),)),
            "issue_refund: intern may answer too",
        ),
        (changed(limits=AgentLimits(steps=13)), "limits.steps is 13, and was 12"),
        (
            changed(guardrails=Guardrails(output=("secrets",))),
            "its input is no longer checked by pii",
        ),
        (changed(evaluators=()), "it is no longer held to resolved"),
        (changed(review={}), "nobody is asked about issue_refund any more"),
        (
            ruled(when="amount > 500"),
            "issue_refund: people are asked when amount > 500, and were when amount > 50",
        ),
        (ruled(roles=("lead", "intern")), "issue_refund: intern may answer too"),
        (ruled(quorum=1), "issue_refund: 1 must approve, and 2 had to"),
    ],
)
def test_every_way_to_be_less_bound_is_told(told, sentence):
    assert told == (sentence,)


@pytest.mark.parametrize(
    "told",
    [
        changed(),
        changed(instructions="Help well.", model="strong", description="New."),
        changed(tools=("find_order",), review={}),
        changed(limits=AgentLimits(steps=3, budget_usd=Decimal("0.10"))),
        ruled(when=None, quorum=3, roles=()),
    ],
)
def test_what_binds_it_as_before_or_more_is_not_told(told):
    assert told == ()

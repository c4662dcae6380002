"""What leaves by a call passes checks before the call is cleared."""

import json

import pytest

from contracts.agent import Agent, Guardrails
from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from services.guardrail_checker.checks.catalogue import CheckLimits, build_checks
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_call
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.leaving import DEFAULT, Outgoing
from shared.bus import Heard
from shared.canaries import Canaries
from shared.testing import MemoryBus
from tests.bodies import manifest, run_started, task, task_cleared, tool_requested
from tests.histories import History

CANARIES = Canaries(b"k" * 32)
LIMITS = CheckLimits(canaries=CANARIES)
TENANT = History().tenant
SECRET = "ghp_" + "q7Zp2Lx9Vb4Nw8Rt1Yc6" + "q7Zp2Lx9Vb4Nw8Rt"
IBAN = "DE89 3704 0044 0532 0130 00"
CARD = "4111 1111 1111 1111"
TO = "anna@example.org"
EMAIL = manifest(
    "send_email", effect="egress", sinks={"to": "destination"}, payload=("subject", "body")
)
LOOK = manifest("look")
PAY = manifest("pay", effect="money", sinks={"iban": "destination"})
LOGIN = manifest("login", effect="write", sinks={"password": "credential"})


async def gated(tool, arguments, *, policy=None, guardrails=None, limits=LIMITS):
    """The verdict of the gate on one call, through its handler."""
    history = History()
    said = f"Write to {TO} that it is done, pay {IBAN}, the password is '{SECRET}'."
    cleared = history.say(task_cleared(said), history.say(task(said)))
    own = Agent(name="support", instructions="Help.", tools=(tool.name,))
    own = own.model_copy(update={"guardrails": guardrails or Guardrails()})
    history.say(run_started(tool).model_copy(update={"agent": own}), cleared)
    responded = history.step(calls=[(tool.name, json.dumps(arguments))])
    asked = tool_requested(1, 1, responded.body.tool_calls[0])
    asked = asked.model_copy(update={"manifest_sha256": tool.sha256})
    requested = history.say(asked, responded)
    bus = MemoryBus()
    bus.given(*history.facts)
    checks = build_checks({*DEFAULT, "no_links"}, limits)
    desk = Desk({"support": own}, policy or ToolPolicy(), Shelf(checks, limits=limits), 1.0)
    await gate_call(Heard(requested, 1, last=False), bus, desk)
    return bus.facts[-1].body


async def test_what_holds_nothing_is_cleared():
    verdict = await gated(EMAIL, {"to": TO, "body": "It is done."})

    assert isinstance(verdict, ToolCleared)
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (f"The key is {SECRET}", "github_token"),
        (f"It is {CANARIES.of(TENANT)}", "canary"),
        (" ".join(CANARIES.of(TENANT)), "canary"),
        (f"It is {CANARIES.of('another')}", "canary_of_another_tenant"),
    ],
)
async def test_a_secret_or_a_canary_does_not_leave(body, rule):
    verdict = await gated(EMAIL, {"to": TO, "body": body})

    assert isinstance(verdict, ToolBlocked)
    assert (verdict.rule, [one.rule for one in verdict.findings]) == (rule, [rule])
    assert SECRET not in verdict.model_dump_json()
    assert CANARIES.of(TENANT) not in verdict.model_dump_json()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (f"My card is {CARD}.", "card_number"),
        ("![a](//evil.example/x)", "loads_by_itself"),
    ],
)
async def test_numbers_of_persons_and_what_loads_by_itself_need_a_person(body, rule):
    verdict = await gated(EMAIL, {"to": TO, "body": body})

    assert isinstance(verdict, ToolEscalated)
    assert rule in {verdict.rule, *(one.rule for one in verdict.findings)}


async def test_a_value_that_hides_deep_in_an_argument_or_in_a_name_is_found():
    verdict = await gated(EMAIL, {"to": TO, "body": {"a": [{SECRET: 1}]}})

    assert isinstance(verdict, ToolBlocked)
    assert verdict.rule == "github_token"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (LOOK, {"order_id": SECRET}),
        (PAY, {"iban": IBAN}),
        (LOGIN, {"password": SECRET}),
    ],
)
async def test_what_a_call_is_about_is_no_leak(tool, arguments):
    verdict = await gated(tool, arguments)

    assert isinstance(verdict, ToolCleared), verdict


async def test_the_policy_says_tool_by_tool_what_becomes_of_a_call():
    asks = Outgoing(tools={"send_email": {"secrets": "ask"}})
    passes = Outgoing(tools={"send_email": {"secrets": "pass"}})
    arguments = {"to": TO, "body": f"The key is {SECRET}"}

    asked = await gated(EMAIL, arguments, policy=ToolPolicy(outgoing=asks))
    passed = await gated(EMAIL, arguments, policy=ToolPolicy(outgoing=passes))

    assert isinstance(asked, ToolEscalated)
    assert asked.rule == "github_token"
    assert isinstance(passed, ToolCleared)


async def test_an_agent_adds_checks_that_deny_and_takes_none_away():
    strict = Guardrails(calls=("no_links",))

    denied = await gated(EMAIL, {"to": TO, "body": "See shop.com"}, guardrails=strict)
    secret = await gated(EMAIL, {"to": TO, "body": SECRET}, guardrails=strict)

    assert (denied.rule, secret.rule) == ("link", "github_token")
    assert isinstance(denied, ToolBlocked)


async def test_a_check_that_is_not_here_denies():
    policy = ToolPolicy(outgoing=Outgoing(checks={"unheard_of": "deny"}))

    verdict = await gated(EMAIL, {"to": TO, "body": "It is done."}, policy=policy)

    assert isinstance(verdict, ToolBlocked)
    assert verdict.rule == "checker_unavailable"


async def test_without_a_key_there_are_no_canaries_to_find():
    body = f"It is {CANARIES.of(TENANT)}"

    verdict = await gated(EMAIL, {"to": TO, "body": body}, limits=CheckLimits())

    assert isinstance(verdict, ToolCleared)

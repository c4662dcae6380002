"""A check that vaults leaves a token, and says on the log where the passage lies."""

import json

import pytest

from contracts.agent import Agent, Guardrails
from contracts.guardrail import (
    AnswerCleared,
    ResultCleared,
    TaskCleared,
    ToolBlocked,
    ToolCleared,
    ToolEscalated,
    Vaulted,
)
from contracts.history.vault import TOKEN, vault_of
from contracts.run import AnswerProposed
from services.guardrail_checker.checks.base import Finding
from services.guardrail_checker.checks.catalogue import build_checks
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk
from services.guardrail_checker.handlers import gate_answer, gate_call, gate_result, gate_task
from services.guardrail_checker.rules import Tokens, ToolPolicy, judge_text
from services.guardrail_checker.rules.leaving import DEFAULT, Outgoing
from shared.bus import Heard
from shared.redaction.span import Span
from shared.testing import MemoryBus
from tests.bodies import manifest, run_started, task, tool_requested
from tests.histories import History

IBAN = "DE89 3704 0044 0532 0130 00"
CARD = "4111 1111 1111 1111"
PAY = manifest("pay", effect="money", sinks={"account": "destination"}, reveals=("account",))
NOTE = manifest("note", effect="egress", payload=("text",), reveals=("text",))


def desk_of(*tools, policy=None):
    own = Agent(name="support", instructions="Help.", tools=tuple(one.name for one in tools))
    own = own.model_copy(update={"guardrails": Guardrails(input=("pii_vault",))})
    checks = build_checks({*DEFAULT, "pii_vault"})
    return own, Desk({"support": own}, policy or ToolPolicy(), Shelf(checks), 1.0)


async def verdict(history, fact, gate, desk):
    bus = MemoryBus()
    bus.given(*history.facts)
    await gate(Heard(fact, 1, last=False), bus, desk)
    said = bus.facts[-1]
    history.repeat(said)
    return said.body


async def begun(*tools, said=f"Pay {IBAN} at once."):
    """A run whose user said a number, up to its start, and the desk of its gate."""
    own, desk = desk_of(*tools)
    history = History()
    cleared = await verdict(history, history.say(task(said)), gate_task, desk)
    assert isinstance(cleared, TaskCleared)
    history.say(run_started(*tools).model_copy(update={"agent": own}), history.facts[-1])
    return history, desk, cleared


async def called(history, desk, tool, **arguments):
    """The verdict on a call with these arguments."""
    responded = history.step(calls=[(tool.name, json.dumps(arguments))])
    asked = tool_requested(1, 1, responded.body.tool_calls[0])
    asked = asked.model_copy(update={"manifest_sha256": tool.sha256})
    return await verdict(history, history.say(asked, responded), gate_call, desk)


async def test_a_model_reads_a_token_and_the_log_knows_what_it_stands_for():
    history, _, cleared = await begun(PAY)

    (token,) = TOKEN.findall(cleared.input)
    assert cleared.input == f"Pay {token} at once."
    assert cleared.vaulted == (Vaulted(token=token, kind="iban", start=4, end=4 + len(IBAN)),)
    assert vault_of(history.run)[token].value == IBAN
    (finding,) = cleared.findings
    assert (finding.severity, finding.rule) == ("redact", "iban")
    assert IBAN not in cleared.model_dump_json()


async def test_without_such_a_passage_a_verdict_is_as_it_was():
    _, _, cleared = await begun(PAY, said="Where is my parcel?")

    assert cleared.vaulted is None
    assert "vaulted" not in cleared.model_dump_json(exclude_none=True)


async def test_what_a_tool_returns_keeps_the_token_that_it_has():
    history, desk, cleared = await begun(manifest())
    responded = history.step(calls=[("find_order", '{"order_id": "1042"}')])
    output = json.dumps({"to": IBAN, "card": CARD})
    succeeded = history.run_tool(history.clear(history.call(responded)), output)

    shown = await verdict(history, succeeded, gate_result, desk)

    assert isinstance(shown, ResultCleared)
    iban, card = TOKEN.findall(shown.text)
    assert iban == cleared.vaulted[0].token != card
    found = vault_of(history.run)
    assert (found[iban].value, found[card].value) == (IBAN, CARD)


async def test_a_token_is_as_good_as_what_the_user_said():
    """Its value would have been the user's own; a token that nobody was told is nobody's."""
    history, desk, cleared = await begun(PAY)
    assert isinstance(
        await called(history, desk, PAY, account=cleared.vaulted[0].token), ToolCleared
    )

    history, desk, _ = await begun(PAY)
    other = await called(history, desk, PAY, account="[iban:0123456789ab]")
    assert isinstance(other, ToolBlocked | ToolEscalated)


async def test_what_leaves_is_checked_with_what_the_tool_is_given():
    """A number of a person does not leave unasked because it goes by another name."""
    history, desk, cleared = await begun(NOTE)
    asked = await called(history, desk, NOTE, text=f"The account is {cleared.vaulted[0].token}.")

    assert isinstance(asked, ToolEscalated)
    assert [one.rule for one in asked.findings] == ["iban"]


SEND = manifest(
    "send", effect="egress", sinks={"to": "destination"}, payload=("text",), reveals=("text",)
)
LENIENT = ToolPolicy(outgoing=Outgoing(checks={}))


async def sent(said, returned, text):
    """The verdict on a letter to whom the user named, of what one call has returned."""
    own, desk = desk_of(SEND, manifest(), policy=LENIENT)
    history = History()
    cleared = await verdict(history, history.say(task(said)), gate_task, desk)
    history.say(run_started(manifest(), SEND).model_copy(update={"agent": own}), history.facts[-1])
    responded = history.step(calls=[("find_order", '{"order_id": "1042"}')])
    succeeded = history.run_tool(history.clear(history.call(responded)), json.dumps(returned))
    shown = await verdict(history, succeeded, gate_result, desk)
    tokens = TOKEN.findall(f"{cleared.input} {shown.text}")
    arguments = {"to": "bob@shop.example", "text": text.format(*tokens)}
    responded = history.step(calls=[("send", json.dumps(arguments))])
    asked = tool_requested(2, 1, responded.body.tool_calls[0])
    asked = asked.model_copy(update={"manifest_sha256": SEND.sha256})
    return await verdict(history, history.say(asked, responded), gate_call, desk)


async def test_a_number_of_an_outsider_is_asked_about_under_its_token_as_well():
    said = "Write to bob@shop.example what find_order says of order 1042."
    judged = await sent(said, f"Pay to {IBAN}.", "Pay to {0}.")

    assert isinstance(judged, ToolEscalated)
    assert judged.rule == "stranger_to_payload"
    assert not any(one in judged.model_dump_json() for one in (IBAN, IBAN.replace(" ", "")))


async def test_a_number_of_the_user_s_goes_under_its_token_where_it_goes_without():
    said = f"Write to bob@shop.example that he pays to {IBAN}, for order 1042."

    assert isinstance(await sent(said, "ok", "Pay to {0}."), ToolCleared)


async def test_what_is_put_together_around_a_token_is_nobody_s():
    said = f"Write to bob@shop.example that he pays to {IBAN}, for order 1042."
    judged = await sent(said, "ok", "Pay to {0}7.")

    assert isinstance(judged, ToolEscalated)
    assert judged.rule == "stranger_to_payload"
    assert not any(one in judged.model_dump_json() for one in (IBAN, IBAN.replace(" ", "")))


async def test_people_are_told_what_they_may_recognise():
    history, desk, cleared = await begun(manifest())
    token = cleared.vaulted[0].token
    responded = history.step(text=f"I paid to {token}.")
    proposed = history.say(AnswerProposed(step=1, text=f"I paid to {token}."), responded)

    answer = await verdict(history, proposed, gate_answer, desk)

    assert isinstance(answer, AnswerCleared)
    assert answer.text == "I paid to [iban ending 3000]."


def vaulting(start, end):
    return Finding("v", "vault", "iban", "", Span(start, end))


def test_what_is_said_twice_has_one_token():
    judged = judge_text("ab ab", [vaulting(0, 2), vaulting(3, 5)], tokens=Tokens("f", {}))

    first, second = judged.vaulted
    assert judged.text == f"{first.token} {first.token}"
    assert first.token == second.token


@pytest.mark.parametrize("order", [1, -1])
def test_what_another_check_wants_gone_is_not_vaulted(order):
    gone = Finding("secrets", "redact", "key", "", Span(2, 6))
    findings = [vaulting(0, 4), gone][::order]

    judged = judge_text("abcdefgh", findings, tokens=Tokens("f", {}))

    assert (judged.text, judged.vaulted) == ("[removed by secrets: key]gh", ())


def test_passages_that_overlap_are_one():
    judged = judge_text("abcdefgh", [vaulting(0, 4), vaulting(2, 6)], tokens=Tokens("f", {}))

    (only,) = judged.vaulted
    assert (only.start, only.end, judged.text) == (0, 6, f"{only.token}gh")


def test_where_nothing_can_be_vaulted_it_is_taken_out():
    assert judge_text("abcd", [vaulting(0, 2)]).text == "[removed by v: iban]cd"

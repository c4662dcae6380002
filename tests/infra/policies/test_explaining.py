"""A recorded call explained, and recorded runs under a policy that is only proposed."""

import pytest

from contracts.shape import sha256_hex
from infra.policies.explaining import NotJudged, explained
from infra.policies.replaying import replayed
from services.guardrail_checker.rules import ToolPolicy
from tests.bodies import VERDICT, manifest, tool_cleared, tool_requested
from tests.guardrail_checker.test_agents import parent_that_was_told, writing_child
from tests.histories import History
from tests.policies import LENIENT

PAY = manifest("pay", effect="money", sinks={"to": "destination", "amount": "amount"})
ARGUMENTS = '{"to": "eve@evil.example", "amount": 5}'
DEFAULT = ToolPolicy()


def recorded(*, run_id: str = "r-1", judged: bool = True):
    """A run whose gate let a payment to a stranger through."""
    history = History(run_id=run_id)
    history.begin(PAY, text="Is all well?")
    responded = history.step(calls=[("pay", ARGUMENTS)])
    part = responded.body.tool_calls[0]
    body = tool_requested(1, 1, part).model_copy(
        update={
            "manifest_sha256": PAY.sha256,
            "arguments_sha256": sha256_hex(part.arguments_json.encode()),
        }
    )
    asked = history.say(body, responded)
    if judged:
        history.say(tool_cleared(asked.body), asked)
    return history.run


def test_each_value_is_told_with_where_it_comes_from():
    found = explained(recorded(), "1-1", DEFAULT)

    assert [(one["argument"], one["origin"]) for one in found["values"]] == [
        ("to", "model"),
        ("amount", "model"),
    ]
    assert found["values"][0]["told"] == "to 'eve@evil.example' stands nowhere but in the call"
    assert found["recorded"]["rule"] == VERDICT["rule"]
    assert found["now"]["verdict"] == "tool.escalated"
    assert "stranger_is_paid" in found["now"]["rule"].split(",")
    assert found["context"]["untrusted"] is False


def test_a_call_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(NotJudged, match="has no call 7-1; it has 1-1"):
        explained(recorded(), "7-1", DEFAULT)


def test_a_call_that_nobody_judged_is_told():
    with pytest.raises(NotJudged, match="call 1-1 of pay was never judged"):
        explained(recorded(judged=False), "1-1", DEFAULT)


def test_a_stricter_policy_flips_what_was_let_through():
    found = replayed([(recorded(), ()), (recorded(run_id="r-2"), ())], DEFAULT)

    assert (found["runs"], found["calls"], found["flipped"]) == (2, 2, 2)
    assert found["moves"] == {"cleared to escalated": 2}
    assert found["approvals_saved"] == -2
    assert {one["run_id"] for one in found["flips"]} == {"r-1", "r-2"}


def test_what_a_called_run_does_is_judged_with_the_words_of_the_user_above_it():
    child, asked = writing_child("anna@example.org")
    child.say(tool_cleared(asked), child.facts[-1])
    above = (parent_that_was_told("Write to anna@example.org.").run,)

    found = explained(child.run, "1-1", DEFAULT, above)

    assert [one["origin"] for one in found["values"]] == ["user"]
    assert found["now"]["verdict"] == "tool.cleared"
    assert replayed([(child.run, above)], DEFAULT)["flips"] == []
    assert len(replayed([(child.run, ())], DEFAULT)["flips"]) == 1


def test_the_same_decisions_flip_nothing():
    found = replayed([(recorded(), ())], LENIENT)

    assert (found["flips"], found["approvals_saved"]) == ([], 0)

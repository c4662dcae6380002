"""People write other arguments: they fit the schema, run to the byte, and the model is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.guardrail import ResultCleared
from contracts.history import told
from contracts.shape import sha256_hex
from contracts.tool import ToolUnknown
from tests.bodies import (
    VERDICT,
    tool_claimed,
)
from tests.orchestrator.reviewing import (
    EDITED,
    Asking,
)


def shown(asking: Asking) -> str:
    """What the model is told of the call."""
    return told(asking.history.run.steps[0].calls[0]).parts[0].text


def test_an_edit_runs_what_the_person_wrote_to_the_byte():
    asking = Asking()
    asking.edit()

    decision, again = asking.decide()

    assert (decision.outcome, decision.arguments_json) == ("edited", EDITED)
    assert decision.arguments_sha256 == sha256_hex(EDITED.encode())
    assert (again.arguments_json, again.arguments_sha256) == (EDITED, decision.arguments_sha256)


def test_the_model_is_told_that_a_person_changed_the_arguments():
    asking = Asking()
    asking.edit()
    asking.decide()
    history = asking.history
    outcome = history.run_tool(history.clear(history.facts[-1]))
    history.say(ResultCleared(**VERDICT, call="1-1", text="ok", label="tool:issue_refund"), outcome)

    assert f"A person changed the arguments of this call to {EDITED}" in shown(asking)


@pytest.mark.parametrize(
    ("arguments", "told_place"),
    [
        ('{"order_id": "1042", "amount": "20"}', "amount"),
        ('{"order_id": 1042, "amount": 20}', "order_id"),
        ('{"order_id": "1042", "amount": 501}', "amount"),
        ('{"order_id": "1042"}', "amount"),
        ('{"order_id": "1042", "amount": 20, "to": "me"}', "to"),
        ("[20]", "object"),
        ("{", "JSON"),
        ('{"order_id": "1042", "amount": NaN}', "NaN"),
        ('{"order_id": "1042", "amount": 500, "amount": 20}', "twice"),
        ('{"order_id": "' + "x" * 70_000 + '", "amount": 1}', "bytes"),
    ],
)
def test_an_edit_that_does_not_fit_the_schema_is_refused_and_says_where(arguments, told_place):
    asking = Asking()
    asking.edit(arguments=arguments)

    [refusal] = asking.decide()

    assert refusal.rule == "bad_edit"
    assert told_place in refusal.reason
    assert asking.outcome is None


def test_an_edited_call_is_attempted_again_with_what_was_edited():
    """Not with what the model wrote, which nobody approved."""
    asking = Asking()
    asking.edit()
    asking.decide()
    history = asking.history
    started = next(fact for fact in history.facts if fact.type == "run.started")
    idempotent = started.body.tools[0].model_copy(update={"idempotent": True})
    body = started.body.model_copy(update={"tools": (idempotent,)})
    history.facts[started.sequence - 1] = replace(started, body=body)
    cleared = history.clear(history.facts[-1])
    history.say(tool_claimed("1-1", 2), cleared)
    history.say(ToolUnknown(call="1-1", attempt=2, reason="cut off"), cleared)

    [again] = asking.decide(history.facts[-1].time + timedelta(seconds=2))

    assert (again.attempt, again.arguments_json) == (3, EDITED)
    assert again.approval_id == asking.review.decided.id

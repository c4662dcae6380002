"""What the gates count: each verdict once, how long it took, and checks that could not tell."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.guardrail import (
    AnswerBlocked,
    CheckFinding,
    InputBlocked,
    ResultBlocked,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
)
from services.guardrail_checker.metrics import UNAVAILABLE, count
from shared.bus import Said
from tests.bodies import task, task_cleared, tool_escalated, tool_requested
from tests.counting import counted
from tests.histories import History, whole_run

WORDS = {"rule": "pii", "policy_version": "p-1", "reason": "a card number"}
ASKED = tool_requested(1, 1, whole_run().run.steps[0].calls[0].part)
CALL = {"call": "1-1"}
DOWN = {"check": "pii", "severity": "block", "rule": UNAVAILABLE, "reason": "late"}


def said(body, after_seconds=0.0):
    history = History()
    asked = history.say(task())
    moment = asked.stored_at + timedelta(seconds=after_seconds)
    return Said(replace(history.say(body, asked), time=moment), asked)


@pytest.mark.parametrize(
    ("body", "gate", "decision"),
    [
        (task_cleared().model_copy(update=WORDS), "task", "cleared"),
        (TaskBlocked(**WORDS), "task", "blocked"),
        (tool_escalated(ASKED).model_copy(update=WORDS), "tool", "escalated"),
        (ToolBlocked(**WORDS, **CALL, attempt=1), "tool", "blocked"),
        (ResultBlocked(**WORDS, **CALL), "result", "blocked"),
        (AnswerBlocked(**WORDS), "answer", "blocked"),
        (InputBlocked(**WORDS), "input", "blocked"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_verdict_is_counted_under_its_gate_and_rule(body, gate, decision):
    name = "interlock_guardrail_decisions_total"
    verdicts = counted(name, gate=gate, decision=decision, rule="pii")

    count(said(body))

    assert verdicts.more == 1


def test_a_verdict_took_as_long_as_its_asker_waited():
    seconds = counted("interlock_guardrail_seconds_sum", gate="task")

    count(said(task_cleared(), after_seconds=0.25))

    assert seconds.more == pytest.approx(0.25)


def test_a_check_that_could_not_tell_is_counted_by_its_name():
    errors = counted("interlock_guardrail_errors_total", check="pii")

    count(said(TaskBlocked(**WORDS, findings=(CheckFinding(**DOWN),))))

    assert errors.more == 1


def test_a_check_that_found_something_is_no_error():
    errors = counted("interlock_guardrail_errors_total", check="pii")
    found = CheckFinding(**{**DOWN, "rule": "card"})

    count(said(TaskCleared(**WORDS, input="...", findings=(found,))))

    assert errors.more == 0


def test_a_gate_that_gave_up_is_counted_as_the_gate():
    errors = counted("interlock_guardrail_errors_total", check="gate")

    count(said(TaskBlocked(**{**WORDS, "rule": UNAVAILABLE})))

    assert errors.more == 1


def test_what_is_no_verdict_is_not_counted():
    verdicts = counted("interlock_guardrail_seconds_count", gate="task")

    count(said(task()))

    assert verdicts.more == 0

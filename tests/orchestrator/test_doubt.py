"""Nobody knows what the first attempt at a call did, and the next one is not let through."""

from datetime import timedelta

import pytest

from contracts.envelope import Fact
from contracts.guardrail import ToolBlocked
from contracts.history import told
from contracts.review import ReviewRequested
from contracts.shape import Body
from contracts.tool import ToolUnknown
from tests.bodies import VERDICT, tool_escalated
from tests.histories import History
from tests.orchestrator.deciding import said
from tests.orchestrator.reviewing import answered, settle
from tests.orchestrator.test_outcomes import unknown


@pytest.fixture
def history() -> History:
    """The call of an idempotent tool whose outcome is unknown."""
    return unknown(idempotent=True)


def attempted_again(history: History) -> Fact[Body]:
    """The request of the next attempt, which the gate has not judged yet."""
    unknown_ = history.facts[-1]
    [again] = said(history, unknown_.time + timedelta(seconds=10))
    return history.say(again, unknown_)


def block(history: History, asked: Fact[Body]) -> Fact[Body]:
    body = ToolBlocked(**VERDICT, call=asked.body.call, attempt=asked.body.attempt)
    return history.say(body, asked)


def told_of(history: History):
    return told(history.run.steps[0].calls[0])


def test_a_block_of_the_second_attempt_tells_nothing_of_the_first(history):
    """Told that the call was refused, the model would make it again under another key."""
    verdict = block(history, attempted_again(history))
    assert told_of(history) is None

    [still] = said(history)

    assert isinstance(still, ToolUnknown)
    assert (still.call, still.attempt) == ("1-1", 2)
    assert still.reason.startswith(f"it was refused ({VERDICT['rule']}: ")
    assert still.reason.endswith("; nobody knows what its earlier attempt did")
    history.say(still, verdict)
    assert history.run.steps[0].calls[0].last.outcome.body == still


def test_a_person_is_asked_once_every_attempt_after_the_first_was_blocked(history):
    verdict = block(history, attempted_again(history))
    history.say(said(history)[0], verdict)
    block(history, attempted_again(history))

    still, question = settle(history)

    assert (type(still), type(question)) == (ToolUnknown, ReviewRequested)
    assert (question.about, question.attempt) == ("outcome", 3)


def test_a_person_who_refuses_the_second_attempt_tells_nothing_of_the_first(history):
    again = attempted_again(history)
    history.say(tool_escalated(again.body), again)
    asked = settle(history)[0]
    no = {"review_id": asked.review_id, "arguments_sha256": asked.arguments_sha256}
    history.say(answered("lea", "reject", **no), history.root)
    settle(history)

    [part] = told_of(history).parts

    assert part.text.endswith("Nobody knows whether an earlier attempt took effect.")


def test_a_block_of_the_only_attempt_is_told_as_a_refusal():
    history = History()
    history.begin()
    block(history, history.call(history.step(calls=[("find_order", "{}")])))

    [part] = told_of(history).parts

    assert part.text.startswith("This call was refused: ")

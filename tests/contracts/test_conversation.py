"""The conversation that a model sees: ordered by call, never by arrival, and stable for ever."""

import pytest

from contracts.guardrail import ResultBlocked, ToolBlocked
from contracts.history import Run, canonical, conversation, digest, labels, prompt
from contracts.history.conversation import CALLED_OFF
from contracts.history.telling import WITHHELD
from tests.bodies import VERDICT, manifest, task
from tests.histories import History, whole_run

# Of `whole_run()` at its second step.
PINNED = "2a93c446a2c4c261cca5542ec7ee0a72ce104298d639b5516dbe3bdd186f9653"


def results(run: Run) -> list[str]:
    turns = [turn for turn in conversation(run) if turn.role == "tool"]
    return [part.parts[0].text for turn in turns for part in turn.parts]


def two_calls() -> tuple[History, object]:
    history = History()
    history.begin(manifest())
    return history, history.step(calls=[("find_order", "{}"), ("find_order", "{}")])


def test_results_stand_in_the_order_of_their_calls():
    history, responded = two_calls()
    history.use(responded, 2, shown="second")
    history.use(responded, 1, shown="first")

    assert results(history.run) == ["first", "second"]


def test_a_withheld_result_tells_the_model_no_more_than_that():
    history, responded = two_calls()
    outcome = history.run_tool(history.clear(history.call(responded, 1)), '"secret"')
    history.say(ResultBlocked(**VERDICT, call="1-1"), outcome)

    assert results(history.run)[0] == WITHHELD


def test_a_refused_call_tells_the_model_why():
    history, responded = two_calls()
    asked = history.call(responded, 1)
    verdict = {**VERDICT, "reason": "not on a Sunday"}
    history.say(ToolBlocked(**verdict, call="1-1", attempt=1), asked)

    assert "not on a Sunday" in results(history.run)[0]


def test_a_raw_result_is_not_shown_before_the_gate_has_seen_it():
    history, responded = two_calls()
    history.run_tool(history.clear(history.call(responded, 1)), '"raw"')

    assert results(history.run) == [CALLED_OFF, CALLED_OFF]


def test_a_run_that_has_not_started_has_no_prompt():
    history = History()
    history.say(task())

    with pytest.raises(ValueError, match="acme/r-1 has not started"):
        prompt(history.run)


def test_a_run_that_was_not_cleared_has_no_conversation():
    history = History()
    history.say(task())

    assert conversation(history.run) == ()


def test_a_prompt_of_the_past_is_rebuilt_to_the_byte():
    history = whole_run()
    asked = [fact for fact in history.facts if fact.type == "model.requested"][1]
    then = History(facts=history.facts[: asked.sequence]).run

    assert canonical(prompt(then, 2)) == canonical(prompt(history.run, 2))


def test_the_digest_of_a_known_prompt_is_a_known_one():
    """Pinned: if this changes, no stored `model.requested` can be rebuilt any more."""
    assert digest(prompt(whole_run().run, 2)) == PINNED


def test_a_label_sticks_from_the_result_that_brought_it():
    history, responded = two_calls()
    assert labels(history.run) == ("user",)

    history.use(responded, 1)

    assert labels(history.run) == ("tool:find_order", "user")

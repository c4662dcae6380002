"""A response may ask for so many calls at once; the rest are not made, and the model is told."""

from contracts.agent import Agent, AgentLimits
from contracts.history import conversation, told
from contracts.model import ModelRequested
from contracts.tool import ToolCallsRefused, ToolRequested
from services.orchestrator.rules import Say
from tests.bodies import agent, manifest, result_cleared, run_started, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import decided, said

ORDER = ("find_order", '{"order_id": "1042"}')
MOST = 2


def asked_for(calls: int) -> History:
    """A run whose model has asked for this many calls at once."""
    history = History()
    limits = agent().limits.model_copy(update={"parallel_calls": MOST})
    limited = agent().model_copy(update={"limits": limits})
    cleared = history.say(task_cleared(), history.say(task()))
    started = run_started(manifest()).model_copy(update={"agent": limited})
    history.say(started, cleared)
    history.step(calls=[ORDER] * calls)
    return history


def obey(history: History) -> list[Say]:
    """Append what is decided now."""
    moves = [move for move in decided(history) if isinstance(move, Say)]
    for move in moves:
        history.say(move.body, move.cause_id)
    return moves


def answer(history: History, index: int) -> None:
    """The tool of a call that was asked for runs."""
    asked = next(
        fact
        for fact in history.facts
        if isinstance(fact.body, ToolRequested) and fact.body.index == index
    )
    outcome = history.run_tool(history.clear(asked))
    history.say(result_cleared(f"1-{index}"), outcome)


def test_calls_beyond_the_limit_are_not_made():
    bodies = said(asked_for(4))

    assert [body.index for body in bodies if isinstance(body, ToolRequested)] == [1, 2]
    [refused] = [body for body in bodies if isinstance(body, ToolCallsRefused)]
    assert (refused.step, refused.after, refused.calls) == (1, 2, 2)


def test_as_many_calls_as_may_be_are_all_made():
    bodies = said(asked_for(MOST))

    assert [type(body) for body in bodies] == [ToolRequested] * MOST


def test_the_model_is_told_of_each_call_that_was_not_made():
    history = asked_for(4)
    obey(history)

    results = [told(call) for call in history.run.steps[0].calls]

    assert results[:2] == [None, None]
    assert all(one.is_error for one in results[2:])
    assert "asked for 4 calls at once, and may for 2" in results[3].parts[0].text


def test_the_run_goes_on_when_the_calls_that_were_made_are_answered():
    history = asked_for(4)
    obey(history)
    answer(history, 1)
    assert decided(history) == ()
    answer(history, 2)

    [move] = obey(history)

    assert isinstance(move.body, ModelRequested)
    shown = [part for turn in conversation(history.run, 2) for part in turn.parts]
    assert sum(part.kind == "tool_result" for part in shown) == 4


def test_calls_are_refused_once():
    history = asked_for(4)
    obey(history)

    assert decided(history) == ()


def test_a_refused_call_is_not_asked_for_any_more():
    history = asked_for(3)
    [first, _, refused] = obey(history)
    assert isinstance(refused.body, ToolCallsRefused)
    history.say(first.body.model_copy(update={"index": 3}), first.cause_id)

    assert history.run.steps[0].calls[2].tries == []


def test_what_was_asked_for_under_no_limit_is_seen_through():
    """A run of an older release, which knew none."""
    history = asked_for(3)
    response = history.facts[-2]
    for index in (1, 2, 3):
        history.call(response, index)

    assert decided(history) == ()


def test_an_agent_that_sets_no_limit_keeps_the_version_that_it_had():
    before = "f9cfe729ee7a"
    plain = Agent(name="clerk", instructions="Find parcels.")
    limited = plain.model_copy(update={"limits": AgentLimits(parallel_calls=2)})

    assert plain.version == before
    assert limited.version != before

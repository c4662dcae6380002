"""Recorded histories decide today as they did, and a release that decides otherwise is told so."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.agent import Assigned
from contracts.control import InputTaken
from contracts.export import Exported, read, read_header
from contracts.history import Run, fold
from contracts.model import ModelClaimed, ModelRequested
from contracts.review import ReviewDecided
from contracts.run import AnswerProposed, ContextCompacted, RunFailed, RunStarted
from infra.replay import __main__ as command
from infra.replay.check import replay
from services.orchestrator.rules import Say, calls, context
from shared.signing import Keyring
from tests.bodies import task, task_cleared
from tests.orchestrator.deciding import BOOK
from tests.orchestrator.playing import Played
from tests.releasing import in_force, released, version
from tests.simulation.world import OVERDUE_SECONDS, histories

RECORDED = sorted((Path(__file__).parents[2] / "recorded").glob("*.jsonl"))

# All that `decide` says, but for refusals of inputs and second submissions.
SAID_BY_DECISION = (
    "run.started",
    "run.queued",
    "context.compacted",
    "model.requested",
    "tool.requested",
    "tool.unknown",
    "review.requested",
    "review.escalated",
    "review.decided",
    "review.answer_refused",
    "input.taken",
    "answer.proposed",
    "run.paused",
    "run.resumed",
    "run.completed",
    "run.failed",
    "run.cancelled",
)


def exported(name: str) -> Exported:
    content = next(file for file in RECORDED if file.stem == name).read_bytes()
    return read(content, Keyring(read_header(content).keys))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_recorded_history_is_decided_as_it_was(file):
    done = command.replay_file(file)

    assert done.divergences == ()
    assert done.decisions > 1


def test_what_was_recorded_shows_every_way_that_a_run_goes():
    said = {fact.type for file in RECORDED for fact in exported(file.stem).own}

    for kind in SAID_BY_DECISION:
        assert kind in said


def test_what_was_recorded_shows_how_people_and_clocks_decide():
    bodies = [fact.body for file in RECORDED for fact in exported(file.stem).own]

    outcomes = {body.outcome for body in bodies if isinstance(body, ReviewDecided)}
    policies = {body.policy for body in bodies if isinstance(body, InputTaken)}
    compactions = {body.kind for body in bodies if isinstance(body, ContextCompacted)}
    claims = {body.state for body in bodies if isinstance(body, ModelClaimed)}
    assert outcomes >= {"approved", "edited", "rejected", "expired"}
    assert policies >= {"enqueue", "interrupt", "rollback"}
    assert compactions == {"cleared", "window", "summary"}
    assert claims == {"claimed", "revoked"}


def test_a_release_that_asks_for_less_is_found_with_run_step_and_rule(monkeypatch):
    real = context._request

    def shorter(*args, **more):
        say = real(*args, **more)
        return replace(say, body=say.body.model_copy(update={"max_output_tokens": 7}))

    monkeypatch.setattr(context, "_request", shorter)

    first = replay(exported("refund").own).divergences[0]
    assert (first.run_id, first.step, first.rule) == ("refund", 0, "model.requested")
    assert "'max_output_tokens': 1024" in first.recorded
    assert "'max_output_tokens': 7" in first.decided


def test_a_release_that_forgets_a_call_is_found(monkeypatch):
    decide = sys.modules["services.orchestrator.rules.decide"]
    monkeypatch.setattr(decide, "advance_calls", lambda *_: ())

    divergences = replay(exported("parallel").own).divergences

    assert {one.rule for one in divergences} >= {"tool.requested"}


def test_a_prompt_that_cannot_be_rebuilt_is_found():
    facts = list(exported("plain").own)
    at = next(i for i, fact in enumerate(facts) if isinstance(fact.body, ModelRequested))
    forged = facts[at].body.model_copy(update={"prompt_sha256": "0" * 64})
    facts[at] = replace(facts[at], body=forged)

    assert "prompt_sha256" in str(replay(facts).divergences[0])


def test_a_failure_is_told_by_its_rule():
    facts = list(exported("ceiling").own)
    at = next(i for i, fact in enumerate(facts) if isinstance(fact.body, RunFailed))
    other = facts[at].body.model_copy(update={"reason": "another"})
    facts[at] = replace(facts[at], body=other)

    assert replay(facts).divergences[0].rule == "step_ceiling"


def test_facts_of_two_runs_are_no_history():
    with pytest.raises(ValueError, match="facts of one run"):
        replay([*exported("plain").own, *exported("refund").own])


def revoked() -> Played:
    """A run that was cancelled when its model had been funded, and nobody had begun."""
    played = Played()
    played.fund(played.begin_task())
    played.cancel()
    played.decide()
    return played


@pytest.mark.parametrize("name", ["plain", "refund", "parallel", "rejected"])
def test_a_release_that_says_more_in_the_middle_of_a_run_is_found(monkeypatch, name):
    rules = sys.modules["services.orchestrator.rules.decide"]
    real = rules._await_model

    def talkative(run, step, now):
        early = AnswerProposed(step=step.number, text="One moment, please.")
        return (*real(run, step, now), Say(step.requested.id, early))

    monkeypatch.setattr(rules, "_await_model", talkative)

    divergences = replay(exported(name).own).divergences

    assert divergences
    asked = [f for f in exported(name).own if isinstance(f.body, ModelRequested)]
    places = [(f.run_id, f.body.step, f.sequence) for f in asked]
    assert [(one.run_id, one.step, one.sequence) for one in divergences] == places
    assert {one.rule for one in divergences} == {"answer.proposed"}
    assert "One moment" in divergences[0].decided


def test_what_is_said_before_a_recorded_fact_and_only_there_is_found(monkeypatch):
    rules = sys.modules["services.orchestrator.rules.decide"]
    real = rules._fail

    def doubly(run, rule, reason):
        return (Say(run.root, AnswerProposed(step=1, text="I give up.")), *real(run, rule, reason))

    monkeypatch.setattr(rules, "_fail", doubly)

    found = replay(exported("ceiling").own).divergences

    assert {one.rule for one in found} == {"answer.proposed"}


def test_a_release_that_says_again_what_was_said_is_found(monkeypatch):
    rules = sys.modules["services.orchestrator.rules.decide"]
    real = rules._finish

    def again(run):
        return (Say(run.step.outcome.id, run.answer.proposed.body), *real(run))

    monkeypatch.setattr(rules, "_finish", again)

    found = replay(exported("plain").own).divergences

    assert {(one.rule, one.recorded) for one in found} == {("answer.proposed", "it before")}


def test_a_claim_that_was_taken_back_is_taken_back_again():
    done = replay(revoked().facts)

    assert done.divergences == ()
    assert "model.claimed" in [fact.type for fact in revoked().facts]


def test_a_release_that_takes_back_nothing_is_found(monkeypatch):
    played = revoked()
    rules = sys.modules["services.orchestrator.rules.decide"]
    monkeypatch.setattr(rules, "revocations", lambda _: ())

    [missing] = replay(played.facts).divergences

    assert (missing.run_id, missing.step, missing.rule) == ("r-1", 1, "model.claimed")
    assert missing.recorded == "model.claimed"
    assert missing.decided == "RunCancelled"


def test_a_release_that_takes_back_more_is_found(monkeypatch):
    rules = sys.modules["services.orchestrator.rules.decide"]
    with monkeypatch.context() as patched:
        patched.setattr(rules, "revocations", lambda _: ())
        careless = revoked()

    [more] = replay(careless.facts).divergences

    assert (more.step, more.rule) == (1, "model.claimed")
    assert "'state': 'revoked'" in more.decided


def test_a_decision_that_somebody_made_needless_before_it_was_said_is_none_too_many():
    """The orchestrator was away: what it would have said was overtaken by a cancellation."""
    played = Played()
    played.answer(played.fund(played.begin_task()), calls=[("find_order", "{}")])
    played.cancel()
    played.decide()

    assert "tool.requested" not in [fact.type for fact in played.facts]
    assert replay(played.facts).divergences == ()


async def test_a_run_of_a_release_is_decided_by_the_agent_that_it_pinned():
    seven = version("seven")
    assigned = Assigned(label="production", version=seven.version)
    releases = await in_force(released("production", seven))
    played = Played(book=replace(BOOK, releases=releases))
    cleared = task_cleared().model_copy(update={"assigned": assigned})
    played.say(cleared, played.say(task()))
    played.decide()

    assert played.run.started.body.agent == seven
    assert replay(played.facts).divergences == ()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_to_a_platform_its_histories_say_all_that_was_needed(monkeypatch, seed):
    """Crashes, loss and delay: decisions come late, or are overtaken, and none is too many."""
    monkeypatch.setattr(calls, "OUTCOME_REVIEW_SECONDS", OVERDUE_SECONDS)

    found = histories(seed)

    for place, facts in found.items():
        assert replay(facts, grown_from(found, place)).divergences == ()


def grown_from(histories, place: tuple[str, str]) -> Run | None:
    """The run that one goes on from, with those before it."""
    start = next((one.body for one in histories[place] if isinstance(one.body, RunStarted)), None)
    if start is None or start.ancestor is None:
        return None
    before = (place[0], start.ancestor.run_id)
    run = fold(one for one in histories[before] if one.sequence <= start.ancestor.position)
    run.ancestor = grown_from(histories, before)
    return run

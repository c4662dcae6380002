"""Recorded histories decide today as they did, and a release that decides otherwise is told so."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.export import Exported, read, read_header
from contracts.model import ModelRequested
from contracts.run import RunFailed
from infra.replay import __main__ as command
from infra.replay.check import replay
from services.orchestrator.rules import context
from shared.signing import Keyring

RECORDED = sorted((Path(__file__).parents[2] / "recorded").glob("*.jsonl"))


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

    for kind in ("run.paused", "input.taken", "review.decided", "tool.escalated", "run.cancelled"):
        assert kind in said


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
    monkeypatch.setattr(decide, "advance_call", lambda *_: ())

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

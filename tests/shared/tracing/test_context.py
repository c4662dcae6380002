"""Where facts belong: the same ids whoever computes them, and a new trace after a wait."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.history import Run
from shared.tracing.context import (
    SEGMENT_GAP,
    TraceContext,
    after_cause,
    after_run,
    called_with,
    context_of,
    following,
    is_interrupted,
    parse,
    run_context,
    segment_root,
    working_on,
)
from tests.bodies import model_requested, result_cleared, task
from tests.histories import History

CALLER = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


@pytest.fixture
def history():
    history = History()
    history.begin()
    history.ask(history.facts[-1])
    return history


def test_the_context_of_a_run_follows_from_the_run_alone():
    assert run_context("acme", "r-1") == run_context("acme", "r-1")
    assert run_context("acme", "r-1") != run_context("acme", "r-2")
    assert run_context("a", "b/c") != run_context("a", "b-c")


def test_it_has_the_form_that_w3c_gives_it():
    header = run_context("acme", "r-1").header

    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", header)
    assert parse(header) == run_context("acme", "r-1")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-1-2-01",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        "x" * 55,
    ],
)
def test_what_is_no_context_is_none(header):
    assert parse(header) is None


def test_a_task_opens_the_root_and_a_step_a_span_below_it(history):
    submitted, step = history.facts[0], history.facts[-1]
    root = segment_root(run_context("acme", "r-1").trace_id, "acme", "r-1")

    assert following(submitted) == root
    assert following(step).trace_id == root.trace_id
    assert following(step).span_id not in (root.span_id, context_of(step).span_id)


def test_two_runs_of_one_caller_have_roots_of_their_own():
    ours, theirs = (segment_root(CALLER.trace_id, "acme", run_id) for run_id in ("r-1", "r-2"))

    assert ours.trace_id == theirs.trace_id == CALLER.trace_id
    assert ours.span_id != theirs.span_id


def test_what_is_said_inside_a_delivery_follows_from_what_was_heard(history):
    step = history.facts[-1]

    with working_on(step, step.stored_at, crashed=False) as here:
        assert after_cause(history.facts[0]) == here == following(step)
    assert after_cause(history.facts[0]) == following(history.facts[0])


def test_what_is_said_in_another_run_follows_from_its_cause(history):
    step = history.facts[-1]
    other = replace(history.facts[0], run_id="r-2")

    with working_on(step, step.stored_at, crashed=False):
        assert after_cause(other) == following(other)


def test_a_task_that_a_run_submits_lies_below_its_work(history):
    step = history.facts[-1]

    with working_on(step, step.stored_at, crashed=False):
        child = after_run(Run("acme", "r-1_1-1-1"), task())

    assert child == following(step)


def test_a_task_lies_below_the_span_of_whoever_calls():
    with called_with(CALLER.header):
        assert after_run(Run("acme", "r-1"), task()) == CALLER
    with called_with("nonsense"):
        assert after_run(Run("acme", "r-1"), task()) == run_context("acme", "r-1")


def test_a_step_is_below_the_root_and_not_below_the_step_before(history):
    step = history.facts[-1]
    root = segment_root(context_of(step).trace_id, "acme", "r-1")

    with working_on(step, step.stored_at, crashed=False):
        assert after_run(history.run, model_requested(2)) == root
        assert after_run(history.run, result_cleared("1-1")) == following(step)


@pytest.mark.parametrize("later", [timedelta(0), SEGMENT_GAP])
def test_what_was_just_heard_goes_on_in_its_trace(history, later):
    fact = history.facts[1]

    assert not is_interrupted(fact, fact.stored_at + later, crashed=False)


def test_after_a_crash_or_a_wait_a_new_trace_begins_and_always_the_same(history):
    fact = history.facts[1]
    late = fact.stored_at + SEGMENT_GAP + timedelta(microseconds=1)

    with working_on(fact, fact.stored_at, crashed=True) as crashed:
        pass
    with working_on(fact, late, crashed=False) as waited:
        pass

    assert crashed == waited
    assert crashed.trace_id != context_of(fact).trace_id


def test_what_a_timer_wakes_begins_a_new_trace(history):
    woken = after_run(history.run, result_cleared("1-1"))

    assert woken.trace_id != run_context("acme", "r-1").trace_id
    assert woken == after_run(history.run, result_cleared("1-1"))

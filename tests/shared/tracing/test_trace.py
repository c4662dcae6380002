"""The trace of a run: its shape, its ids, and that each fact closes what it closes for good."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.control import RunPaused
from contracts.export import read, read_header
from contracts.model import AttemptFailure, ModelAttemptDue, ModelAttemptRequested
from contracts.run import Ancestor, RunFailed
from shared.redaction import redact
from shared.signing import Keyring
from shared.telemetry import semconv
from shared.tracing.capture import Capture
from shared.tracing.context import TraceContext, run_context
from shared.tracing.otlp import encoded
from shared.tracing.trace import trace_of
from tests.bodies import NOON, claimed, manifest, tool_claimed, tool_failed
from tests.console.stories import asked_run, decided_run
from tests.histories import History, whole_run
from tests.shared.tracing.traced import traced

RECORDED = sorted((Path(__file__).parents[2] / "recorded").glob("*.jsonl"))
ROOT = run_context("acme", "r-1")
CALLER = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def named(spans, name):
    (found,) = [span for span in spans if span.name == name]
    return found


def tree(spans):
    """Each name with that of its parent."""
    names = {span.span_id: span.name for span in spans}
    return Counter((span.name, names.get(span.parent_id)) for span in spans)


def fallback(*, deferred=False):
    """One step: an attempt that fails, and one with another provider, at once or when it is due."""
    history = History()
    history.begin()
    funded = history.fund(history.ask(history.facts[-1]))
    history.say(claimed(1, 1), funded)
    route = claimed(1, 1).route
    again = ModelAttemptRequested(
        step=1,
        attempt=2,
        role="fallback",
        route=route or {"provider": "other", "api": "fake", "model": "two"},
        not_before=NOON,
        previous=AttemptFailure(
            kind="unavailable", route=route, reason="it is down", billed="nothing"
        ),
        deferred=deferred,
    )
    asked = history.say(again, funded)
    if deferred:
        history.say(ModelAttemptDue(step=1, attempt=2), asked)
    history.complete(history.answer(history.fund(asked), text="Hello."))
    return history


def test_a_run_is_one_tree_of_steps_and_work():
    spans = trace_of(traced(whole_run().facts))

    agent = "invoke_agent support"
    assert tree(spans) == {
        (agent, None): 1,
        ("apply_guardrail task", agent): 1,
        ("step", agent): 2,
        ("fund", "step"): 2,
        (next(one.name for one in spans if one.name.startswith("chat")), "step"): 2,
        ("settle", "step"): 2,
        ("apply_guardrail tool", "step"): 1,
        ("execute_tool find_order", "step"): 1,
        ("apply_guardrail result", "step"): 1,
        ("apply_guardrail answer", "step"): 1,
    }
    assert {span.trace_id for span in spans} == {ROOT.trace_id}
    assert named(spans, agent).span_id == ROOT.span_id


def test_spans_lie_within_their_parents_in_time():
    spans = trace_of(traced(whole_run().facts))
    by_id = {span.span_id: span for span in spans}

    for span in spans:
        assert span.start_ns <= span.end_ns
        parent = by_id.get(span.parent_id)
        if parent is not None and span.name != "fund":
            assert parent.start_ns <= span.start_ns
            assert span.end_ns <= parent.end_ns


def test_every_span_has_an_id_of_its_own_and_no_id_in_its_name():
    spans = trace_of(traced(whole_run().facts))

    assert len({span.span_id for span in spans}) == len(spans)
    for span in spans:
        assert re.fullmatch(r"[0-9a-f]{16}", span.span_id)
        assert not re.search(r"r-1|acme|\d", span.name.replace("gpt-5", ""))


def test_a_run_below_a_caller_joins_the_caller_s_trace():
    spans = trace_of(traced(whole_run().facts, caller=CALLER))
    root = named(spans, "invoke_agent support")

    assert {span.trace_id for span in spans} == {CALLER.trace_id}
    assert root.parent_id == CALLER.span_id


def test_a_fallback_is_two_calls_of_which_one_failed():
    spans = trace_of(traced(fallback().facts))

    calls = [span for span in spans if span.name.startswith("chat")]
    assert [span.error for span in calls] == ["unavailable", None]
    assert [span.attributes[semconv.ATTEMPT] for span in calls] == [1, 2]
    assert {span.kind for span in calls} == {"client"}
    assert calls[0].attributes[semconv.ERROR_TYPE] == "unavailable"


def test_the_time_that_a_retry_waits_is_nobody_s_work():
    spans = trace_of(traced(fallback(deferred=True).facts))

    took = [(one.end_ns - one.start_ns) / 1e9 for one in spans if one.name == "fund"]
    assert took == [1.0, 1.0]


def test_a_wait_for_a_person_ends_the_trace_and_another_links_to_it():
    history = decided_run()
    waiting = trace_of(traced(asked_run()[0].facts))
    spans = trace_of(traced(history.facts, resumed={len(history.facts) - 1}))
    history.say(RunFailed(rule="stopped", reason="enough"), history.root)
    ended = trace_of(traced(history.facts, resumed={len(history.facts) - 2}))

    first = named(waiting, "invoke_agent support")
    assert [event.name for event in first.events] == [semconv.SUSPENDED_EVENT]
    assert named(waiting, "step").end_ns == first.end_ns
    assert first in spans
    second = ended[-1]
    (link,) = second.links
    assert (link.trace_id, link.span_id) == (first.trace_id, first.span_id)
    assert link.attributes == {semconv.LINK_REASON: "human_wait"}
    assert second.attributes[semconv.PREVIOUS_TRACE] == first.trace_id
    assert second.attributes[semconv.SEGMENT] == 2
    assert second.trace_id != first.trace_id
    assert (second.error, second.attributes[semconv.ERROR_TYPE]) == ("stopped", "stopped")


def test_a_review_is_a_moment_that_tells_how_long_people_took():
    history = decided_run()

    review = named(trace_of(traced(history.facts)), "review issue_refund")

    assert review.start_ns == review.end_ns
    assert review.attributes[semconv.DECISION] == "approved"
    assert review.attributes[semconv.APPROVERS] == ("anna@example.org",)
    assert review.attributes[semconv.REQUESTED_AT] < review.attributes[semconv.DECIDED_AT]


def test_a_service_that_died_leaves_two_traces_with_a_link():
    facts = whole_run().facts
    index = next(i for i, fact in enumerate(facts) if fact.type == "tool.requested")

    spans = trace_of(traced(facts, resumed={index}))

    first, second = [span for span in spans if span.name == "invoke_agent support"]
    assert first.end_ns <= second.start_ns
    assert [link.attributes[semconv.LINK_REASON] for link in second.links] == ["redelivery"]
    assert sum(span.name == "step" for span in spans) == 2


def test_what_took_long_to_be_picked_up_waited():
    facts = whole_run().facts
    shifted = [
        replace(one, stored_at=one.stored_at + timedelta(seconds=60)) if index > 6 else one
        for index, one in enumerate(facts)
    ]

    spans = trace_of(traced(shifted, resumed={7}))

    reasons = [link.attributes[semconv.LINK_REASON] for span in spans for link in span.links]
    assert reasons == ["wait"]


def test_a_pause_ends_a_trace():
    history = History()
    history.begin()
    history.say(
        RunPaused(number=1, principal="anna@example.org", reason="look", scope="run"),
        history.root,
    )

    root = named(trace_of(traced(history.facts)), "invoke_agent support")

    assert root.attributes[semconv.STATUS] == "paused"


def test_a_fork_links_to_the_run_that_it_grew_from():
    history = whole_run()
    started = history.facts[2]
    ancestor = Ancestor(run_id="r-0", kind="fork", position=9, step=1)
    history.facts[2] = replace(started, body=started.body.model_copy(update={"ancestor": ancestor}))

    root = named(trace_of(traced(history.facts)), "invoke_agent support")

    (link,) = root.links
    assert link.span_id == run_context("acme", "r-0").span_id
    assert link.attributes == {semconv.LINK_REASON: "fork"}


def test_a_failed_tool_is_a_failed_span_without_what_it_said():
    history = History()
    history.begin(manifest())
    cleared = history.clear(history.call(history.step(calls=[("find_order", "{}")])))
    history.say(tool_claimed("1-1"), cleared)
    history.say(tool_failed("1-1", reason="my secret reason"), cleared)

    spans = trace_of(traced(history.facts))

    assert named(spans, "execute_tool find_order").error == "error"
    assert b"secret reason" not in encoded(spans)


def test_content_is_told_only_where_asked_for_and_then_cleaned():
    history = History()
    key = "sk-proj-abcdefghij0123456789abcdefghij"
    history.begin(manifest(), text=f"Ask with {key} for me")
    history.complete(history.step(text=f"I used {key}."))

    silent = encoded(trace_of(traced(history.facts)))
    told = encoded(trace_of(traced(history.facts), Capture(redact)))

    assert b"Ask with" not in silent
    assert b"Ask with [redacted:" in told
    assert key.encode() not in told


def test_a_fact_that_comes_twice_tells_nothing_again():
    history = whole_run()
    facts = traced(history.facts)

    assert trace_of([*facts, *facts]) == trace_of(facts)


def test_a_late_fact_after_the_end_is_told_below_its_root():
    facts = traced(whole_run().facts)
    settled = next(fact for fact in facts if fact.type == "money.settled")
    rest = [fact for fact in facts if fact is not settled]
    late = replace(settled, sequence=facts[-1].sequence + 1)

    spans = trace_of([*rest, late])

    assert spans[-1].name == "settle"
    assert spans[-1].trace_id == ROOT.trace_id


STORIES = {
    "whole": lambda: traced(whole_run().facts),
    "crashed": lambda: traced(whole_run().facts, resumed={9, 14}),
    "fallback": lambda: traced(fallback().facts),
    "decided": lambda: traced(decided_run().facts, resumed={11}),
    "untraced": lambda: whole_run().facts,
}


@pytest.mark.parametrize("story", STORIES)
def test_what_a_fact_closes_does_not_depend_on_what_comes_after(story):
    facts = STORIES[story]()
    whole = trace_of(facts)

    for length in range(len(facts) + 1):
        until = facts[length - 1].sequence if length else 0
        expected = tuple(span for span in whole if span.closed_at <= until)
        assert trace_of(facts[:length]) == expected


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_recorded_run_has_its_trace(file):
    content = file.read_bytes()
    facts = read(content, Keyring(read_header(content).keys)).own

    spans = trace_of(facts)

    roots = [span for span in spans if span.name.startswith("invoke_agent")]
    assert roots
    assert all(span.parent_id for span in spans if span not in roots)
    assert len({span.span_id for span in spans}) == len(spans)
    assert encoded(spans)

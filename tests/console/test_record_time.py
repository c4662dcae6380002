"""Where the record says that the time of a step went."""

from contracts.model import AttemptFailure, ModelAttemptDue, ModelAttemptRequested
from services.console.rules.record import record_of
from tests.bodies import NOON, claimed, manifest, tool_claimed, tool_failed
from tests.histories import History, whole_run


def test_time_is_counted_by_kind_and_what_is_left_is_other():
    """Facts of tests are a second apart."""
    time = record_of(whole_run().run, 1).time

    assert (time.funding_ms, time.queue_ms, time.model_ms) == (1000, 2000, 1000)
    assert (time.guard_ms, time.tools_ms, time.people_ms) == (2000, 1000, 0)
    assert (time.total_ms, time.other_ms) == (10_000, 3000)


def test_calls_beside_each_other_are_not_counted_twice():
    history = History()
    history.begin(manifest("find_order"))
    first = history.step(calls=[("find_order", "{}"), ("find_order", "{}")])
    asked = [history.clear(history.call(first, index)) for index in (1, 2)]
    claims = [history.say(tool_claimed(one.body.call), one) for one in asked]
    for one in asked:
        history.say(tool_failed(one.body.call), one)

    time = record_of(history.run, 1).time

    assert len(claims) == 2
    assert time.tools_ms == 3000
    assert time.total_ms >= time.tools_ms + time.model_ms


def test_the_time_that_a_retry_waits_is_nobody_s_work():
    history = History()
    history.begin()
    funded = history.fund(history.ask(history.facts[-1]))
    history.say(claimed(), funded)
    failure = AttemptFailure(kind="rate_limited", reason="slow down", billed="nothing")
    again = ModelAttemptRequested(
        step=1,
        attempt=2,
        role="retry",
        route={"provider": "fake", "api": "fake", "model": "small"},
        not_before=NOON,
        previous=failure,
        deferred=True,
    )
    asked = history.say(again, funded)
    waiting = record_of(history.run, 1).time
    history.say(ModelAttemptDue(step=1, attempt=2), asked)
    history.answer(history.fund(asked), text="Hello.")

    time = record_of(history.run, 1).time

    assert waiting.funding_ms == 1000
    assert (time.funding_ms, time.other_ms - waiting.other_ms) == (2000, 1000)


def test_late_evidence_is_none_of_the_time_of_a_step():
    history = History()
    history.begin(manifest())
    cleared = history.clear(history.call(history.step(calls=[("find_order", "{}")])))
    history.ask(history.say(tool_claimed("1-1"), cleared))
    before = record_of(history.run, 1).time

    history.say(tool_failed("1-1"), cleared)

    assert record_of(history.run, 1).time == before
    assert before.tools_ms == 1000

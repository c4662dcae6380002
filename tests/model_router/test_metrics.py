"""What the router counts: calls, tokens, failures, further attempts, and its own slowness."""

import pytest

from contracts.model import ModelAttemptRequested, ModelFailed, Route
from contracts.money import Usage
from services.model_router.adapters import FakeProvider
from services.model_router.errors import TimedOut
from services.model_router.metrics import count
from shared.bus import Said
from tests.bodies import NOON, responded
from tests.counting import counted
from tests.histories import History

FIRST = Route(provider="fake", api="fake", model="one")
ROUTE = {"provider": "fake", "model": "small"}
CALL = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "fake",
    "gen_ai_request_model": "small",
    "error_type": "",
}


def said(body):
    return Said(History().say(body))


def test_an_answer_is_one_call_that_took_so_long():
    calls = counted("gen_ai_client_operation_duration_seconds_count", **CALL)
    seconds = counted("gen_ai_client_operation_duration_seconds_sum", **CALL)

    count(said(responded().model_copy(update={"duration_ms": 1500})))

    assert (calls.more, seconds.more) == (1, pytest.approx(1.5))


def test_each_token_is_counted_in_one_bucket():
    usage = Usage(
        input_uncached=1,
        cache_read=2,
        cache_write_5m=3,
        cache_write_1h=4,
        output_text=5,
        output_reasoning=6,
    )
    kinds = ("input", "cache_read", "cache_write", "output", "reasoning")
    tokens = [counted("interlock_model_tokens_total", kind=kind, **ROUTE) for kind in kinds]

    count(said(responded().model_copy(update={"usage": usage})))

    assert [one.more for one in tokens] == [1, 2, 7, 5, 6]


def test_usage_is_told_as_all_input_and_all_output():
    usage = Usage(input_uncached=1, cache_read=2, output_text=5, output_reasoning=6)
    name = "gen_ai_client_token_usage_sum"
    tokens = [counted(name, gen_ai_token_type=which, **CALL) for which in ("input", "output")]

    count(said(responded().model_copy(update={"usage": usage})))

    assert [one.more for one in tokens] == [3, 11]


@pytest.mark.parametrize("quality", ["estimated", "unknown"])
def test_guessed_usage_is_not_told_as_reported(quality):
    usage = counted("gen_ai_client_token_usage_count", gen_ai_token_type="input", **CALL)

    count(said(responded().model_copy(update={"usage_quality": quality})))

    assert usage.more == 0


async def test_a_call_that_fails_is_a_call_with_its_kind_of_failure(new_scene):
    scene = new_scene(first=FakeProvider([TimedOut("slow")]))
    labels = {**CALL, "gen_ai_request_model": "one", "error_type": "timed_out"}
    calls = counted("gen_ai_client_operation_duration_seconds_count", **labels)

    await scene.hear(scene.fund(scene.request()))

    assert calls.more == 1


async def test_another_attempt_counts_the_failure_before_it_and_its_own_role(new_scene):
    scene = new_scene(first=FakeProvider([TimedOut("slow")]))
    await scene.hear(scene.fund(scene.request()))
    (again,) = scene.said(ModelAttemptRequested)
    failures = counted(
        "interlock_model_failures_total", provider="fake", model="one", kind="timed_out"
    )
    attempts = counted("interlock_model_attempts_total", role=again.role, kind="timed_out")

    count(said(again))

    assert (failures.more, attempts.more) == (1, 1)


def test_a_failure_before_any_route_was_chosen_is_counted_under_no_name():
    failure = {"kind": "denied", "reason": "no route", "billed": "nothing"}
    body = ModelFailed(step=1, attempt=1, failure=failure)
    failures = counted(
        "interlock_model_failures_total", provider="none", model="none", kind="denied"
    )

    count(said(body))

    assert failures.more == 1


async def test_a_won_claim_tells_how_long_the_step_waited_for_it(scene):
    funded = scene.fund(scene.request())
    scene.bus.clock.advance(2)
    waited = counted("interlock_model_dispatch_seconds_sum")
    claims = counted("interlock_model_dispatch_seconds_count")

    await scene.hear(funded)

    assert (claims.more, waited.more) == (1, pytest.approx(2))


async def test_a_retry_waits_on_purpose_and_is_no_overhead(scene):
    asked = scene.request()
    scene.fund(asked)
    failure = {"kind": "unavailable", "route": FIRST, "reason": "down", "billed": "nothing"}
    again = ModelAttemptRequested(
        step=1, attempt=2, role="retry", route=FIRST, not_before=NOON, previous=failure
    )
    claims = counted("interlock_model_dispatch_seconds_count")

    await scene.hear(scene.fund(scene.tell(scene.bus.facts[-1].id, again)))

    assert claims.more == 0

"""What the router says to a funded attempt."""

import pytest

from contracts.control import RunCancelRequested
from contracts.model import (
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelResponded,
    Route,
    ServedBy,
    Stop,
    Text,
)
from contracts.money import Usage
from contracts.run import RunFailed
from services.model_router.adapters import FakeProvider, ProviderAnswer
from services.model_router.errors import Denied, Invalid, Malformed, RateLimited, TimedOut
from services.model_router.rules import Limits

FIRST = Route(provider="fake", api="fake", model="one")
SECOND = Route(provider="other", api="fake", model="two")


async def test_a_funded_attempt_is_claimed_called_and_answered(scene):
    funded = scene.fund(scene.request())

    await scene.hear(funded)

    (claim,) = scene.said(ModelClaimed)
    (responded,) = scene.said(ModelResponded)
    assert (claim.route, claim.time_limit_seconds) == (FIRST, 60.0)
    assert (responded.text, responded.stop.kind) == ("Done.", "ok")
    assert scene.run().steps[0].outcome.body == responded


async def test_a_redelivered_attempt_with_an_outcome_calls_nobody(scene):
    funded = scene.fund(scene.request())
    await scene.hear(funded)
    facts = len(scene.bus.facts)

    await scene.hear(funded, delivery=2)

    assert (len(scene.bus.facts), scene.first.calls) == (facts, 1)


async def test_a_second_copy_of_a_funding_is_nobodys_work(scene):
    funded = scene.fund(scene.request())
    scene.bus.given(funded)

    await scene.hear(scene.bus.facts[-1])

    assert scene.first.calls == 0


@pytest.mark.parametrize("ending", ["end", "cancel"])
async def test_an_attempt_of_a_run_that_is_over_is_not_made(scene, ending):
    funded = scene.fund(scene.request())
    over = RunFailed(rule="deadline_passed", reason="late")
    cancel = RunCancelRequested(principal="anna", nonce="n")
    scene.tell(scene.run().root, over if ending == "end" else cancel)

    await scene.hear(funded)

    assert scene.first.calls == 0
    assert scene.said(ModelClaimed) == []


async def test_a_prompt_with_another_digest_is_not_sent(scene):
    funded = scene.fund(scene.request(prompt_sha256="0" * 64))

    await scene.hear(funded)

    (failed,) = scene.said(ModelFailed)
    assert (failed.failure.kind, failed.failure.billed) == ("malformed", "nothing")
    assert scene.first.calls == 0


@pytest.mark.parametrize(
    ("hold", "kind"),
    [({"max_prompt_bytes": 10}, "invalid"), ({"routes": ("else/where",)}, "denied")],
)
async def test_a_hold_that_does_not_cover_the_call_prevents_it(scene, hold, kind):
    funded = scene.fund(scene.request(), **hold)

    await scene.hear(funded)

    (failed,) = scene.said(ModelFailed)
    assert (failed.failure.kind, failed.failure.billed) == (kind, "nothing")
    assert scene.first.calls == 0


async def test_the_first_route_that_the_hold_covers_is_taken_under_its_cap(scene):
    funded = scene.fund(scene.request(), routes=("other/two",), max_output_tokens=64)

    await scene.hear(funded)

    assert scene.second.last.route == SECOND
    assert scene.second.last.max_output_tokens == 64


async def test_an_alias_that_nobody_wrote_fails_with_its_name(scene):
    funded = scene.fund(scene.request(alias="strange"))

    await scene.hear(funded)

    (failed,) = scene.said(ModelFailed)
    assert "no alias 'strange'" in failed.failure.reason


async def test_a_rate_limit_is_waited_for_then_passed_over_for_the_next_route(new_scene):
    limit = RateLimited("slow down", http_status=429, retry_after_seconds=3)
    scene = new_scene(first=FakeProvider([limit, limit]))

    await scene.hear(scene.fund(scene.request()))
    retry = scene.asked_again()
    await scene.hear(scene.fund(retry))
    fallback = scene.asked_again()
    await scene.hear(scene.fund(fallback))

    assert (retry.body.role, retry.body.route) == ("retry", FIRST)
    assert scene.pauses == [0.0, 3.0, 0.0]
    assert retry.body.previous.billed == "nothing"
    assert (fallback.body.role, fallback.body.route) == ("fallback", SECOND)
    (responded,) = scene.said(ModelResponded)
    assert (responded.attempt, responded.served_by.route) == (3, SECOND)


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("much later", retry_after_seconds=300),
        Invalid("too long for it"),
        Denied("no key"),
        TimedOut("silent"),
        Malformed("not JSON"),
    ],
)
async def test_what_no_short_wait_can_mend_goes_to_the_next_route(new_scene, error):
    scene = new_scene(first=FakeProvider([error]))

    await scene.hear(scene.fund(scene.request()))

    again = scene.asked_again().body
    assert (again.role, again.route) == ("fallback", SECOND)
    assert (again.previous.kind, again.previous.billed) == (error.kind, error.billed)


async def test_without_another_route_an_invalid_call_ends_the_step(new_scene):
    scene = new_scene(first=FakeProvider([Invalid("no")]), routes=(FIRST,))

    await scene.hear(scene.fund(scene.request()))

    (failed,) = scene.said(ModelFailed)
    assert failed.failure.kind == "invalid"


async def test_attempts_end_at_their_limit(new_scene):
    script = [RateLimited("slow down")] * 9
    scene = new_scene(first=FakeProvider(script), routes=(FIRST,), limits=Limits(max_attempts=2))

    await scene.hear(scene.fund(scene.request()))
    await scene.hear(scene.fund(scene.asked_again()))

    (failed,) = scene.said(ModelFailed)
    assert (failed.attempt, scene.first.calls) == (2, 2)


async def test_no_attempt_is_asked_for_past_the_deadline(new_scene):
    limit = RateLimited("slow", retry_after_seconds=4)
    scene = new_scene(first=FakeProvider([limit]), routes=(FIRST,))
    soon = scene.bus.clock.now().replace(second=2)
    funded = scene.fund(scene.request(deadline=soon), routes=("fake/one",))

    await scene.hear(funded)

    assert scene.said(ModelAttemptRequested) == []
    assert len(scene.said(ModelFailed)) == 1


async def test_an_answer_that_the_log_cannot_take_is_told_as_malformed(new_scene):
    huge = ProviderAnswer(
        parts=(Text(text="x" * 800_000),),
        stop=Stop(kind="ok"),
        usage=Usage(output_text=9),
        usage_quality="reported",
        served_by=ServedBy(route=FIRST),
    )
    scene = new_scene(first=FakeProvider([huge]), limits=Limits(max_attempts=1))

    await scene.hear(scene.fund(scene.request()))

    (failed,) = scene.said(ModelFailed)
    assert (failed.failure.kind, failed.failure.billed) == ("malformed", "unknown")
    assert "the log takes 700000" in failed.failure.reason


async def test_the_fake_calls_its_tool_as_often_as_the_user_asks(scene):
    funded = scene.fund(scene.request("please, steps=1"))

    await scene.hear(funded)

    (call,) = scene.said(ModelResponded)[0].tool_calls
    assert (call.name, call.arguments_json) == ("find_order", '{"order_id": "x"}')

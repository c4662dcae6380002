"""A provider that says when to come back: waited for here, by a timer, or not at all."""

from datetime import timedelta

import pytest

from contracts.control import RunPaused, RunPauseRequested, RunResumed
from contracts.model import ModelAttemptDue, ModelAttemptRequested, ModelFailed, ModelResponded
from services.model_router.adapters import FakeProvider
from services.model_router.errors import RateLimited
from services.model_router.rules import Limits
from services.model_router.settings import Settings
from tests.model_router.conftest import FIRST, SECOND


def limited(seconds, times=1):
    return FakeProvider([RateLimited("slow down", retry_after_seconds=seconds)] * times)


async def test_what_is_too_long_to_wait_for_here_is_left_to_a_timer(new_scene):
    scene = new_scene(first=limited(30), routes=(FIRST,))

    await scene.hear(scene.fund(scene.request()))

    asked = scene.asked_again()
    assert (asked.body.role, asked.body.route, asked.body.deferred) == ("retry", FIRST, True)
    assert asked.body.not_before - asked.time == timedelta(seconds=30)
    assert scene.said(ModelFailed) == []


async def test_an_attempt_that_was_waited_for_is_made_without_another_pause(new_scene):
    scene = new_scene(first=limited(30), routes=(FIRST,))
    await scene.hear(scene.fund(scene.request()))
    asked = scene.asked_again()
    scene.bus.clock.advance(30)
    scene.tell(asked.id, ModelAttemptDue(step=1, attempt=2))

    await scene.hear(scene.fund(asked))

    (responded,) = scene.said(ModelResponded)
    assert (responded.attempt, scene.pauses) == (2, [0.0, 0.0])


@pytest.mark.parametrize("seconds", [0, 3, 5])
async def test_a_short_wait_is_no_timer(new_scene, seconds):
    scene = new_scene(first=limited(seconds), routes=(FIRST,))

    await scene.hear(scene.fund(scene.request()))

    assert scene.asked_again().body.deferred is False


async def test_another_route_is_taken_before_a_long_wait(new_scene):
    scene = new_scene(first=limited(30), second=limited(30))

    await scene.hear(scene.fund(scene.request()))
    fallback = scene.asked_again()
    await scene.hear(scene.fund(fallback))
    retry = scene.asked_again()

    assert (fallback.body.route, fallback.body.deferred) == (SECOND, False)
    assert (retry.body.role, retry.body.route, retry.body.deferred) == ("retry", SECOND, True)


async def test_a_wait_past_the_deadline_fails_at_once_and_says_why(new_scene):
    scene = new_scene(first=limited(3000), routes=(FIRST,))

    await scene.hear(scene.fund(scene.request()))

    (failed,) = scene.said(ModelFailed)
    assert scene.said(ModelAttemptRequested) == []
    assert failed.failure.kind == "rate_limited"
    assert "slow down; it could be tried again in 3000 s, which is past the deadline" in (
        failed.failure.reason
    )


@pytest.mark.parametrize("seconds", [601, 1e300])
async def test_the_longest_wait_has_a_name(new_scene, seconds):
    limits = Limits(defer_limit_seconds=600)
    scene = new_scene(first=limited(seconds), routes=(FIRST,), limits=limits)

    await scene.hear(scene.fund(scene.request()))

    (failed,) = scene.said(ModelFailed)
    assert "at most 600 s are waited" in failed.failure.reason


async def test_a_wait_counts_as_an_attempt(new_scene):
    limits = Limits(max_attempts=2)
    scene = new_scene(first=limited(30, times=2), routes=(FIRST,), limits=limits)
    await scene.hear(scene.fund(scene.request()))
    scene.bus.clock.advance(30)

    await scene.hear(scene.fund(scene.asked_again()))

    (failed,) = scene.said(ModelFailed)
    assert failed.attempt == 2


async def test_the_deadline_of_a_call_stands_still_while_its_run_is_paused(new_scene):
    scene = new_scene(first=limited(30), routes=(FIRST,))
    deadline = scene.bus.clock.now() + timedelta(seconds=40)
    await scene.hear(scene.fund(scene.request(deadline=deadline)))
    asked = scene.asked_again()
    pause = scene.tell(scene.run().root, RunPauseRequested(principal="anna", nonce="p"))
    standstill = scene.tell(pause.id, RunPaused(scope="run", principal="anna", number=1))
    scene.bus.clock.advance(3600)
    scene.tell(standstill.id, RunResumed(principal="anna", number=1))

    await scene.hear(scene.fund(asked))

    assert len(scene.said(ModelResponded)) == 1


async def test_the_deadline_of_a_call_stands_still_while_the_pause_is_still_on(new_scene):
    """What was asked for before a pause goes on in it."""
    scene = new_scene(first=limited(30), routes=(FIRST,))
    deadline = scene.bus.clock.now() + timedelta(seconds=40)
    await scene.hear(scene.fund(scene.request(deadline=deadline)))
    asked = scene.asked_again()
    pause = scene.tell(scene.run().root, RunPauseRequested(principal="anna", nonce="p"))
    scene.tell(pause.id, RunPaused(scope="run", principal="anna", number=1))
    scene.bus.clock.advance(3600)

    await scene.hear(scene.fund(asked))

    assert len(scene.said(ModelResponded)) == 1


def test_the_settings_are_the_limits():
    settings = Settings(defer_limit_seconds=7)

    assert settings.limits.defer_limit_seconds == 7

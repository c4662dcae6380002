"""Who hears is as patient as its consumer, and no worker is taken for dead too soon."""

import pytest

from infra.streams.configs import UNAWAITED, Bounds
from services.observer.settings import Settings
from shared.pull import HEARTBEATS_PER_ACK_WAIT
from shared.settings import ServiceSettings


def test_heartbeats_fit_the_time_that_the_consumer_gives():
    assert Settings().ack_wait_seconds == Bounds().ack_wait_seconds * UNAWAITED
    assert ServiceSettings().ack_wait_seconds == Bounds().ack_wait_seconds


def test_a_worker_may_stand_still_for_a_second_between_two_heartbeats():
    wait = Bounds().ack_wait_seconds

    assert wait - wait / HEARTBEATS_PER_ACK_WAIT == pytest.approx(1.0)

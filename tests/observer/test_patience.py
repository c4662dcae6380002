"""Who hears for the observer is as patient as its consumer."""

from infra.streams.configs import UNAWAITED, Bounds
from services.observer.settings import Settings


def test_heartbeats_fit_the_time_that_the_consumer_gives():
    assert Settings().ack_wait_seconds == Bounds().ack_wait_seconds * UNAWAITED

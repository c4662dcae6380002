"""Storing a message on a stream: again and again, until the answer is one that will not change."""

import asyncio
import time

import nats.errors
from nats.js.api import PubAck
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError

from contracts.envelope import Encoded
from shared.errors import LogRefused, LogUnavailable

WRONG_LAST_SEQUENCE = 10071
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_SUBJECT = "Nats-Expected-Last-Subject-Sequence-Subject"
# What passes, while the same message may go again: JetStream has no leader yet (10008); a message
# of the same id (10158), or one with the same guard (10164), is on its way to the replicas, and
# nobody knows yet whether it arrives (measured: a third of all lost races on three nodes); 10202.
TRANSIENT_CODES = frozenset({10008, 10158, 10164, 10202})
FIRST_PAUSE_SECONDS = 0.01  # a message is on its way for a millisecond or two
LONGEST_PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 15.0  # a new leader takes 4 to 9 seconds


async def store(
    jetstream: JetStreamContext,
    message: Encoded,
    *,
    timeout_seconds: float,
    patience_seconds: float = PATIENCE_SECONDS,
) -> PubAck:
    """The acknowledgement of the stream, which may be without a leader for a while.

    Raises:
        LogUnavailable: none came. The message may be stored, or not.
        LogRefused: the stream will never take it; a lost race has code `WRONG_LAST_SEQUENCE`.
    """
    started = time.monotonic()
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await jetstream.publish(
                message.subject, message.body, timeout=timeout_seconds, headers=message.headers
            )
        except (nats.errors.TimeoutError, NoStreamResponseError) as error:
            last = type(error).__name__
        except nats.errors.MaxPayloadError as error:
            reason = f"{len(message.body)} bytes: {error}"
            raise LogRefused(message.subject, 0, reason) from None
        except APIError as error:
            if error.err_code not in TRANSIENT_CODES:
                code = error.err_code or 0
                raise LogRefused(message.subject, code, str(error.description)) from None
            last = f"{error.err_code} {error.description}"
        waited = time.monotonic() - started
        if waited > patience_seconds:
            raise LogUnavailable(message.subject, waited, last)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

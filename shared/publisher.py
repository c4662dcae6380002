"""Writing to the log: patient, idempotent, and able to say who won."""

import asyncio
import time
from collections.abc import Mapping

import nats.errors
import structlog
from nats.js.api import PubAck
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError

from contracts.envelope import Encoded, Unbelievable, Verifier, believe
from shared.direct import DirectReader
from shared.errors import LogRefused, LogUnavailable, Stale
from shared.metrics import SQUATTED, STALE

log = structlog.get_logger()

WRONG_LAST_SEQUENCE = 10071
# The server answers so for a moment around a change of leader: the same message may go again.
TRANSIENT_CODES = frozenset({10008, 10158, 10202})
PAUSE_SECONDS = 0.1
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_SUBJECT = "Nats-Expected-Last-Subject-Sequence-Subject"


class Publisher:
    """Publishes encoded facts. The same message is sent again until patience ends."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        reader: DirectReader,
        verifier: Verifier,
        timeout_seconds: float,
        patience_seconds: float,
    ) -> None:
        self._jetstream = jetstream
        self._reader = reader
        self._verifier = verifier
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds

    async def say(self, message: Encoded) -> int:
        """Store a fact, once; the sequence under which it lies.

        Raises:
            LogUnavailable: no acknowledgement came.
            LogRefused: the stream will never take it.
        """
        ack = await self._send(message, {})
        if ack.duplicate and await self._is_squatted(message, ack.seq):
            ack = await self._send(_without_id(message), {})
        return ack.seq

    async def append(self, message: Encoded, last: int, prefix: str) -> int:
        """Store a fact only if `last` is still the last sequence under `prefix`.

        Raises:
            Stale: it is not. Also after a lost acknowledgement: fold, and see.
        """
        guard = {EXPECTED: str(last), EXPECTED_SUBJECT: prefix}
        try:
            ack = await self._send(message, guard)
            if ack.duplicate and await self._is_squatted(message, ack.seq):
                ack = await self._send(_without_id(message), guard)
        except LogRefused as error:
            if error.code != WRONG_LAST_SEQUENCE:
                raise
            STALE.inc()
            raise Stale(message.subject, last) from None
        if ack.duplicate:
            raise Stale(message.subject, last)
        return ack.seq

    async def create(self, message: Encoded) -> bool:
        """Store a message only if its exact subject is empty; whether it is ours that lies there.

        Every claim holds a nonce of its own, so that reading back tells whose it is, whatever the
        acknowledgement said.
        """
        try:
            ack = await self._send(message, {EXPECTED: "0"})
        except LogRefused as error:
            if error.code != WRONG_LAST_SEQUENCE:
                raise
        except LogUnavailable:
            log.warning("log.claim_unacknowledged", subject=message.subject)
        else:
            if not ack.duplicate:
                return True
        lies = await self._reader.last(message.subject)
        return lies is not None and lies.body == message.body

    async def _is_squatted(self, message: Encoded, sequence: int) -> bool:
        """Whether what lies under the id, within the server's window, is not our fact.

        Ids of two owners never meet in facts that are believed. Where nothing is found, a second
        copy is the lesser evil: the fold drops it.
        """
        lies = await self._reader.at(sequence)
        try:
            if lies is not None and believe(lies, self._verifier).id == message.headers["ce-id"]:
                return False
        except Unbelievable:
            pass
        SQUATTED.inc()
        log.error("log.id_squatted", subject=message.subject, sequence=sequence)
        return True

    async def _send(self, message: Encoded, extra: Mapping[str, str]) -> PubAck:
        headers = {**message.headers, **extra}
        started = time.monotonic()
        while True:
            try:
                return await self._jetstream.publish(
                    message.subject, message.body, timeout=self._timeout_seconds, headers=headers
                )
            except (nats.errors.TimeoutError, NoStreamResponseError) as error:
                last = type(error).__name__
            except nats.errors.MaxPayloadError as error:
                raise LogRefused(
                    message.subject, 0, f"{len(message.body)} bytes: {error}"
                ) from None
            except APIError as error:
                if error.err_code not in TRANSIENT_CODES:
                    code = error.err_code or 0
                    raise LogRefused(message.subject, code, str(error.description)) from None
                last = f"{error.err_code} {error.description}"
            waited = time.monotonic() - started
            if waited > self._patience_seconds:
                raise LogUnavailable(message.subject, waited, last)
            await asyncio.sleep(PAUSE_SECONDS)


def _without_id(message: Encoded) -> Encoded:
    """The same fact, which the server will not take for a repeat."""
    headers = {name: value for name, value in message.headers.items() if name != "Nats-Msg-Id"}
    return Encoded(message.subject, headers, message.body)

"""Writing to the log: patient, idempotent, and able to say who won."""

from collections.abc import Mapping

import structlog
from nats.js.api import PubAck
from nats.js.client import JetStreamContext

from contracts.envelope import Encoded, Unbelievable, Verifier, believe
from shared.content import LogReader
from shared.errors import LogRefused, LogUnavailable, Stale
from shared.metrics import SQUATTED, STALE
from shared.storing import EXPECTED, EXPECTED_SUBJECT, WRONG_LAST_SEQUENCE, store

log = structlog.get_logger()


class Publisher:
    """Publishes encoded facts. The same message is sent again until patience ends."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        reader: LogReader,
        verifier: Verifier,
        timeout_seconds: float,
        patience_seconds: float,
    ) -> None:
        self._jetstream = jetstream
        self._reader = reader
        self._contents = reader.contents
        self._verifier = verifier
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds

    async def say(self, message: Encoded) -> int:
        """Store a fact, once; the sequence under which it lies.

        Raises:
            LogUnavailable: no acknowledgement came.
            LogRefused: the stream will never take it.
        """
        message = await self._contents.lighten(message)
        ack = await self._send(message, {})
        if ack.duplicate and await self._is_squatted(message, ack.seq):
            ack = await self._send(_without_id(message), {})
        return ack.seq

    async def append(self, message: Encoded, last: int, prefix: str) -> int:
        """Store a fact only if `last` is still the last sequence under `prefix`.

        Raises:
            Stale: it is not. Also after a lost acknowledgement: fold, and see.
        """
        message = await self._contents.lighten(message)
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
        guarded = Encoded(message.subject, {**message.headers, **extra}, message.body)
        return await store(
            self._jetstream,
            guarded,
            timeout_seconds=self._timeout_seconds,
            patience_seconds=self._patience_seconds,
        )


def _without_id(message: Encoded) -> Encoded:
    """The same fact, which the server will not take for a repeat."""
    headers = {name: value for name, value in message.headers.items() if name != "Nats-Msg-Id"}
    return Encoded(message.subject, headers, message.body)

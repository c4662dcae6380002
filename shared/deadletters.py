"""Dead letters: what no service could use, kept with its reason for people to look at."""

import base64
import json
import secrets
from collections.abc import Mapping
from itertools import islice

import structlog
from nats.aio.client import Client

from contracts.envelope import Stored
from contracts.subjects import DEAD_SUBJECT
from shared.metrics import DEAD_LETTERS

log = structlog.get_logger()

# A hostile message may be as large as the server takes; its letter must still fit beside it.
KEPT_BYTES = 65_536  # of the message itself; the log still has the whole of it
KEPT_HEADERS = 32
KEPT_CHARACTERS = 1024  # of a reason, and of the name and value of a header
ACK_SECONDS = 5.0


class DeadLetters:
    """Publishes to the stream of dead letters. A repeat of one message is stored once."""

    def __init__(self, client: Client, service: str) -> None:
        self._jetstream = client.jetstream()
        self._service = service
        # Whoever guessed the id of a letter could publish it first, and so suppress the letter.
        self._secret = secrets.token_hex(8)

    async def put(
        self, message: Stored, stream: str, rule: str, reason: str, redrive: int = 0
    ) -> None:
        """Keep a copy with the reason. Raises what nats-py raises, so that nothing is acked.

        `redrive` is the sequence of the redrive by which it came again: each leaves its own letter.
        """
        letter = {
            "service": self._service,
            "stream": stream,
            "sequence": message.sequence,
            "subject": message.subject,
            "rule": rule,
            "reason": reason[:KEPT_CHARACTERS],
            "redrive": redrive,
            "headers": _kept(message.headers),
            "body_base64": base64.b64encode(message.body[:KEPT_BYTES]).decode(),
            "body_bytes": len(message.body),
        }
        await self._jetstream.publish(
            DEAD_SUBJECT.format(service=self._service, rule=rule),
            json.dumps(letter).encode(),
            timeout=ACK_SECONDS,
            headers={"Nats-Msg-Id": f"{stream}-{message.sequence}-{redrive}-{self._secret}"},
        )
        DEAD_LETTERS.labels(rule).inc()
        log.error("bus.dead_letter", subject=message.subject, rule=rule, reason=letter["reason"])


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name[:KEPT_CHARACTERS]: value[:KEPT_CHARACTERS]
        for name, value in islice(headers.items(), KEPT_HEADERS)
    }

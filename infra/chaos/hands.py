"""Who had what in hand: every settlement of every delivery, as the workers send them to the server.

The log says what was answered, not which replica had heard the question. Acknowledgements do: the
subject of each names the message and how often it had been delivered, so that a delivery which
nobody ever settled is one whose worker was lost.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.subjects import RUNS

from .killer import now

# Servers name the account in the longer form.
ACKS = (f"$JS.ACK.{RUNS}.>", f"$JS.ACK.*.*.{RUNS}.>")
PENDING_LIMIT = 1_000_000

Sign = Literal["beat", "back", "settled"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One sign of life about a delivery: still at it, given back, or settled."""

    delivery: int
    sign: Sign
    at: datetime


@dataclass
class Hands:
    """What was seen of each message of each consumer, by its sequence in the log."""

    seen: dict[tuple[str, int], list[Seen]] = field(default_factory=lambda: defaultdict(list))

    async def listen(self, client: Client) -> None:
        for subject in ACKS:
            await client.subscribe(subject, cb=self._on_message, pending_msgs_limit=PENDING_LIMIT)

    async def _on_message(self, message: Msg) -> None:
        # The subject of an acknowledgement has the form of a reply to a delivery.
        source = Msg.Metadata._from_reply(message.subject)  # noqa: SLF001  there is no other reader
        key = (source.consumer, source.sequence.stream)
        self.seen[key].append(Seen(source.num_delivered, sign_of(message.data), now()))


def sign_of(payload: bytes) -> Sign:
    """What an acknowledgement says."""
    if payload.startswith(b"+WPI"):
        return "beat"
    return "back" if payload.startswith(b"-NAK") else "settled"

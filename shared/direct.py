"""Reading a stream by direct get: many messages for one request, straight from the index."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import RESTORED_HEADERS, Stored
from shared.connection import REPEATED
from shared.errors import LogUnavailable

END_STATUSES = frozenset({"204", "404"})  # the end of a batch; nothing found
READ_BATCH = 1000  # messages a request; more are read by another request
_SERVER_HEADERS = {
    "Nats-Sequence",
    "Nats-Time-Stamp",
    "Nats-Num-Pending",
    "Nats-Last-Sequence",
    "Nats-UpTo-Sequence",
    REPEATED,
}


class _Answer:
    """The messages of one request, as they come."""

    def __init__(self, until: int) -> None:
        self.until = until
        self.messages: list[Stored] = []
        self.more = False
        self.refusal: str | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, message: Msg) -> None:
        if self.done.done():
            return
        headers: Mapping[str, str] = message.headers or {}
        # Not `Status`: whoever publishes a fact may put that on it, and so end every reading.
        if "Nats-Sequence" not in headers:
            self._end(headers)
            return
        self.messages.append(stored_from_direct(message.data, headers))
        if self.until and self.messages[-1].sequence >= self.until:
            self.done.set_result(None)

    def _end(self, headers: Mapping[str, str]) -> None:
        status = headers.get("Status", "no status")
        if status not in END_STATUSES:
            self.refusal = f"{status} {headers.get('Description', '')}".strip()
        self.more = int(headers.get("Nats-Num-Pending", "0")) > 0
        self.done.set_result(None)


class DirectReader:
    """Batched direct gets of one stream over one inbox."""

    def __init__(self, client: Client, stream: str, inbox: str, timeout_seconds: float) -> None:
        self._client = client
        self._subject = f"$JS.API.DIRECT.GET.{stream}"
        # Replicas of a service share its prefix, and nobody may guess where an answer is awaited.
        self._inbox = f"{inbox}.direct.{secrets.token_hex(8)}"
        self._timeout_seconds = timeout_seconds
        self._numbers = count(1)
        self._answers: dict[str, _Answer] = {}

    async def start(self) -> None:
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_message)

    async def _on_message(self, message: Msg) -> None:
        answer = self._answers.get(message.subject)
        if answer is not None:
            answer.take(message)

    async def read(self, subject: str, first: int, until: int = 0) -> list[Stored]:
        """Messages on `subject` (wildcards allowed) from sequence `first` on, in log order.

        Returns as soon as sequence `until` has come; 0 reads to the end.

        Raises:
            LogUnavailable: no complete answer came in time, or the server could not look.
        """
        found: list[Stored] = []
        while True:
            request = {"seq": max(first, 1), "next_by_subj": subject, "batch": READ_BATCH}
            answer = await self._ask(request, subject, until)
            found.extend(answer.messages)
            if (
                not answer.more
                or not answer.messages
                or (until and found and found[-1].sequence >= until)
            ):
                return found
            first = found[-1].sequence + 1

    async def last(self, subject: str) -> Stored | None:
        """The last message on an exact subject, or None."""
        answer = await self._ask({"multi_last": [subject]}, subject, 0)
        return answer.messages[-1] if answer.messages else None

    async def heads(self, subject: str) -> list[Stored]:
        """The last message of every subject that matches, in log order."""
        answer = await self._ask({"multi_last": [subject]}, subject, 0)
        return sorted(answer.messages, key=lambda message: message.sequence)

    async def at(self, sequence: int) -> Stored | None:
        """The message with this sequence, or None where it is gone."""
        answer = await self._ask({"seq": sequence, "batch": 1}, str(sequence), sequence)
        return next((one for one in answer.messages if one.sequence == sequence), None)

    async def _ask(self, request: dict[str, object], what: str, until: int) -> _Answer:
        reply = f"{self._inbox}.{next(self._numbers)}"
        answer = self._answers[reply] = _Answer(until)
        try:
            await self._client.publish(self._subject, json.dumps(request).encode(), reply=reply)
            await asyncio.wait_for(answer.done, self._timeout_seconds)
        except TimeoutError:
            raise LogUnavailable(what, self._timeout_seconds, "direct get") from None
        finally:
            del self._answers[reply]
        if answer.refusal is not None:
            raise LogUnavailable(what, 0, answer.refusal)
        return answer


def stored_from_direct(body: bytes, headers: Mapping[str, str]) -> Stored:
    """A message as it was stored: what the direct get added is taken off again."""
    restored = REPEATED in headers
    kept = {
        name: value
        for name, value in headers.items()
        if name not in _SERVER_HEADERS and (restored or name not in RESTORED_HEADERS)
    }
    return Stored(
        subject=headers["Nats-Subject"],
        headers=kept,
        body=body,
        sequence=int(headers["Nats-Sequence"]),
        stored_at=parse_server_time(headers["Nats-Time-Stamp"]),
    )


def parse_server_time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, cut to the microseconds that Python keeps."""
    main, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{main}.{fraction[:6]:0<6}").replace(tzinfo=UTC)

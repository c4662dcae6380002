"""Reading a stream by direct get: many messages for one request, straight from the index.

Any replica answers; what it should have and does not show is asked of the leader.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import RESTORED_HEADERS, Stored
from shared.connection import REPEATED
from shared.errors import LogUnavailable
from shared.leader import LeaderReader, parse_server_time

END_STATUSES = frozenset({"204", "404"})  # the end of a batch; nothing found
NO_RESPONDERS = "503"  # no replica is up yet, as after a restart of the server
ASK_AGAIN_SECONDS = 0.1
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
        if not self._follows(headers):
            self.refusal = "messages were lost on the way"
            self.done.set_result(None)
            return
        # Not `Status`: whoever publishes a fact may put that on it, and so end every reading.
        if "Nats-Sequence" not in headers:
            self._end(headers)
            return
        self.messages.append(stored_from_direct(message.data, headers))
        if self.until and self.messages[-1].sequence >= self.until:
            self.done.set_result(None)

    def _follows(self, headers: Mapping[str, str]) -> bool:
        """Whether nothing is missing before it: a client drops what comes faster than it takes it.

        Each message of a batch, and its end, tells the sequence of the one before; where a
        publisher put the same header on a fact, the server's comes after it and counts.
        """
        before = self.messages[-1].sequence if self.messages else 0
        return headers.get("Nats-Last-Sequence", str(before)) == str(before)

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
        self._leader = LeaderReader(client, stream, timeout_seconds)
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

    async def read(
        self, subject: str, first: int, until: int = 0, at_least: int = 0
    ) -> list[Stored]:
        """Messages on `subject` (wildcards allowed) from sequence `first` on, in log order.

        Returns as soon as sequence `until` has come; 0 reads to the end. An end before `until`, or
        before `at_least`, is that of a replica which lags: the leader has the rest.

        Raises:
            LogUnavailable: no complete answer came in time, or the server could not look.
        """
        found = await self._read(subject, first, until)
        reached = found[-1].sequence if found else first - 1
        if reached < max(until, at_least):
            found += await self._rest(subject, reached + 1, max(until, at_least))
        return found

    async def _rest(self, subject: str, first: int, until: int) -> list[Stored]:
        """What the leader has up to `until`; a replica lags by little, so one by one will do."""
        found: list[Stored] = []
        while first <= until and len(found) < READ_BATCH:
            message = await self._leader.next(subject, first)
            if message is None:
                break
            found.append(message)
            first = message.sequence + 1
        return found

    async def _read(self, subject: str, first: int, until: int) -> list[Stored]:
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

    async def page(self, subject: str, first: int, most: int = READ_BATCH) -> list[Stored]:
        """The first messages on `subject` from sequence `first` on, as this replica has them.

        Raises:
            LogUnavailable: as above.
        """
        request = {"seq": max(first, 1), "next_by_subj": subject, "batch": most}
        return (await self._ask(request, subject, 0)).messages

    async def last(self, subject: str) -> Stored | None:
        """The last message on an exact subject, or None."""
        answer = await self._ask({"multi_last": [subject]}, subject, 0)
        return answer.messages[-1] if answer.messages else await self._leader.last(subject)

    async def heads(self, *subjects: str) -> list[Stored]:
        """The last message of every subject that matches one of these, in log order."""
        answer = await self._ask({"multi_last": subjects}, ", ".join(subjects), 0)
        return sorted(answer.messages, key=lambda message: message.sequence)

    async def newest(self) -> Stored | None:
        """The last message of the whole stream, or None."""
        answer = await self._ask({"last_by_subj": ">"}, ">", 1)
        return answer.messages[-1] if answer.messages else None

    async def at(self, sequence: int) -> Stored | None:
        """The message with this sequence, or None where it is gone."""
        answer = await self._ask({"seq": sequence, "batch": 1}, str(sequence), sequence)
        found = next((one for one in answer.messages if one.sequence == sequence), None)
        return found or await self._leader.at(sequence)

    async def _ask(self, request: dict[str, object], what: str, until: int) -> _Answer:
        try:
            return await self._ask_until_up(request, what, until)
        except LogUnavailable:
            # A request is lost with the node or connection that took it; another may be as good.
            return await self._ask_until_up(request, what, until)

    async def _ask_until_up(self, request: dict[str, object], what: str, until: int) -> _Answer:
        ends_at = time.monotonic() + self._timeout_seconds
        while True:
            answer = await self._ask_once(request, what, until)
            if answer.refusal is None:
                return answer
            if not answer.refusal.startswith(NO_RESPONDERS) or time.monotonic() > ends_at:
                raise LogUnavailable(what, 0, answer.refusal)
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _ask_once(self, request: dict[str, object], what: str, until: int) -> _Answer:
        reply = f"{self._inbox}.{next(self._numbers)}"
        answer = self._answers[reply] = _Answer(until)
        try:
            await self._client.publish(self._subject, json.dumps(request).encode(), reply=reply)
            await asyncio.wait_for(answer.done, self._timeout_seconds)
        except TimeoutError:
            raise LogUnavailable(what, self._timeout_seconds, "direct get") from None
        finally:
            del self._answers[reply]
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

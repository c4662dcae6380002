"""The log as the executor of one tenant reads it: by a copy of its runs, and by exact subjects.

A copy numbers its messages anew, and tells of each where it lies in the log. That is the sequence
that everybody else speaks of, so it is the one that is told here. A copy is behind the log by a
moment: what is surely in the log is waited for.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import Stored
from contracts.subjects import CONTENT, RUNS
from contracts.tenancy import copy_of
from shared.content import Contents, LogReader, places_of
from shared.direct import ASK_AGAIN_SECONDS, READ_BATCH, DirectReader, stored_from_direct
from shared.errors import LogUnavailable

SOURCE = "Nats-Stream-Source"  # <stream> <sequence> <filter> ...; the server takes it from nobody
BEHIND_SECONDS = 1.0  # the longest wait for what is in the log; a copy is behind by a millisecond
BEHIND_PAUSE_SECONDS = 0.02
KEPT_PLACES = 65_536

T = TypeVar("T")


def in_log(message: Stored) -> Stored:
    """A message of a copy as it lies in the log; any other as it is."""
    name, _, rest = message.headers.get(SOURCE, "").partition(" ")
    sequence, _, _ = rest.partition(" ")
    if name != RUNS or not sequence.isdigit():
        return message
    headers = {key: value for key, value in message.headers.items() if key != SOURCE}
    return replace(message, headers=headers, sequence=int(sequence))


class TenantReader(LogReader):
    """Reads the runs of one tenant, each message with its body and its sequence in the log."""

    def __init__(self, client: Client, tenant: str, inbox: str, timeout_seconds: float) -> None:
        super().__init__(client, inbox, timeout_seconds, copy_of(tenant))
        self.contents = TenantContents(client, inbox, timeout_seconds)
        self._log = PlaceReader(client, RUNS, timeout_seconds)
        # Where a message of the log lies in the copy, so that a fold goes on from there.
        self._places: OrderedDict[int, int] = OrderedDict()

    async def read(
        self, subject: str, first: int, until: int = 0, at_least: int = 0
    ) -> list[Stored]:
        begin = self._places.get(first - 1, 0) + 1
        copies = await DirectReader.read(self, subject, begin)
        found = [self._noted(one) for one in copies]
        reached, last = (found[-1].sequence, copies[-1].sequence) if found else (0, begin - 1)
        if reached < (wanted := max(until, at_least)):
            found += await self._rest(subject, last + 1, wanted)
        return [await self.complete(one) for one in found if one.sequence >= first]

    async def _rest(self, subject: str, first: int, until: int) -> list[Stored]:
        """What the leader of the copy has from its `first` on, up to `until` of the log."""
        found: list[Stored] = []
        while len(found) < READ_BATCH and (not found or found[-1].sequence < until):
            copy = await self._leader.next(subject, first)
            if copy is None:
                break
            found.append(self._noted(copy))
            first = copy.sequence + 1
        return found

    async def last(self, subject: str) -> Stored | None:
        """Of the log itself, for who must know who came first."""
        found = await awaited(lambda: self._log.last(subject))
        return None if found is None else await self.complete(found)

    async def at(self, sequence: int) -> Stored | None:
        found = await awaited(lambda: self._copied(sequence))
        return None if found is None else await self.complete(found)

    async def _copied(self, sequence: int) -> Stored | None:
        """The copy of a message, looked for by halves: a copy keeps the order of the log."""
        low, high = 1, sequence
        while low <= high:
            middle = (low + high) // 2
            copy = await self._leader.next(">", middle)
            found = None if copy is None else self._noted(copy)
            if copy is None or found is None or found.sequence > sequence:
                high = middle - 1
            elif found.sequence == sequence:
                return found
            else:
                low = copy.sequence + 1
        return None

    def _noted(self, copy: Stored) -> Stored:
        found = in_log(copy)
        self._places[found.sequence] = copy.sequence
        if len(self._places) > KEPT_PLACES:
            self._places.popitem(last=False)
        return found


class TenantContents(Contents):
    """Large bodies, each piece asked for by its place, which permissions can limit."""

    def __init__(self, client: Client, inbox: str, timeout_seconds: float) -> None:
        super().__init__(client, inbox, timeout_seconds)
        self._pieces = PlaceReader(client, CONTENT, timeout_seconds)

    async def _get(self, subject: str, sha256: str) -> bytes | None:
        body, digest = b"", hashlib.sha256()
        for place in places_of(subject, sha256):
            piece = await awaited(partial(self._pieces.last, place))
            if piece is None:
                break
            body += piece.body
            digest.update(piece.body)
            if digest.hexdigest() == sha256:
                return body
        return None


class PlaceReader:
    """The last message on an exact subject. The subject of the request names it."""

    def __init__(self, client: Client, stream: str, timeout_seconds: float) -> None:
        self._client = client
        self._prefix = f"$JS.API.DIRECT.GET.{stream}"
        self._timeout_seconds = timeout_seconds

    async def last(self, subject: str) -> Stored | None:
        """None where the replica that answers has none.

        Raises:
            LogUnavailable: none answers.
        """
        answer = await self._ask(f"{self._prefix}.{subject}")
        headers = answer.headers or {}
        # As of a batch: a publisher may put `Status` on what it says, and no sequence.
        return stored_from_direct(answer.data, headers) if "Nats-Sequence" in headers else None

    async def _ask(self, subject: str) -> Msg:
        """No replica is up yet after a restart of the server, so it is asked again."""
        ends_at = time.monotonic() + self._timeout_seconds
        while True:
            try:
                return await self._client.request(subject, b"", timeout=self._timeout_seconds)
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
                if time.monotonic() > ends_at:
                    name = type(error).__name__
                    raise LogUnavailable(subject, self._timeout_seconds, name) from None
            await asyncio.sleep(ASK_AGAIN_SECONDS)


def reader_for(tenant: str | None, client: Client, inbox: str, timeout_seconds: float) -> LogReader:
    """How a service reads runs: those of one tenant, or of all."""
    if tenant is None:
        return LogReader(client, inbox, timeout_seconds)
    return TenantReader(client, tenant, inbox, timeout_seconds)


async def awaited(look: Callable[[], Awaitable[T | None]]) -> T | None:
    """What a look finds, which a replica that lags may show a moment later; None if it does not."""
    ends_at = time.monotonic() + BEHIND_SECONDS
    while True:
        found = await look()
        if found is not None or time.monotonic() > ends_at:
            return found
        await asyncio.sleep(BEHIND_PAUSE_SECONDS)

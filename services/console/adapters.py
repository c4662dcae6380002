"""The outside of the console: histories and dead letters in the log, and the bell for streams."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from contracts.envelope import Fact, Stored
from contracts.shape import Body
from contracts.subjects import CONSOLE, DEAD
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.service import Core


class History(Protocol):
    """The facts of runs, as they lie in the log."""

    async def facts(self, tenant: str, run_id: str, after: int = 0) -> list[Fact[Body]]:
        """Those after sequence `after`, in log order."""
        ...


class MemoryHistory:
    """The facts of a bus in memory, for tests."""

    def __init__(self, known: list[Fact[Body]]) -> None:
        self._known = known

    async def facts(self, tenant: str, run_id: str, after: int = 0) -> list[Fact[Body]]:
        return [
            fact
            for fact in self._known
            if (fact.tenant, fact.run_id) == (tenant, run_id) and fact.sequence > after
        ]


class DeadLetter(BaseModel):
    """A message that no service could use, with the reason."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    stored_at: datetime
    service: str
    stream: str
    sequence: int
    subject: str
    rule: str
    reason: str
    headers: dict[str, str] = {}
    body_text: str = ""
    body_bytes: int = 0


class DeadLetterBox(Protocol):
    async def newest(self, limit: int) -> list[DeadLetter]:
        """The newest first."""
        ...

    async def letter(self, number: int) -> DeadLetter | None:
        """One by its number in the stream of dead letters."""
        ...


class LogDeadLetters:
    """Reads the stream of dead letters, from its index."""

    def __init__(self, reader: DirectReader) -> None:
        self._reader = reader

    async def newest(self, limit: int) -> list[DeadLetter]:
        heads = await self._reader.heads("dead.>")
        if not heads:
            return []
        first = max(1, heads[-1].sequence - limit + 1)
        found = await self._reader.read("dead.>", first)
        return [letter_from(one) for one in reversed(found)][:limit]

    async def letter(self, number: int) -> DeadLetter | None:
        found = await self._reader.at(number)
        return None if found is None else letter_from(found)


@dataclass
class MemoryDeadLetters:
    """Dead letters in memory, for tests."""

    letters: list[DeadLetter] = field(default_factory=list)

    async def newest(self, limit: int) -> list[DeadLetter]:
        return self.letters[::-1][:limit]

    async def letter(self, number: int) -> DeadLetter | None:
        return next((one for one in self.letters if one.number == number), None)


async def open_dead_letters(core: Core, timeout_seconds: float) -> LogDeadLetters:
    """A reader of its own: it may not share an inbox with that of the runs."""
    inbox = f"{inbox_prefix(CONSOLE)}.dead"
    reader = DirectReader(core.client, DEAD, inbox, timeout_seconds)
    await reader.start()
    return LogDeadLetters(reader)


def letter_from(message: Stored) -> DeadLetter:
    """A dead letter as it was put aside."""
    letter = json.loads(message.body)
    body = base64.b64decode(letter.pop("body_base64", ""))
    return DeadLetter(
        **letter,
        number=message.sequence,
        stored_at=message.stored_at,
        body_text=body.decode(errors="replace"),
    )


class Bell:
    """Tells the event streams of this process that their run has moved on.

    A replica hears only its share of the facts: whoever waits here must also look by itself.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}

    def ring(self, tenant: str, run_id: str) -> None:
        for event in self._waiting.get((tenant, run_id), ()):
            event.set()

    @contextmanager
    def listening(self, tenant: str, run_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the run moves on."""
        event = asyncio.Event()
        events = self._waiting.setdefault((tenant, run_id), set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop((tenant, run_id), None)


async def heard_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for the bell, or until it is time to look anyway."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    event.clear()

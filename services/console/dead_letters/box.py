"""Where dead letters lie: in a stream of their own, beside the log with what they are about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from nats.js.errors import APIError

from contracts.envelope import Fact, Stored
from contracts.shape import Body
from contracts.subjects import CONSOLE, DEAD, DEAD_NOTE
from services.console.dead_letters.letters import (
    DeadLetter,
    Note,
    letters_from,
    note_from,
    noted,
)
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.service import Core
from shared.storing import EXPECTED, WRONG_LAST_SEQUENCE


class DeadLetterBox(Protocol):
    """Dead letters, and the facts that they are about."""

    async def letters(self) -> list[DeadLetter]:
        """All that are looked at, in their order."""
        ...

    async def letter(self, number: int) -> DeadLetter | None:
        """One by its number in the stream of dead letters."""
        ...

    async def fact(self, sequence: int) -> Fact[Body] | None:
        """What lies at a sequence of the log.

        Raises:
            Unbelievable: it is no fact.
        """
        ...

    async def facts(self, tenant: str, run_id: str) -> list[Fact[Body]]:
        """The believed facts of a run, in log order."""
        ...

    async def note(self, number: int, note: Note) -> bool:
        """Write down what was decided about a letter; False where something already was."""
        ...


class LogDeadLetters:
    """Reads the stream of dead letters from its index, and adds notes to it."""

    def __init__(self, reader: DirectReader, core: Core, looked_at: int, timeout: float) -> None:
        self._reader = reader
        self._redrives = core.redrives
        self._runs = core.bus.runs
        self._jetstream = core.client.jetstream()
        self._looked_at = looked_at
        self._timeout_seconds = timeout

    async def letters(self) -> list[DeadLetter]:
        newest = await self._reader.newest()
        if newest is None:
            return []
        first = max(1, newest.sequence - self._looked_at + 1)
        return letters_from(await self._reader.read("dead.>", first))

    async def letter(self, number: int) -> DeadLetter | None:
        found = await self._reader.at(number)
        if found is None:
            return None
        return next(iter(letters_from([found, *await self._notes(number)])), None)

    async def fact(self, sequence: int) -> Fact[Body] | None:
        found = await self._redrives.at(sequence)
        return None if found is None else found.fact

    async def facts(self, tenant: str, run_id: str) -> list[Fact[Body]]:
        return await self._runs.facts(tenant, run_id)

    async def note(self, number: int, note: Note) -> bool:
        before = await self._notes(number)
        if any(note_from(one) is not None for one in before):
            return False
        try:
            await self._jetstream.publish(
                DEAD_NOTE.format(number=number),
                note.model_dump_json().encode(),
                timeout=self._timeout_seconds,
                headers={EXPECTED: str(before[-1].sequence if before else 0)},
            )
        except APIError as error:
            if error.err_code != WRONG_LAST_SEQUENCE:
                raise
            return False
        return True

    async def _notes(self, number: int) -> list[Stored]:
        """One at most that is true: of two people who decide at once, one is told of the other."""
        return await self._reader.read(DEAD_NOTE.format(number=number), number)


@dataclass
class MemoryDeadLetters:
    """Dead letters in memory, for tests."""

    stored: list[DeadLetter] = field(default_factory=list)
    known: list[Fact[Body]] = field(default_factory=list)

    async def letters(self) -> list[DeadLetter]:
        return list(self.stored)

    async def letter(self, number: int) -> DeadLetter | None:
        return next((one for one in self.stored if one.number == number), None)

    async def fact(self, sequence: int) -> Fact[Body] | None:
        return next((one for one in self.known if one.sequence == sequence), None)

    async def facts(self, tenant: str, run_id: str) -> list[Fact[Body]]:
        return [one for one in self.known if (one.tenant, one.run_id) == (tenant, run_id)]

    async def note(self, number: int, note: Note) -> bool:
        places = (n for n, one in enumerate(self.stored) if one.number == number)
        place = next(places)
        before = self.stored[place]
        body, now = note.model_dump_json().encode(), datetime.now(UTC)
        self.stored[place] = noted(before, Stored("", {}, body, 0, now))
        return before.state == "open"


async def open_dead_letters(core: Core, looked_at: int, timeout_seconds: float) -> LogDeadLetters:
    """A reader of its own: it may not share an inbox with that of the runs."""
    inbox = f"{inbox_prefix(CONSOLE)}.dead"
    reader = DirectReader(core.client, DEAD, inbox, timeout_seconds)
    await reader.start()
    return LogDeadLetters(reader, core, looked_at, timeout_seconds)

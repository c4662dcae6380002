"""Small values that replicas share, each changed only by who has seen its last state."""

from dataclasses import dataclass, field
from typing import Protocol

from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.envelope import Encoded
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import LogRefused
from shared.storing import EXPECTED, WRONG_LAST_SEQUENCE, store


class Register(Protocol):
    async def load(self, name: str) -> tuple[bytes, int]:
        """The value and its revision; nothing and 0 where there is none yet."""
        ...

    async def store(self, name: str, value: bytes, revision: int) -> int | None:
        """The new revision; None if the value has another one than `revision` by now.

        Raises:
            LogUnavailable: nobody can tell whether it was stored. Load it, and see.
            LogRefused: the stream will never take it.
        """
        ...


class NatsRegister:
    """Each value is the last message on a subject of its own: `subject` with its name in it."""

    def __init__(
        self, client: Client, service: str, stream: str, subject: str, timeout_seconds: float
    ) -> None:
        self._jetstream: JetStreamContext = client.jetstream()
        self._subject = subject
        self._timeout_seconds = timeout_seconds
        inbox = f"{inbox_prefix(service)}.register"
        self._reader = DirectReader(client, stream, inbox, timeout_seconds)

    async def start(self) -> None:
        await self._reader.start()

    async def load(self, name: str) -> tuple[bytes, int]:
        found = await self._reader.last(self._subject.format(name=name))
        return (b"", 0) if found is None else (found.body, found.sequence)

    async def store(self, name: str, value: bytes, revision: int) -> int | None:
        message = Encoded(self._subject.format(name=name), {EXPECTED: str(revision)}, value)
        try:
            ack = await store(self._jetstream, message, timeout_seconds=self._timeout_seconds)
        except LogRefused as error:
            if error.code == WRONG_LAST_SEQUENCE:
                return None
            raise
        return ack.seq


@dataclass
class MemoryRegister:
    """The same in memory. Like the stream, it counts over all its values."""

    values: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    stored: int = 0

    async def load(self, name: str) -> tuple[bytes, int]:
        return self.values.get(name, (b"", 0))

    async def store(self, name: str, value: bytes, revision: int) -> int | None:
        if (await self.load(name))[1] != revision:
            return None
        self.stored += 1
        self.values[name] = (value, self.stored)
        return self.stored

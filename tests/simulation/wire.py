"""What a process sees of the engine: the client library's calls, with everything that goes wrong.

The real `Publisher`, `RunLog`, `Redrives`, `DeadLetters`, `NatsCrashCounts`, `NatsTimers` and
`NatsBus` of the services stand on these.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import nats.errors
from nats.js.api import PubAck

from contracts.envelope import Stored
from contracts.subjects import CRASHES, RUNS
from shared.content import LogReader
from shared.crashes import NOT_FOUND
from shared.direct import DirectReader
from shared.errors import LogUnavailable

from .engine import STREAM_OF_TOKEN, Engine
from .faults import Fault
from .process import Process

LAG_MESSAGES = 12
LATE_SECONDS = 8.0
READ_TIMEOUT_SECONDS = 5.0
DIRECT_GET = f"$JS.API.DIRECT.GET.{CRASHES}."


class Outages:
    """Moments at which the log answers nobody, such as while it elects a leader."""

    LENGTHS_SECONDS = (0.5, 3.0, 20.0)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._until = 0.0

    def begin(self, process: Process) -> None:
        seconds = process.chance.choice(self.LENGTHS_SECONDS)
        self._engine.trace.note(f"!! the log is away for {seconds:g} s")
        self._until = max(self._until, self._engine.loop.time() + seconds)

    @property
    def on(self) -> bool:
        return self._engine.loop.time() < self._until


class Client:
    """One connection, of one process."""

    def __init__(self, process: Process, outages: Outages) -> None:
        self.process = process
        self.engine = process.engine
        self.outages = outages

    @property
    def is_connected(self) -> bool:
        return self.process.alive

    @property
    def is_closed(self) -> bool:
        return not self.process.alive

    @property
    def stats(self) -> dict[str, int]:
        """A process here has one connection for its life."""
        return {"reconnects": 0}

    async def subscribe(self, subject: str, cb: Callable[[Any], Awaitable[None]]) -> None:
        """Notices of what is stored; they may be lost. Inboxes are of no use: readers look."""
        stream = STREAM_OF_TOKEN.get(subject.split(".", 1)[0])
        if stream is not None:
            self.engine.streams[stream].listeners.append(lambda _: self._notice(cb))

    def _notice(self, cb: Callable[[Any], Awaitable[None]]) -> None:
        if self.process.alive and not self.process.faults.strikes(Fault.LOST_NOTICE):
            self.engine.loop.create_task(cb(None))

    def jetstream(self) -> "JetStream":
        return JetStream(self)

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        """Send, and never know whether it arrived."""
        lost = self.outages.on or self.process.faults.strikes(Fault.LOST_PUBLISH)
        await self.process.reach(lambda: None if lost else self.arrive(subject, payload, {}))

    async def request(
        self,
        subject: str,
        _payload: bytes,
        timeout: float,  # noqa: ASYNC109 - the client library's name for it
    ) -> SimpleNamespace:
        """A direct get of the last count of crashes on one subject."""
        if self.outages.on:
            await self.time_out(timeout)
        place = subject.removeprefix(DIRECT_GET)
        found = await self.process.reach(lambda: self.engine.streams[CRASHES].matching(place)[-1:])
        if not found:
            return SimpleNamespace(headers={"Status": NOT_FOUND}, data=b"")
        return SimpleNamespace(headers={}, data=found[0].body)

    async def time_out(self, seconds: float | None) -> None:
        """Wait for nothing.

        Raises:
            nats.errors.TimeoutError: always.
        """
        await self.process.sleep(seconds or 0.0)
        raise nats.errors.TimeoutError

    def arrive(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Something that nobody waits for reaches the engine."""
        try:
            self.engine.publish(subject, payload, headers)
        except nats.errors.Error:
            self.engine.trace.note(f"-- too late: {subject}")


class JetStream:
    """Publishing with an acknowledgement."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def publish(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float | None = None,  # noqa: ASYNC109 - as above
        headers: Mapping[str, str] | None = None,
    ) -> PubAck:
        """Publish to a stream, and wait for its acknowledgement.

        Raises:
            nats.errors.TimeoutError: none came, and nobody can tell what became of it.
            APIError: the stream refused it.
        """
        client, process = self.client, self.client.process
        faults, engine, known = process.faults, process.engine, headers or {}
        if faults.strikes(Fault.OUTAGE):
            client.outages.begin(process)
        lost = client.outages.on or faults.strikes(Fault.LOST_PUBLISH)
        late = not lost and faults.strikes(Fault.LATE_PUBLISH)
        if late:
            after = process.chance.random() * LATE_SECONDS
            engine.loop.call_later(after, client.arrive, subject, payload, known)
        if lost or late:
            await client.time_out(timeout)
        ack = await process.reach(lambda: engine.publish(subject, payload, known))
        if faults.strikes(Fault.LOST_ACK):
            await client.time_out(timeout)
        return ack

    async def purge_stream(self, _stream: str, subject: str) -> None:
        """Take back the schedule on a subject.

        Raises:
            nats.errors.TimeoutError: the log does not answer.
        """
        if self.client.outages.on:
            await self.client.time_out(READ_TIMEOUT_SECONDS)
        await self.client.process.reach(lambda: self.client.engine.forget(subject))


class StreamReader(DirectReader):
    """Direct gets of one stream, from whichever replica answers; what it lacks, from the leader."""

    def __init__(self, client: Client, stream: str) -> None:
        super().__init__(client, stream, "_INBOX", READ_TIMEOUT_SECONDS)
        self._leader = Leader(client, stream)
        self._view = View(client, stream, Fault.STALE_READ)

    async def _ask(self, request: dict[str, Any], what: str, until: int) -> SimpleNamespace:
        return await self._view.answer(request, what, until)


class Reader(LogReader):
    """The same of the runs, each message with its body."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, "_INBOX", READ_TIMEOUT_SECONDS)
        self._leader = Leader(client, RUNS)
        self._view = View(client, RUNS, Fault.STALE_READ)

    async def _ask(self, request: dict[str, Any], what: str, until: int) -> SimpleNamespace:
        return await self._view.answer(request, what, until)


class Leader:
    """Single messages, from the leader; or from one that was deposed a moment ago."""

    def __init__(self, client: Client, stream: str) -> None:
        self._view = View(client, stream, Fault.STALE_LEADER)

    async def next(self, subject: str, first: int) -> Stored | None:
        found = await self._view.look({"seq": first, "next_by_subj": subject}, subject)
        return found[0] if found else None

    async def last(self, subject: str) -> Stored | None:
        found = await self._view.look({"multi_last": [subject]}, subject)
        return found[0] if found else None

    async def at(self, sequence: int) -> Stored | None:
        found = await self._view.look({"seq": sequence}, str(sequence))
        return found[0] if found else None


class View:
    """A log as one copy of it has it, which may lag."""

    def __init__(self, client: Client, stream: str, lagging: Fault) -> None:
        self._client = client
        self._stream = client.engine.streams[stream]
        self._lagging = lagging

    async def answer(self, request: dict[str, Any], what: str, until: int) -> SimpleNamespace:
        """One request for messages, as the server answers it."""
        found = await self.look(request, what)
        ends = next(
            (at for at, one in enumerate(found, 1) if until and one.sequence >= until), None
        )
        return SimpleNamespace(messages=found[:ends], more=False, refusal=None)

    async def look(self, request: dict[str, Any], what: str) -> list[Stored]:
        """What the copy finds.

        Raises:
            LogUnavailable: no answer came.
        """
        process, faults = self._client.process, self._client.process.faults
        if self._client.outages.on or faults.strikes(Fault.FAILED_READ):
            await process.sleep(READ_TIMEOUT_SECONDS)
            raise LogUnavailable(what, READ_TIMEOUT_SECONDS, "no answer")
        seen = await process.reach(lambda: len(self._stream.messages))
        if faults.strikes(self._lagging):
            seen = max(0, seen - process.chance.randrange(1, LAG_MESSAGES))
        return list(self._matching(request, seen))

    def _matching(self, request: dict[str, Any], seen: int) -> Iterator[Stored]:
        match request:
            case {"multi_last": [subject]}:
                yield from [one for one in self._stream.matching(subject) if one.sequence <= seen][
                    -1:
                ]
            case {"seq": first, "next_by_subj": subject}:
                found = self._stream.matching(subject)
                yield from (one for one in found if first <= one.sequence <= seen)
            case {"seq": sequence} if sequence <= seen:
                yield self._stream.messages[sequence - 1]

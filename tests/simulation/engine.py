"""The engine: streams with one total order each, as Interlock relies on them, and nothing else.

    a message id within the window    answered as a duplicate, nothing stored
    an expected last sequence         of the prefix, or of the exact subject; else error 10071
    a schedule                        one a subject; stored on its target when the moment comes

It never fails. What its callers see of it goes through `wire`, where the faults are.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from nats.js.api import PubAck
from nats.js.errors import APIError

from contracts.envelope import Stored
from contracts.subjects import ADMISSION, CONTROL, CRASHES, DEAD, RUNS, TIMERS
from shared.publisher import EXPECTED, EXPECTED_SUBJECT, WRONG_LAST_SEQUENCE

from .loop import EPOCH, VirtualClock

DUPLICATE_WINDOW_SECONDS = 120.0
STREAM_OF_TOKEN = {
    "run": RUNS,
    "timer": TIMERS,
    "dead": DEAD,
    "crash": CRASHES,
    "control": CONTROL,
    "admission": ADMISSION,
}
SCHEDULE, TARGET, MESSAGE_ID = "Nats-Schedule", "Nats-Schedule-Target", "Nats-Msg-Id"
ONCE = "@at "
OnStored = Callable[[Stored], None]


class Trace:
    """A digest of everything that happened, and its lines where somebody wants to read them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep: bool) -> None:
        self._loop = loop
        self._digest = sha256()
        self._keep = keep
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        timed = f"{self._loop.time():12.6f} {line}"
        self._digest.update(timed.encode())
        if self._keep:
            self.lines.append(timed)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


@dataclass
class Stream:
    """One log: messages by sequence, by run and by subject."""

    messages: list[Stored] = field(default_factory=list)
    of_run: dict[str, list[Stored]] = field(default_factory=lambda: defaultdict(list))
    on_subject: dict[str, list[Stored]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[str, tuple[int, float]] = field(default_factory=dict)
    listeners: list[OnStored] = field(default_factory=list)

    def matching(self, subject: str) -> list[Stored]:
        """Messages on an exact subject, under the prefix of a run, or all of them."""
        if subject.count(".") == 1 and subject.endswith(".>"):
            return self.messages
        if subject.endswith(".>"):
            return self.of_run.get(subject.removesuffix(".>"), [])
        return self.on_subject.get(subject, [])

    def take(self, message: Stored) -> None:
        self.messages.append(message)
        self.of_run[run_of(message.subject)].append(message)
        self.on_subject[message.subject].append(message)


class Engine:
    """Every stream, and the timers that are set in one of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, trace: Trace) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.trace = trace
        self.streams: dict[str, Stream] = defaultdict(Stream)
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.schedules: dict[str, Stored] = {}
        self.on_cron: Callable[[str, str, str], None] = lambda *_: None

    @property
    def runs(self) -> Stream:
        return self.streams[RUNS]

    def publish(self, subject: str, body: bytes, headers: Mapping[str, str]) -> PubAck:
        """Store a message, or say why not.

        Raises:
            APIError: what was expected of the last sequence does not hold.
        """
        name = STREAM_OF_TOKEN[subject.split(".", 1)[0]]
        stream = self.streams[name]
        known = stream.ids.get(headers.get(MESSAGE_ID, ""))
        if known is not None and self.loop.time() - known[1] < DUPLICATE_WINDOW_SECONDS:
            return PubAck(stream=name, seq=known[0], duplicate=True)
        self._check_expected(stream, subject, headers)
        if SCHEDULE in headers:
            self._set_timer(Stored(subject, dict(headers), body, 0, self.clock.now()))
            return PubAck(stream=name, seq=len(stream.messages))
        return PubAck(stream=name, seq=self._store(stream, subject, body, headers).sequence)

    def _check_expected(self, stream: Stream, subject: str, headers: Mapping[str, str]) -> None:
        if EXPECTED not in headers:
            return
        found = stream.matching(headers.get(EXPECTED_SUBJECT, subject))
        last = found[-1].sequence if found else 0
        if last != int(headers[EXPECTED]):
            raise APIError(
                code=400,
                err_code=WRONG_LAST_SEQUENCE,
                description=f"wrong last sequence: {last}",
            )

    def _store(
        self, stream: Stream, subject: str, body: bytes, headers: Mapping[str, str]
    ) -> Stored:
        kept = {name: value for name, value in headers.items() if not name.startswith("Nats-Exp")}
        sequence = len(stream.messages) + 1
        message = Stored(subject, kept, body, sequence, self.clock.now())
        stream.take(message)
        if MESSAGE_ID in headers:
            stream.ids[headers[MESSAGE_ID]] = (sequence, self.loop.time())
        self.trace.note(f"{sequence} {subject} {sha256(body).hexdigest()[:16]}")
        for listener in stream.listeners:
            listener(message)
        return message

    def fire(self, target: str) -> None:
        """A schedule has come to its moment."""
        self._store(self.streams[TIMERS], target, b"", {})

    def forget(self, subject: str) -> None:
        """Take back what was scheduled on a subject."""
        self.schedules.pop(subject, None)
        if (timer := self.timers.pop(subject, None)) is not None:
            timer.cancel()

    def _set_timer(self, schedule: Stored) -> None:
        subject, headers = schedule.subject, schedule.headers
        self.forget(subject)
        self.schedules[subject] = schedule
        if not headers[SCHEDULE].startswith(ONCE):
            self.on_cron(subject, headers[SCHEDULE], headers[TARGET])
            return
        moment = datetime.fromisoformat(headers[SCHEDULE].removeprefix(ONCE))
        seconds = max(self.loop.time(), (moment - EPOCH).total_seconds())
        self.timers[subject] = self.loop.call_at(seconds, self._fire_once, schedule)

    def _fire_once(self, schedule: Stored) -> None:
        self.forget(schedule.subject)
        self.fire(schedule.headers[TARGET])


def run_of(subject: str) -> str:
    """`run.<tenant>.<run_id>`, or as much as a subject has of it."""
    return ".".join(subject.split(".")[:3])

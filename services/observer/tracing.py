"""Spans of runs under way, told as soon as the log closes them.

What is heard within a moment is gathered, each run's new facts are read once, and the spans go to
the back end. Replicas share what is heard: with a telling fact each tells the spans since the one
before it in the log, whoever heard that. So every span is told by one replica.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from contracts.envelope import Fact
from contracts.hearings import HEARINGS
from contracts.history import Run
from contracts.run import RunStarted
from contracts.shape import Body
from contracts.subjects import OBSERVER
from shared.errors import LineageBroken, LogUnavailable
from shared.metrics import EXPORT_FAILURES
from shared.readmodel import RunKey
from shared.tracing.capture import Capture
from shared.tracing.outbox import SIGNAL
from shared.tracing.shape import SpanShape
from shared.tracing.trace import RunTracer

log = structlog.get_logger()

HEARD = frozenset(
    type_ for hearing in HEARINGS if hearing.service == OBSERVER for type_ in hearing.types
)
# Everything between two of these is told with the second: of what is heard, all but what stands
# in the middle of a step.
TELLING = HEARD - {"money.settled", "tool.requested"}
# A bill may be the last that is heard of a run, and then nothing comes to tell it with.
TELLING_AFTER_THE_END = TELLING | {"money.settled"}

# Of each run, for what is heard next. Who hears an older one reads the run from its beginning.
WINDOWS_KEPT = 256


class Facts(Protocol):
    """The facts of runs, in the log."""

    async def facts(
        self, tenant: str, run_id: str, after: int = 0, at_least: int = 0
    ) -> list[Fact[Body]]:
        """Those after sequence `after`, surely with what was stored by `at_least`."""
        ...

    async def read(self, tenant: str, run_id: str, *, at_least: int = 0) -> Run:
        """The run with those that it grew from.

        Raises:
            LineageBroken: one of them is gone.
        """
        ...


class Exporter(Protocol):
    """Where spans go."""

    async def add(self, spans: Sequence[SpanShape]) -> None: ...


class Tracer(Protocol):
    """Is told what was heard."""

    async def note(self, fact: Fact[Body]) -> None:
        """Return when the spans that this fact closes are told, or given up."""
        ...


class Untold:
    """Where no back end is set: nothing is read, and nothing is told."""

    async def note(self, fact: Fact[Body]) -> None:
        pass


class _Told:
    """What one run has come to: its spans, by the heard fact that they are told with."""

    def __init__(self, key: RunKey, capture: Capture) -> None:
        self.sequence = 0
        self.ended_at: int | None = None
        self.run = Run(*key)
        self._tracer = RunTracer(self.run, capture)
        self._since: list[SpanShape] = []
        self._windows: dict[int, list[SpanShape]] = {}

    def take(self, facts: Sequence[Fact[Body]]) -> None:
        for fact in facts:
            self.sequence = fact.sequence
            self._since += self._tracer.take(fact)
            if self._tells(fact.sequence, fact.type):
                self._windows[fact.sequence] = self._since
                self._since = []
            if self.ended_at is None and self.run.end is not None:
                self.ended_at = fact.sequence

    def has_passed(self, heard: Mapping[int, str]) -> bool:
        """Whether one of these was told before, or is forgotten."""
        return any(
            sequence <= self.sequence
            and sequence not in self._windows
            and self._tells(sequence, type_)
            for sequence, type_ in heard.items()
        )

    def _tells(self, sequence: int, type_: str) -> bool:
        is_over = self.ended_at is not None and sequence > self.ended_at
        return type_ in (TELLING_AFTER_THE_END if is_over else TELLING)

    def pop(self, sequences: Collection[int], kept: int) -> list[SpanShape]:
        """The spans that are told with these; of the others only the newest windows are kept."""
        found = [span for one in sorted(sequences) for span in self._windows.pop(one, [])]
        # Most of what is left is for other replicas to tell.
        for sequence in list(self._windows)[: max(len(self._windows) - kept, 0)]:
            del self._windows[sequence]
        return found


class LiveTracer:
    """Reads, and tells."""

    def __init__(
        self,
        log: Facts,
        exporter: Exporter,
        capture: Capture,
        *,
        gather_seconds: float,
        gather_facts: int,
        cached_runs: int,
        kept_windows: int = WINDOWS_KEPT,
    ) -> None:
        self._log = log
        self._exporter = exporter
        self._capture = capture
        self._gather_seconds = gather_seconds
        self._gather_facts = gather_facts
        self._cached_runs = cached_runs
        self._kept_windows = kept_windows
        self._known: OrderedDict[RunKey, _Told] = OrderedDict()
        self._heard: dict[RunKey, dict[int, str]] = {}
        self._gathered = 0
        self._is_enough = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    async def note(self, fact: Fact[Body]) -> None:
        if fact.type not in TELLING_AFTER_THE_END:
            return
        self._heard.setdefault((fact.tenant, fact.run_id), {})[fact.sequence] = fact.type
        self._gathered += 1
        if self._gathered >= self._gather_facts:
            self._is_enough.set()
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())
        # Whoever is cancelled must not take the others of its round with it.
        await asyncio.shield(self._telling)

    async def _tell(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_enough.wait(), self._gather_seconds)
        heard, self._heard = self._heard, {}
        # From here on, what is heard belongs to the next round.
        self._gathered, self._is_enough, self._telling = 0, asyncio.Event(), None
        found: list[SpanShape] = []
        async with self._reading:
            for key, of_run in heard.items():
                found += await self._of(key, of_run)
        await self._exporter.add(found)

    async def _of(self, key: RunKey, heard: Mapping[int, str]) -> list[SpanShape]:
        known = self._known.get(key)
        if known is None or known.has_passed(heard):
            known = self._known[key] = _Told(key, self._capture)
        self._known.move_to_end(key)
        if len(self._known) > self._cached_runs:
            self._known.popitem(last=False)
        if max(heard) > known.sequence and not await self._advance(key, known, max(heard)):
            self._known.pop(key, None)
            return []
        return known.pop(heard, self._kept_windows)

    async def _advance(self, key: RunKey, known: _Told, at_least: int) -> bool:
        """Take what is new of a run; false where no trace can be made of it."""
        facts = await self._log.facts(*key, known.sequence, at_least)
        if not facts or facts[-1].sequence < at_least:
            # A leader that was just deposed. What it does not show would be told with nothing.
            raise LogUnavailable(f"the trace of {key[1]}", 0, "the log lags behind what was heard")
        if self._capture.redact is not None and any(_grew(fact) for fact in facts):
            with suppress(LineageBroken):
                known.run.ancestor = (await self._log.read(*key, at_least=at_least)).ancestor
        try:
            known.take(facts)
        except Exception as error:  # noqa: BLE001 - it must not cost other runs their traces
            EXPORT_FAILURES.labels(SIGNAL).inc()
            log.warning("traces.not_made", tenant=key[0], run_id=key[1], error=repr(error))
            return False
        return True


def _grew(fact: Fact[Body]) -> bool:
    """Whether the prompts of the run are made of another one's too."""
    return isinstance(fact.body, RunStarted) and fact.body.ancestor is not None

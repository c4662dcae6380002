"""The way out for spans: bounded, and never in anybody's way.

Whoever adds spans waits until a back end has them or they are dropped, and never longer than a
named time. After a failure nothing is tried for a while: what comes meanwhile is dropped at once.
What is dropped is counted, and lost to the back end alone: the log can tell every span again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from shared.metrics import DROPPED, EXPORT_FAILURES, EXPORTED
from shared.telemetry.back_end import BackEnd
from shared.telemetry.sender import Sender

from .otlp import TRACES_PATH, encoded
from .shape import SpanShape

log = structlog.get_logger()

SIGNAL = "traces"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, how much goes at once, and how patient everybody is."""

    queued_spans: int = 4096
    batch_spans: int = 512
    export_seconds: float = 2.0
    wait_seconds: float = 2.0
    down_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Parcel:
    spans: Sequence[SpanShape]
    gone: asyncio.Future[None]


class Outbox:
    """Sends spans to one back end."""

    def __init__(self, back_end: BackEnd, bounds: Bounds) -> None:
        self._bounds = bounds
        self._sender = Sender(back_end, TRACES_PATH, bounds.export_seconds)
        self._parcels: deque[_Parcel] = deque()
        self._queued = 0
        self._down_until = 0.0
        self._sending: asyncio.Task[None] | None = None

    async def add(self, spans: Sequence[SpanShape]) -> None:
        """Return when the spans are exported or dropped, or after `wait_seconds`."""
        is_down = time.monotonic() < self._down_until
        room = 0 if is_down else self._bounds.queued_spans - self._queued
        if len(spans) > room:
            DROPPED.labels(SIGNAL).inc(len(spans) - room)
        if not (taken := spans[:room]):
            return
        gone = self._queue(taken)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(gone), self._bounds.wait_seconds)

    async def close(self) -> None:
        """Let what is queued go, for as long as one export may take; drop the rest."""
        if self._sending is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sending, self._bounds.export_seconds)
        DROPPED.labels(SIGNAL).inc(self._queued)
        await self._sender.close()

    def _queue(self, spans: Sequence[SpanShape]) -> asyncio.Future[None]:
        """Queue spans in parcels of a batch at most. Told when the last of them is gone."""
        size = self._bounds.batch_spans
        for begin in range(0, len(spans), size):
            gone = asyncio.get_running_loop().create_future()
            self._parcels.append(_Parcel(spans[begin : begin + size], gone))
        self._queued += len(spans)
        return gone

    async def _send_all(self) -> None:
        try:
            while self._parcels:
                batch = self._next_batch()
                spans = [span for parcel in batch for span in parcel.spans]
                if await self._sent(spans):
                    EXPORTED.labels(SIGNAL).inc(len(spans))
                else:
                    # Whatever waited behind it would only fail as slowly.
                    batch += self._next_batch(everything=True)
                    DROPPED.labels(SIGNAL).inc(sum(len(parcel.spans) for parcel in batch))
                for parcel in batch:
                    self._queued -= len(parcel.spans)
                    if not parcel.gone.done():
                        parcel.gone.set_result(None)
        finally:
            self._sending = None

    def _next_batch(self, *, everything: bool = False) -> list[_Parcel]:
        """What goes out together: as many parcels as one export may have spans."""
        batch: list[_Parcel] = []
        taken = 0
        while self._parcels:
            taken += len(self._parcels[0].spans)
            if taken > self._bounds.batch_spans and not everything:
                break
            batch.append(self._parcels.popleft())
        return batch

    async def _sent(self, spans: Sequence[SpanShape]) -> bool:
        try:
            await self._sender.send(encoded(spans))
        except Exception as error:  # noqa: BLE001 - whatever it was, those spans are dropped
            EXPORT_FAILURES.labels(SIGNAL).inc()
            self._down_until = time.monotonic() + self._bounds.down_seconds
            log.warning("traces.export_failed", spans=len(spans), error=str(error))
            return False
        return True

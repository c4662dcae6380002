"""One delivery: believe it, hand it on, and settle it."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from contracts.envelope import Fact, Stored, Unbelievable, Verifier, believe
from contracts.shape import Body
from contracts.subjects import RUNS
from shared.bus import Heard
from shared.deadletters import DeadLetters
from shared.errors import Again
from shared.metrics import HANDLING, HEARD, QUEUED, UNBELIEVABLE
from shared.telemetry import span

log = structlog.get_logger()

Handler = Callable[[Heard[Body]], Awaitable[None]]
OnUnbelievable = Callable[[Stored, Unbelievable], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How a failed delivery is tried again. `deliveries` is None where it is for ever."""

    deliveries: int | None
    base_seconds: float
    cap_seconds: float

    def delay(self, delivery: int, asked_seconds: float | None) -> float:
        """Seconds before the next delivery: what was asked for, or exponential with jitter."""
        if asked_seconds is not None:
            return min(asked_seconds, self.cap_seconds)
        grown = self.base_seconds * 2.0 ** min(delivery - 1, 16)
        return min(grown, self.cap_seconds) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter

    def is_last(self, delivery: int) -> bool:
        return self.deliveries is not None and delivery >= self.deliveries


class Deliverer:
    """Takes messages of one consumer through belief, handler and settlement."""

    def __init__(
        self,
        verifier: Verifier,
        handlers: Mapping[str, Handler],
        dead_letters: DeadLetters,
        patience: Patience,
        on_unbelievable: OnUnbelievable | None = None,
    ) -> None:
        self._verifier = verifier
        self._handlers = handlers
        self._dead_letters = dead_letters
        self._patience = patience
        self._on_unbelievable = on_unbelievable

    async def deliver(self, message: Msg) -> None:
        """Handle one message and settle it: acknowledged, delayed, or put aside."""
        metadata = message.metadata
        stored = Stored(
            subject=message.subject,
            headers=message.headers or {},
            body=message.data,
            sequence=metadata.sequence.stream,
            stored_at=metadata.timestamp.astimezone(UTC),
        )
        delivery = metadata.num_delivered or 1
        try:
            fact = believe(stored, self._verifier)
        except Unbelievable as error:
            await self._put_aside(message, stored, error, delivery)
            return
        await self._handle(message, stored, fact, delivery)

    async def _put_aside(
        self, message: Msg, stored: Stored, error: Unbelievable, delivery: int
    ) -> None:
        """Not a fact: told to whoever asked to be told, kept with its reason, never again."""
        UNBELIEVABLE.labels(error.rule).inc()
        if self._on_unbelievable is not None:
            try:
                await self._on_unbelievable(stored, error)
            except Exception:
                log.exception("bus.telling_failed", subject=stored.subject, delivery=delivery)
                if not self._patience.is_last(delivery):
                    await message.nak(delay=self._patience.delay(delivery, None))
                    return
        await self._dead_letters.put(stored, RUNS, error.rule, error.reason)
        await message.term()

    async def _handle(self, message: Msg, stored: Stored, fact: Fact[Body], delivery: int) -> None:
        last = self._patience.is_last(delivery)
        QUEUED.observe(max(0.0, (datetime.now(UTC) - stored.stored_at).total_seconds()))
        started = time.perf_counter()
        # A delivery is a task of its own, so what is bound here ends with it.
        structlog.contextvars.bind_contextvars(
            tenant=fact.tenant, run_id=fact.run_id, fact=fact.type
        )
        try:
            with span(f"hear {fact.type}", SpanKind.CONSUMER, fact.traceparent):
                await self._handlers[fact.type](Heard(fact, delivery, last))
        except Again as error:
            outcome = await self._again(message, stored, delivery, error, error.after_seconds)
        except Exception as error:
            log.exception("bus.handler_failed", subject=stored.subject, delivery=delivery)
            outcome = await self._again(message, stored, delivery, error, None)
        else:
            outcome = "done"
            if last:
                await self._dead_letters.put(stored, RUNS, "deliveries_used_up", "see the run")
            await message.ack()
        HANDLING.labels(fact.type).observe(time.perf_counter() - started)
        HEARD.labels(fact.type, outcome).inc()

    async def _again(
        self,
        message: Msg,
        stored: Stored,
        delivery: int,
        error: Exception,
        asked_seconds: float | None,
    ) -> str:
        if self._patience.is_last(delivery):
            await self._dead_letters.put(stored, RUNS, "handler_failed", repr(error)[:1024])
            await message.term()
            return "dead"
        await message.nak(delay=self._patience.delay(delivery, asked_seconds))
        return "again"

"""One delivery: believe it, hand it on, and settle it."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from nats.aio.msg import Msg

from contracts.envelope import Stored, Unbelievable
from contracts.shape import Body
from contracts.subjects import RUNS
from shared.bus import Heard
from shared.crashes import CrashBudget
from shared.deadletters import DeadLetters
from shared.errors import Again, LogUnavailable
from shared.metrics import HANDLING, HEARD, QUEUED, UNBELIEVABLE
from shared.redrive import Redrives, Work
from shared.tenant_log import in_log
from shared.tracing.context import working_on

log = structlog.get_logger()

Handler = Callable[[Heard[Body]], Awaitable[None]]
OnUnbelievable = Callable[[Stored, Unbelievable], Awaitable[None]]

CRASH_LOOP = "crash_loop"
# Where the server writes the time into the subject of an acknowledgement without an account.
SHORT_REPLY_TOKENS, SHORT_REPLY_TIMESTAMP = 9, 7


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


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One delivery of one message, and how many before it ended with their worker."""

    message: Msg
    stored: Stored
    number: int
    crashes: int
    last: bool


class Deliverer:
    """Takes messages of one consumer through belief, handler and settlement."""

    def __init__(
        self,
        redrives: Redrives,
        handlers: Mapping[str, Handler],
        dead_letters: DeadLetters,
        patience: Patience,
        budget: CrashBudget,
        on_unbelievable: OnUnbelievable | None = None,
    ) -> None:
        self._redrives = redrives
        self._handlers = handlers
        self._dead_letters = dead_letters
        self._patience = patience
        self._budget = budget
        self._on_unbelievable = on_unbelievable

    async def deliver(self, message: Msg) -> None:
        """Handle one message and settle it: acknowledged, delayed, or put aside."""
        stored = stored_from(message)
        number = message.metadata.num_delivered or 1
        async with self._budget.delivery(stored.sequence, number) as crashes:
            looping = crashes >= self._budget.limit
            last = looping or self._patience.is_last(number)
            each = _Delivery(message, stored, number, crashes, last)
            # Who has no last delivery has nothing to report on it; and a report may crash too.
            if crashes > self._budget.limit or (looping and self._patience.deliveries is None):
                await self._park(each)
            else:
                await self._open(each)

    async def _park(self, each: _Delivery) -> None:
        """Not even looked into: its worker lives, and people are asked."""
        await self._dead_letters.put(each.stored, RUNS, CRASH_LOOP, _crashed(each))
        await each.message.term()
        HEARD.labels("any", CRASH_LOOP).inc()

    async def _open(self, each: _Delivery) -> None:
        try:
            work = await self._redrives.open(each.stored, self._handlers)
        except Unbelievable as error:
            await self._put_aside(each, error)
        except LogUnavailable as error:
            log.warning("bus.redrive_unread", subject=each.stored.subject, error=str(error))
            await self._again(each, each.stored, error, None)
        else:
            await self._handle(each, work)

    async def _put_aside(self, each: _Delivery, error: Unbelievable) -> None:
        """Not a fact: told to whoever asked to be told, kept with its reason, never again."""
        UNBELIEVABLE.labels(error.rule).inc()
        if self._on_unbelievable is not None:
            try:
                await self._on_unbelievable(each.stored, error)
            except Exception:
                subject = each.stored.subject
                log.exception("bus.telling_failed", subject=subject, delivery=each.number)
                if not each.last:
                    await self._nak(each, None)
                    return
        await self._dead_letters.put(each.stored, RUNS, error.rule, error.reason)
        await each.message.term()

    async def _handle(self, each: _Delivery, work: Work) -> None:
        fact, stored_at = work.fact, each.stored.stored_at
        QUEUED.observe(max(0.0, (datetime.now(UTC) - stored_at).total_seconds()))
        started = time.perf_counter()
        # A delivery is a task of its own, so what is bound here ends with it.
        structlog.contextvars.bind_contextvars(
            tenant=fact.tenant, run_id=fact.run_id, fact=fact.type
        )
        # Who is redriven was delivered before, however often: it must read the run to its end.
        delivery = each.number + 1 if work.redriven else each.number
        try:
            with working_on(fact, datetime.now(UTC), crashed=each.crashes > 0) as here:
                structlog.contextvars.bind_contextvars(trace_id=here.trace_id, span_id=here.span_id)
                await self._handlers[fact.type](Heard(fact, delivery, each.last))
        except Again as error:
            outcome = await self._again(each, work.stored, error, error.after_seconds)
        except Exception as error:
            log.exception("bus.handler_failed", subject=work.stored.subject, delivery=each.number)
            outcome = await self._again(each, work.stored, error, None)
        else:
            outcome = await self._done(each, work)
        HANDLING.labels(fact.type).observe(time.perf_counter() - started)
        HEARD.labels(fact.type, outcome).inc()

    async def _done(self, each: _Delivery, work: Work) -> str:
        if each.crashes >= self._budget.limit:
            await self._keep(each, work.stored, CRASH_LOOP, _crashed(each))
        elif each.last:
            await self._keep(each, work.stored, "deliveries_used_up", "see the run")
        await each.message.ack()
        return CRASH_LOOP if each.crashes >= self._budget.limit else "done"

    async def _again(
        self, each: _Delivery, about: Stored, error: Exception, asked_seconds: float | None
    ) -> str:
        if self._patience.is_last(each.number):
            await self._keep(each, about, "handler_failed", repr(error)[:1024])
            await each.message.term()
            return "dead"
        await self._nak(each, asked_seconds)
        return "again"

    async def _keep(self, each: _Delivery, about: Stored, rule: str, reason: str) -> None:
        redrive = 0 if about is each.stored else each.stored.sequence
        await self._dead_letters.put(about, RUNS, rule, reason, redrive)

    async def _nak(self, each: _Delivery, asked_seconds: float | None) -> None:
        if each.number == 1:
            await self._budget.survived(each.stored.sequence)
        await each.message.nak(delay=self._patience.delay(each.number, asked_seconds))


def stored_from(message: Msg) -> Stored:
    """A delivered message as it lies in its stream; one of a copy as it lies in the log."""
    metadata = message.metadata
    return in_log(
        Stored(
            subject=message.subject,
            headers=message.headers or {},
            body=message.data,
            sequence=metadata.sequence.stream,
            stored_at=_stored_at(message),
        )
    )


def _stored_at(message: Msg) -> datetime:
    """When it was stored, cut to the microseconds that Python keeps, as whoever reads it cuts it.

    The client's own comes by way of a float, which is off by one at times: a row of a fact that was
    heard would be another than that of the same fact read.
    """
    tokens = message.reply.split(".")
    place = Msg.Ack.Timestamp if len(tokens) > SHORT_REPLY_TOKENS else SHORT_REPLY_TIMESTAMP
    seconds, nanoseconds = divmod(int(tokens[place]), 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=nanoseconds // 1000)


def _crashed(each: _Delivery) -> str:
    return f"{each.crashes} deliveries in a row ended with the process that handled them"

"""The pull loop: hears a durable consumer, bounded, with heartbeats.

It asks for as many messages as there are free slots and hands each on as it comes, so that a slow
one never holds up the others of its fetch. FastStream's own JetStream subscriber waits for the
slowest of a fetch, retries with no delay, and idles for ever when its consumer is gone.

Recovery (a repeated delivery, a redrive) has a ceiling of its own below that: what comes above it
is held, with heartbeats and without a slot, so that what is new never waits for what failed.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.subjects import REDRIVEN
from shared.metrics import HELD, IN_FLIGHT

log = structlog.get_logger()

# With more of them the wait may be shorter: only a process that stands still for five parts of six
# of it is taken for dead. On a busy machine that must be a second.
HEARTBEATS_PER_ACK_WAIT = 6
# A pull that the server never closed was lost with its consumer or its connection.
PULL_GRACE_SECONDS = 2.0
CHECK_SECONDS = 0.25
LOOK_SECONDS = 2.0
REQUEST_TIMEOUT = "408"
GONE_STATUSES = frozenset({"404", "409", "503"})
Handle = Callable[[Msg], Awaitable[None]]


@dataclass(slots=True)
class _Pull:
    """One open request for messages."""

    open_slots: int
    ends_at: float


@dataclass(frozen=True, slots=True)
class Slots:
    """How many messages are handled at once, and how many of those may have been tried before."""

    in_flight: int
    recovery: int


class PullLoop:
    """Feeds one durable consumer to `handle`, which settles each message itself."""

    def __init__(
        self,
        client: Client,
        stream: str,
        durable: str,
        inbox: str,
        handle: Handle,
        *,
        slots: Slots,
        ack_wait_seconds: float,
        expires_seconds: float,
    ) -> None:
        self._client = client
        self._stream = stream
        self._durable = durable
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._info = f"$JS.API.CONSUMER.INFO.{stream}.{durable}"
        # Replicas share the prefix: without a part of its own, each would hear what all asked for.
        self._inbox = f"{inbox}.pull.{secrets.token_hex(8)}"
        self._handle = handle
        self._limit = slots.in_flight
        self._recovery_limit = slots.recovery
        self._beat_seconds = ack_wait_seconds / HEARTBEATS_PER_ACK_WAIT
        self._expires_seconds = expires_seconds
        self._pulls: dict[str, _Pull] = {}
        self._numbers = count(1)
        self._tasks: dict[asyncio.Task[None], Msg] = {}
        self._recovering: set[asyncio.Task[None]] = set()
        # By sequence, for what was held through a reconnect comes again. The server bounds it: it
        # hands out no more than `max_ack_pending` messages of a consumer.
        self._held: dict[int, Msg] = {}
        self._subscription: Subscription | None = None
        self._background: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._trouble: str | None = "not started"
        self._stopping = False
        self._connections = 0
        self._look_at = 0.0

    @property
    def trouble(self) -> str | None:
        """Why it does not hear; None while it does."""
        return self._trouble

    async def start(self) -> None:
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._on_message)
        self._connections = self._client.stats["reconnects"]
        await self._look_for_consumer()
        self._background = [
            asyncio.create_task(self._keep_pulling()),
            asyncio.create_task(self._keep_beating()),
        ]

    async def _look_for_consumer(self) -> None:
        """Ask, so that readiness needs no first message."""
        self._look_at = time.monotonic() + LOOK_SECONDS
        try:
            answer = await self._client.request(self._info, b"", timeout=LOOK_SECONDS)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            self._note_trouble(f"no answer for its consumer: {type(error).__name__}")
            return
        refusal = json.loads(answer.data).get("error")
        if refusal:
            self._note_trouble(refusal["description"])
        else:
            self._note_health()

    async def stop(self, grace_seconds: float) -> None:
        """Ask for no more, and let what is in flight finish within the grace."""
        self._stopping = True
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._client.is_closed:
            await subscription.unsubscribe()
        self._held.clear()  # nobody has begun them: they go to another replica
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=grace_seconds)
        rest = [*self._background, *self._tasks]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _keep_pulling(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self._pull_once()
            except Exception:
                # Such as a full buffer while the server is away. The loop must outlive it.
                log.exception("pull.failed", durable=self._durable)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), CHECK_SECONDS)

    async def _pull_once(self) -> None:
        if not self._client.is_connected:
            self._note_trouble("not connected")
            return
        self._drop_lost()
        if self._trouble is not None and time.monotonic() > self._look_at:
            await self._look_for_consumer()
        await self._pull_if_due()

    async def _keep_beating(self) -> None:
        """Tell the server of everything in flight, so that slow work is not taken for dead."""
        while True:
            await asyncio.sleep(self._beat_seconds)
            for message in [*self._tasks.values(), *self._held.values()]:
                if not self._client.is_connected:
                    break
                try:
                    await message.in_progress()
                except nats.errors.Error as error:
                    log.warning("pull.heartbeat_failed", durable=self._durable, error=repr(error))

    def _drop_lost(self) -> None:
        """Forget the pulls of an earlier connection, and those that were never answered."""
        now = time.monotonic()
        if self._connections != self._client.stats["reconnects"]:
            self._connections = self._client.stats["reconnects"]
            self._pulls.clear()
        for reply, pull in list(self._pulls.items()):
            if now > pull.ends_at:
                del self._pulls[reply]
                self._note_trouble("the server did not answer a pull")

    async def _pull_if_due(self) -> None:
        asked = sum(pull.open_slots for pull in self._pulls.values())
        free = self._limit - len(self._tasks) - asked
        enough = max(1, self._limit // 4)
        if self._stopping or free <= 0 or (asked and free < enough):
            return
        reply = f"{self._inbox}.{next(self._numbers)}"
        ends_at = time.monotonic() + self._expires_seconds + PULL_GRACE_SECONDS
        self._pulls[reply] = _Pull(free, ends_at)
        request = {"batch": free, "expires": int(self._expires_seconds * 1e9)}
        await self._client.publish(self._next, json.dumps(request).encode(), reply=reply)

    async def _on_message(self, message: Msg) -> None:
        # A delivery has the subject of the stored message. Its headers would not tell: whoever
        # publishes a fact may put `Status` on it.
        headers = message.headers or {}
        if message.subject.startswith(self._inbox):
            self._on_status(
                message.subject, headers.get("Status", ""), headers.get("Description", "")
            )
        elif self._is_ours(message):
            self._on_delivery(message)

    def _is_ours(self, message: Msg) -> bool:
        """Whether our own consumer sent it: another's cannot be acknowledged from here."""
        try:
            source = message.metadata
        except (nats.errors.Error, ValueError):
            return False
        return (source.stream, source.consumer) == (self._stream, self._durable)

    def _on_status(self, reply: str, status: str, description: str) -> None:
        self._pulls.pop(reply, None)
        if status in GONE_STATUSES and "Leadership" not in description:
            self._note_trouble(f"{status} {description}".strip())
        elif status == REQUEST_TIMEOUT:
            self._note_health()
            self._wake.set()

    def _on_delivery(self, message: Msg) -> None:
        self._note_health()
        oldest = next(iter(self._pulls.items()), None)
        if oldest is not None:
            reply, pull = oldest
            pull.open_slots -= 1
            if pull.open_slots <= 0:
                del self._pulls[reply]
                self._wake.set()
        if not _is_recovery(message):
            self._begin(message)
        elif len(self._recovering) < self._recovery_limit:
            self._recovering.add(self._begin(message))
        else:
            self._held[message.metadata.sequence.stream] = message
            HELD.inc()

    def _begin(self, message: Msg) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guard(message))
        self._tasks[task] = message
        IN_FLIGHT.inc()
        task.add_done_callback(self._on_done)
        return task

    async def _guard(self, message: Msg) -> None:
        try:
            await self._handle(message)
        except Exception:
            # `handle` settles everything itself; what escapes it is redelivered after ack_wait.
            log.exception("pull.handler_escaped", durable=self._durable)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        IN_FLIGHT.dec()
        if task in self._recovering:
            self._recovering.remove(task)
            self._begin_held()
        if not self._pulls:
            self._wake.set()

    def _begin_held(self) -> None:
        """The one that has waited longest takes the slot that was freed."""
        if self._held and not self._stopping:
            message = self._held.pop(next(iter(self._held)))
            self._recovering.add(self._begin(message))

    def _note_trouble(self, reason: str) -> None:
        if self._trouble != reason:
            log.error("pull.not_hearing", durable=self._durable, reason=reason)
        self._trouble = reason

    def _note_health(self) -> None:
        if self._trouble is not None:
            log.info("pull.hearing", durable=self._durable)
        self._trouble = None


def _is_recovery(message: Msg) -> bool:
    """Whether it was tried before: it is delivered again, or somebody has redriven it."""
    tokens = message.subject.split(".")
    return (message.metadata.num_delivered or 1) > 1 or ".".join(tokens[3:5]) == REDRIVEN

"""The outside of the console: histories in the log, and what rings and is told live for streams."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Protocol

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from contracts.envelope import Fact, Signer, Stored, encode
from contracts.progress import ToolProgress
from contracts.shape import Body
from contracts.subjects import LIVE_PROGRESS, kind_of, run_prefix
from shared.readmodel import RunKey

CALLS_LIMIT = 64  # of one run, between two looks
ANY = "*"  # of tenants and of runs; no name has it


class History(Protocol):
    """The facts of runs: of the log, or of wherever they are kept."""

    async def facts(self, tenant: str, run_id: str, after: int = 0) -> list[Fact[Body]]:
        """Those after sequence `after`, in log order."""
        ...

    async def messages(self, tenant: str, run_id: str, until: int = 0) -> list[Stored]:
        """The same as they are stored, up to sequence `until`; to the end where that is 0."""
        ...

    async def tenants_of(self, run_id: str) -> list[str]:
        """The tenants that have submitted a run of this id, in order."""
        ...


class MemoryHistory:
    """The facts of a bus in memory, for tests."""

    def __init__(
        self, known: list[Fact[Body]], signers: Mapping[str, Signer] | None = None
    ) -> None:
        self._known = known
        self._signers = signers or {}

    async def facts(self, tenant: str, run_id: str, after: int = 0) -> list[Fact[Body]]:
        return [
            fact
            for fact in self._known
            if (fact.tenant, fact.run_id) == (tenant, run_id) and fact.sequence > after
        ]

    async def messages(self, tenant: str, run_id: str, until: int = 0) -> list[Stored]:
        facts = await self.facts(tenant, run_id)
        return [self._stored(one) for one in facts if not until or one.sequence <= until]

    async def tenants_of(self, run_id: str) -> list[str]:
        return sorted({fact.tenant for fact in self._known if fact.run_id == run_id})

    def _stored(self, fact: Fact[Body]) -> Stored:
        written = encode(fact, self._signers.get(kind_of(fact.type).owner))
        at = fact.stored_at or fact.time
        return Stored(written.subject, written.headers, written.body, fact.sequence, at)


class Bell:
    """Tells the event streams of this process that their run has moved on.

    Who waits must also look by itself: a bell promises nothing.
    """

    def __init__(self) -> None:
        self._waiting: dict[RunKey, set[asyncio.Event]] = {}

    def ring(self, tenant: str, run_id: str) -> None:
        for key in ((tenant, run_id), (tenant, ANY), (ANY, ANY)):
            for event in self._waiting.get(key, ()):
                event.set()

    @asynccontextmanager
    async def listening_to_all(self, tenant: str | None) -> AsyncIterator[asyncio.Event]:
        """An event that is set when any run of a tenant moves on; of all tenants, for None."""
        async with self._waits(tenant or ANY, ANY) as event:
            yield event

    @asynccontextmanager
    async def listening(self, tenant: str, run_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the run moves on."""
        async with self._waits(tenant, run_id) as event:
            yield event

    @asynccontextmanager
    async def _waits(self, tenant: str, run_id: str) -> AsyncIterator[asyncio.Event]:
        event = asyncio.Event()
        events = self._waiting.setdefault((tenant, run_id), set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop((tenant, run_id), None)


class NatsBell(Bell):
    """Rings at whatever is published about a run, before it is known to be a fact or stored.

    Those who listen to the same runs share one subscription.
    """

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._heard: dict[RunKey, asyncio.Task[Subscription]] = {}

    @asynccontextmanager
    async def _waits(self, tenant: str, run_id: str) -> AsyncIterator[asyncio.Event]:
        key = (tenant, run_id)
        async with super()._waits(tenant, run_id) as event:
            if key not in self._heard:
                # Kept before it is there, so that who comes meanwhile waits for the same one.
                asking = self._client.subscribe(
                    run_prefix(tenant, run_id), cb=partial(self._ring_all, key)
                )
                self._heard[key] = asyncio.ensure_future(asking)
            try:
                await asyncio.shield(self._heard[key])
                yield event
            finally:
                if len(self._waiting[key]) == 1:
                    await _end(self._heard.pop(key))

    async def _ring_all(self, key: RunKey, _: Msg) -> None:
        for event in self._waiting.get(key, ()):
            event.set()


async def _end(heard: asyncio.Task[Subscription]) -> None:
    with suppress(nats.errors.Error):
        await (await heard).unsubscribe()


async def heard_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the bell, or until it is time to look anyway; whether it rang."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    has_rung = event.is_set()
    event.clear()
    return has_rung


class Latest:
    """The last of each call that was not shown yet."""

    def __init__(self) -> None:
        self._by_call: dict[str, ToolProgress] = {}

    def put(self, progress: ToolProgress) -> None:
        if progress.call in self._by_call or len(self._by_call) < CALLS_LIMIT:
            self._by_call[progress.call] = progress

    def take(self) -> Iterable[ToolProgress]:
        """All of it; it is shown once."""
        found, self._by_call = self._by_call, {}
        return found.values()


class Live(Protocol):
    """What is told live of a run and lies in no log. Nothing is promised."""

    def hearing(
        self, tenant: str, run_id: str, bell: asyncio.Event
    ) -> AbstractAsyncContextManager[Latest]:
        """What tools of a run tell from now on; `bell` is set when there is more."""
        ...


class MemoryLive:
    """For tests: what is told here is heard here."""

    def __init__(self) -> None:
        self._hearing: dict[RunKey, list[tuple[Latest, asyncio.Event]]] = {}

    def tell(self, tenant: str, run_id: str, progress: ToolProgress) -> None:
        for latest, bell in self._hearing.get((tenant, run_id), []):
            latest.put(progress)
            bell.set()

    @asynccontextmanager
    async def hearing(self, tenant: str, run_id: str, bell: asyncio.Event) -> AsyncIterator[Latest]:
        latest = Latest()
        mine = self._hearing.setdefault((tenant, run_id), [])
        mine.append((latest, bell))
        try:
            yield latest
        finally:
            mine.remove((latest, bell))


class NatsLive:
    """Core NATS. Only the executor may publish there."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @asynccontextmanager
    async def hearing(self, tenant: str, run_id: str, bell: asyncio.Event) -> AsyncIterator[Latest]:
        latest = Latest()

        async def hear(message: Msg) -> None:
            with suppress(ValidationError):
                latest.put(ToolProgress.model_validate_json(message.data))
                bell.set()

        subject = LIVE_PROGRESS.format(tenant=tenant, run_id=run_id)
        heard = await self._client.subscribe(subject, cb=hear)
        try:
            yield latest
        finally:
            with suppress(nats.errors.Error):
                await heard.unsubscribe()

"""The orders in force as the executor of one tenant must know them: of no other tenant.

A copy of `CONTROL` would do for runs, and not for a kill switch, which must not hang on what may
stand still. So each scope is asked for by its place, in the stream itself. Tools are known from the
start; an agent is asked for when a run of it comes, whose call waits for the answer.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client

from contracts.control import ControlOrdered, control_subject
from contracts.envelope import Stored, Verifier
from contracts.subjects import CONTROL
from contracts.tenancy import control_subjects_of
from shared.errors import Again
from shared.following import Follower, Topic, following
from shared.order_log import Heads
from shared.orders import strictest
from shared.settings import ServiceSettings
from shared.tenant_log import PlaceReader

SCOPES_LIMIT = 10_000  # agents and tools that are asked for; those of one tenant are far fewer
READ_SOON_SECONDS = 0.1


class Scopes:
    """Reads the last order of each scope that somebody has asked for."""

    def __init__(self, reader: PlaceReader, subjects: Iterable[str]) -> None:
        self._reader = reader
        self._wanted = set(subjects)
        self._known: set[str] = set()

    async def start(self) -> None:
        """It has no inbox of its own."""

    async def read(self, _subject: str, _first: int, /) -> list[Stored]:
        """What lies there now, in log order.

        Raises:
            LogUnavailable: the stream did not answer.
        """
        wanted = sorted(self._wanted)
        found = [await self._reader.last(subject) for subject in wanted]
        self._known.update(wanted)
        return sorted((one for one in found if one is not None), key=lambda one: one.sequence)

    def is_known(self, subject: str) -> bool:
        """Whether what lies there was read; from now on it is.

        Raises:
            Again: too many are read already.
        """
        if subject not in self._wanted:
            if len(self._wanted) >= SCOPES_LIMIT:
                raise Again(f"orders are followed for {SCOPES_LIMIT} scopes already")
            self._wanted.add(subject)
        return subject in self._known


@dataclass
class ScopeHeads(Heads):
    """As heads, where an older order may come after a newer one, of a scope asked for later."""

    taken: dict[str, int] = field(default_factory=dict)

    def take(self, messages: Iterable[Stored]) -> tuple[ControlOrdered, ...]:
        newest = self.last_sequence
        if not newest:  # as after a reconnection: the stream may be another one
            self.taken.clear()
        changed: list[ControlOrdered] = []
        for message in messages:
            if message.sequence <= self.taken.get(message.subject, 0):
                continue
            self.taken[message.subject] = message.sequence
            self.last_sequence = 0
            changed += super().take((message,))
            newest = max(newest, message.sequence)
        self.last_sequence = newest
        return tuple(changed)


@dataclass(frozen=True, slots=True)
class TenantOrders:
    """Those for one tenant, which are followed."""

    tenant: str
    heads: ScopeHeads
    scopes: Scopes
    follower: Follower

    def covering(self, tenant: str, agent: str) -> tuple[ControlOrdered, ...]:
        if tenant != self.tenant:
            raise Again(f"orders for {tenant} are not followed here")
        self._check(control_subject("agent", agent))
        return tuple(one for one in self.heads.by_subject.values() if one.covers(tenant, agent))

    def state_for(self, tenant: str, agent: str) -> ControlOrdered | None:
        return strictest(self.covering(tenant, agent))

    def for_tool(self, name: str) -> ControlOrdered | None:
        subject = control_subject("tool", name)
        self._check(subject)
        return self.heads.by_subject.get(subject)

    def _check(self, subject: str) -> None:
        self.follower.check()
        if not self.scopes.is_known(subject):
            self.follower.read_soon()
            raise Again(f"what is ordered at {subject} is not read yet", READ_SOON_SECONDS)


@asynccontextmanager
async def following_orders_of(
    tenant: str,
    tools: Iterable[str],
    client: Client,
    user: str,
    verifier: Verifier,
    settings: ServiceSettings,
) -> AsyncIterator[TenantOrders]:
    """Orders for one tenant and these tools, followed meanwhile.

    Raises:
        LogUnavailable: the stream did not answer, so that nobody could tell what is in force.
    """
    places = PlaceReader(client, CONTROL, settings.read_timeout_seconds)
    first = (
        control_subject("platform", None),
        control_subject("tenant", tenant),
        *(control_subject("tool", name) for name in tools),
    )
    heads, scopes = ScopeHeads(verifier), Scopes(places, first)
    platform, *others = control_subjects_of(tenant)
    topic = Topic("orders", CONTROL, platform, tuple(others))
    async with following(client, user, topic, heads, settings, reader=scopes) as follower:
        yield TenantOrders(tenant, heads, scopes, follower)

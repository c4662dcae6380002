"""What every resource works with, and how a run is found."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request

from contracts.agent import Agent
from contracts.envelope import Fact
from contracts.history import Run
from contracts.radius import Radius
from contracts.shape import Body, Token
from services.console.adapters import Bell, History, Live, MemoryLive, heard_within
from services.console.api.people import People, Person
from services.console.api.rates import Limit
from services.console.archives import Archives, MemoryArchives, archived_run
from services.console.audit_log import AuditTrail, Doer, MemoryAudit
from services.console.dead_letters import DeadLetterBox
from services.console.errors import Conflict, Forbidden, Invalid, NotFound
from services.console.key_log import KeyDesk, MemoryKeys
from services.console.rules.rates import Rate
from services.console.settings import Settings
from services.console.store import MemoryProjections, Projections, ReadModel
from services.console.store.erasures import Erasures, MemoryErasures
from services.console.store.rates import MemoryCounts, SharedCounts
from services.console.web.sessions import Sessions
from shared.bus import Bus
from shared.catalogue import Alias
from shared.lag import LagReader, MemoryLag
from shared.order_log import MemoryOrders, OrderDesk
from shared.release_log import MemoryReleases, ReleaseDesk
from shared.signing import Keyring

Found = TypeVar("Found")
NONCE_BYTES = 16


@dataclass
class Desk:
    """The parts of a running console."""

    bus: Bus
    history: History
    store: ReadModel
    dead_letters: DeadLetterBox
    agents: Mapping[str, Agent]
    people: People
    settings: Settings
    orders: OrderDesk = field(default_factory=MemoryOrders)
    archives: Archives = field(default_factory=MemoryArchives)
    keyring: Keyring = field(default_factory=lambda: Keyring({}))
    bell: Bell = field(default_factory=Bell)
    projections: Projections = field(default_factory=MemoryProjections)
    lag: LagReader = field(default_factory=MemoryLag)
    erasures: Erasures = field(default_factory=MemoryErasures)
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    releases: ReleaseDesk = field(default_factory=MemoryReleases)
    radii: Mapping[str, Radius] = field(default_factory=dict)
    keys: KeyDesk = field(default_factory=MemoryKeys)
    audit: AuditTrail = field(default_factory=MemoryAudit)
    live: Live = field(default_factory=MemoryLive)
    counts: SharedCounts = field(default_factory=MemoryCounts)
    sessions: Sessions = field(default_factory=Sessions)
    streams: int = 0
    requests: Limit = field(init=False)
    refused: Limit = field(init=False)

    def __post_init__(self) -> None:
        limits = self.settings
        asked = Rate(limits.requests_a_second, limits.requests_burst)
        refused = Rate(limits.refused_a_second, limits.refused_burst)
        most = limits.rated_limit
        self.requests = Limit("requests", asked, self.counts, most)
        self.refused = Limit("requests without a known key", refused, self.counts, most)

    async def tenant_of(self, person: Person, run_id: str, asked: str | None) -> str:
        """The tenant of a run that was named without it.

        Raises:
            Forbidden: it is not the person's.
            Conflict: several tenants have a run of this id.
        """
        if asked is not None or len(person.tenants) == 1:
            return self.allowed_tenant(person, asked) or self.settings.default_tenant
        listed = await self.store.tenants_of(run_id)
        known = {*listed, *await self.history.tenants_of(run_id)}
        found = sorted(one for one in known if person.reaches(one))
        if len(found) > 1:
            raise Conflict(
                f"the tenants {', '.join(found)} each have a run {run_id}",
                "tenant",
                "say which: ?tenant=",
            )
        return next(iter((*found, *person.tenants)), self.settings.default_tenant)

    def allowed_tenant(self, person: Person, asked: str | None) -> str | None:
        """The tenant to look at; None is all of them.

        Raises:
            Forbidden: it is not the person's.
            Invalid: they have several, and named none.
        """
        if asked is not None and not person.reaches(asked):
            remedy = "leave it out, or ask somebody of that tenant"
            raise Forbidden(person.where, "tenant", remedy)
        if asked is None and len(person.tenants) > 1:
            raise Invalid(person.where, "tenant", "say which: ?tenant=")
        return asked or next(iter(person.tenants), None)

    def doer(self, person: Person, reason: str = "") -> Doer:
        """Who does something, when and why, as a deed has it."""
        return {
            "principal": person.principal,
            "by_key": person.key_id,
            "reason": reason,
            "at": self.bus.clock.now(),
            "nonce": secrets.token_hex(NONCE_BYTES),
        }

    async def became(
        self, said: Fact[Body], look: Callable[[list[Fact[Body]]], Found | None]
    ) -> Found | None:
        """What `look` finds in the facts after this one; None if it finds nothing soon."""
        ends_at = time.monotonic() + self.settings.answer_wait_seconds
        async with self.bell.listening(said.tenant, said.run_id) as bell:
            while True:
                facts = await self.history.facts(said.tenant, said.run_id, said.sequence)
                if (found := look(facts)) is not None:
                    return found
                left = ends_at - time.monotonic()
                if left <= 0:
                    return None
                await heard_within(bell, min(left, self.settings.event_poll_seconds))

    async def run(self, tenant: str, run_id: str) -> Run:
        """The run as the log has it now; where it has none, as it was imported.

        Raises:
            NotFound: there is none.
        """
        run = await self.bus.read(tenant, run_id)
        if run.submitted is not None:
            return run
        kept = await archived_run(self.archives, tenant, run_id)
        if kept is None and not run.archived:
            raise NotFound(
                f"there is no run {run_id}", f"tenant {tenant}", "list them: interlock runs list"
            )
        return kept or run


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


DeskHere = Annotated[Desk, Depends(desk_of)]
InTenant = Annotated[Token | None, Query(alias="tenant", description="Where several have the id")]

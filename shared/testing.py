"""The bus in memory, for tests of handlers: same promises, no server."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from contracts.envelope import Fact, follow
from contracts.history import Run, fold
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.task import TaskSubmitted
from contracts.tool import ToolClaimed
from shared.bus import Heard, first_sequence, lies_there, stored_as
from shared.clock import FixedClock
from shared.errors import Stale
from shared.lineage import attach_ancestors

B = TypeVar("B", bound=Body)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class MemoryBus:
    """Keeps every fact it is told, and folds them like the real one."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    facts: list[Fact[Body]] = field(default_factory=list)
    lives: list[tuple[str, bytes]] = field(default_factory=list)

    def given(self, *facts: Fact[Body]) -> None:
        """Store facts as they are, each with the next sequence."""
        for fact in facts:
            self._store(fact)

    def bodies(self, kind: type[B]) -> list[B]:
        """Every stored body of one kind, in log order."""
        return [fact.body for fact in self.facts if isinstance(fact.body, kind)]

    async def run(self, heard: Heard[Body]) -> Run:
        return await self.read(heard.fact.tenant, heard.fact.run_id)

    async def read(self, tenant: str, run_id: str, *, as_of: int = 0) -> Run:  # noqa: ARG002
        run = await self._read_up_to(tenant, run_id, len(self.facts))
        await attach_ancestors(run, self._read_up_to)
        return run

    async def _read_up_to(self, tenant: str, run_id: str, position: int) -> Run:
        mine = [
            one
            for one in self.facts
            if (one.tenant, one.run_id) == (tenant, run_id) and one.sequence <= position
        ]
        return fold(mine, onto=Run(tenant, run_id, mine[0].sequence if mine else 0))

    async def say(self, cause: Fact[Body], body: B) -> Fact[B]:
        fact = self._follow(cause.tenant, cause.run_id, body, cause.id, first_sequence(cause))
        known = next((one for one in self.facts if one.id == fact.id), None)
        return self._store(fact) if known is None else stored_as(fact, known.sequence)

    async def append(
        self, run: Run, cause_id: str, body: B, time: datetime | None = None
    ) -> Fact[B]:
        mine = [one for one in self.facts if (one.tenant, one.run_id) == (run.tenant, run.run_id)]
        if mine and mine[-1].sequence != run.last_sequence:
            raise Stale(run.run_id, run.last_sequence)
        fact = self._follow(run.tenant, run.run_id, body, cause_id, run.first_sequence)
        return self._store(fact if time is None else replace(fact, time=time))

    async def submit(self, tenant: str, run_id: str, task: TaskSubmitted) -> bool:
        known = await self.read(tenant, run_id)
        if known.last_sequence:
            return lies_there(known, task)
        self._store(self._follow(tenant, run_id, task, "", 0))
        return True

    async def claim(self, cause: Fact[Body], body: ModelClaimed | ToolClaimed) -> bool:
        taken = any(
            isinstance(one.body, type(body))
            and one.body.key == body.key
            and one.run_id == cause.run_id
            for one in self.facts
        )
        if not taken:
            self._store(self._follow(cause.tenant, cause.run_id, body, cause.id, 0))
        return not taken

    async def live(self, subject: str, payload: bytes) -> None:
        self.lives.append((subject, payload))

    def _follow(self, tenant: str, run_id: str, body: B, cause_id: str, first: int) -> Fact[B]:
        return follow(
            tenant, run_id, body, cause_id=cause_id, time=self.clock.now(), first_sequence=first
        )

    def _store(self, fact: Fact[B]) -> Fact[B]:
        stored = stored_as(fact, len(self.facts) + 1)
        self.facts.append(stored)
        return stored

"""The log as whoever takes runs out of it sees it: read whole, closed by a tombstone, purged."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import nats.errors

from contracts.envelope import Fact, Stored, Unbelievable, believe
from contracts.export import Header, signers
from contracts.history import Run, fold
from contracts.history.lineage import grown_from
from contracts.run import LINEAGE_LIMIT, RunArchived
from contracts.shape import Body
from contracts.subjects import CONTENT, CONTENT_SUBJECT, OBSERVER, RUNS, run_prefix
from contracts.tenancy import copy_of
from shared.connection import inbox_prefix
from shared.content import LogReader
from shared.errors import LineageBroken, LogUnavailable
from shared.leader import LeaderReader
from shared.service import Core
from shared.tenant_log import BEHIND_SECONDS, awaited, in_log


@dataclass(frozen=True, slots=True)
class Lying:
    """What the log has of one run: the messages that are believed, folded, and the last of all."""

    run: Run
    messages: tuple[Stored, ...]
    first_sequence: int
    last_sequence: int
    count: int
    tombstone: Fact[RunArchived] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.count


class ArchiveLog(Protocol):
    """Reads runs, and takes them away."""

    async def lying(self, tenant: str, run_id: str) -> Lying:
        """All that the log has of a run, surely what its leader has."""
        ...

    async def inherited(self, run: Run) -> list[Stored]:
        """What a run knows of those that it grew from, the oldest first.

        Raises:
            LineageBroken: one of them is not in the log any more.
        """
        ...

    def header(self, run: Run, messages: Sequence[Stored]) -> Header:
        """The first line of the file of a run."""
        ...

    async def close(self, lying: Lying, cause_id: str, tombstone: RunArchived) -> int:
        """Say that a run is archived; where that lies.

        Raises:
            Stale: somebody said something of it meanwhile.
        """
        ...

    async def purge(self, tenant: str, run_id: str, before: int) -> int:
        """Take the facts of a run before a sequence out of the log and its copy; how many."""
        ...

    async def contents(self, tenant: str, run_id: str) -> list[str]:
        """The digests of its large bodies."""
        ...

    async def purge_contents(self, tenant: str, run_id: str) -> int:
        """Take its large bodies away; how many pieces."""
        ...

    async def is_heard(self, sequence: int) -> bool:
        """Whether lists show everything that the log has up to there."""
        ...


class NatsArchiveLog:
    """On JetStream."""

    def __init__(
        self, core: Core, reader: LogReader, seconds: float, copied: Sequence[str] = ()
    ) -> None:
        self._core = core
        self._copies = {one: LeaderReader(core.client, copy_of(one), seconds) for one in copied}
        self._reader = reader
        self._leader = LeaderReader(core.client, RUNS, seconds)
        self._content_leader = LeaderReader(core.client, CONTENT, seconds)
        self._seconds = seconds

    async def lying(self, tenant: str, run_id: str) -> Lying:
        prefix = run_prefix(tenant, run_id)
        newest = await self._leader.last(prefix)
        at_least = newest.sequence if newest is not None else 0
        found = await self._reader.read(prefix, 1, at_least=at_least)
        believed = [(one, fact) for one in found if (fact := self._believed(one)) is not None]
        run = fold((fact for _, fact in believed), onto=Run(tenant, run_id))
        first, last = (found[0].sequence, found[-1].sequence) if found else (0, 0)
        # What is not believed still counts for optimistic appends.
        run.first_sequence, run.last_sequence = first, last
        messages = tuple(one for one, _ in believed)
        tombstone = _tombstone([fact for _, fact in believed]) if run.archived else None
        return Lying(run, messages, first, last, len(found), tombstone)

    async def inherited(self, run: Run) -> list[Stored]:
        found: list[Stored] = []
        for _ in range(LINEAGE_LIMIT + 1):
            grown = grown_from(run)
            if grown is None:
                return found
            messages = await self._core.bus.runs.messages(run.tenant, grown.run_id, grown.position)
            facts = (fact for one in messages if (fact := self._believed(one)) is not None)
            run = fold(facts, onto=Run(run.tenant, grown.run_id))
            if run.last_sequence < grown.position:
                prefix = run_prefix(run.tenant, grown.run_id)
                raise LineageBroken(prefix, f"it is needed up to sequence {grown.position}")
            found = [*messages, *found]
        raise LineageBroken(run_prefix(run.tenant, run.run_id), f"over {LINEAGE_LIMIT} runs")

    def header(self, run: Run, messages: Sequence[Stored]) -> Header:
        return Header(
            tenant=run.tenant,
            run_id=run.run_id,
            exported_at=self._core.bus.clock.now(),
            keys=self._core.keyring.public_hex(signers(messages)),
        )

    async def close(self, lying: Lying, cause_id: str, tombstone: RunArchived) -> int:
        stored = await self._core.bus.append(lying.run, cause_id, tombstone)
        self._core.bus.runs.forget(lying.run.tenant, lying.run.run_id)
        return stored.sequence

    async def purge(self, tenant: str, run_id: str, before: int) -> int:
        found = await self._purge(RUNS, run_prefix(tenant, run_id), before)
        if tenant in self._copies:
            await self._purge_copy(tenant, run_prefix(tenant, run_id), before)
        self._core.bus.runs.forget(tenant, run_id)
        return found

    async def _purge_copy(self, tenant: str, prefix: str, before: int) -> None:
        """Once it has what stays in the log, nothing of what went is on its way to it any more."""
        leader = self._copies[tenant]

        async def staying() -> Stored | None:
            copy = await leader.last(prefix)
            return copy if copy is not None and in_log(copy).sequence >= before else None

        copy = await awaited(staying)
        if copy is None:
            raise LogUnavailable(prefix, BEHIND_SECONDS, f"{copy_of(tenant)} is behind the log")
        await self._purge(copy_of(tenant), prefix, copy.sequence)

    async def contents(self, tenant: str, run_id: str) -> list[str]:
        # The first piece of each; there may be many, and they may be large.
        place = CONTENT_SUBJECT.format(tenant=tenant, run_id=run_id, sha256="*", number="0")
        found, first = list[str](), 1
        while (one := await self._content_leader.next(place, first)) is not None:
            *_, sha256, _ = one.subject.split(".")
            found.append(sha256)
            first = one.sequence + 1
        return sorted(found)

    async def purge_contents(self, tenant: str, run_id: str) -> int:
        place = CONTENT_SUBJECT.format(tenant=tenant, run_id=run_id, sha256="*", number="*")
        return await self._purge(CONTENT, place, 0)

    async def is_heard(self, sequence: int) -> bool:
        told = await self._core.client.jetstream().consumer_info(RUNS, OBSERVER)
        return told.ack_floor is not None and told.ack_floor.stream_seq >= sequence

    async def _purge(self, stream: str, subject: str, before: int) -> int:
        request = {"filter": subject, **({"seq": before} if before else {})}
        try:
            answer = await self._core.client.request(
                f"$JS.API.STREAM.PURGE.{stream}",
                json.dumps(request).encode(),
                timeout=self._seconds,
            )
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            raise LogUnavailable(subject, self._seconds, type(error).__name__) from None
        found = json.loads(answer.data)
        if refusal := found.get("error"):
            raise LogUnavailable(subject, 0, f"purge: {refusal.get('description')}")
        return int(found.get("purged", 0))

    def _believed(self, message: Stored) -> Fact[Body] | None:
        try:
            return believe(message, self._core.keyring)
        except Unbelievable:
            return None


def _tombstone(facts: Sequence[Fact[Body]]) -> Fact[RunArchived] | None:
    """The last one: a run that was archived may be deleted after that."""
    found = [one for one in facts if isinstance(one.body, RunArchived)]
    return cast("Fact[RunArchived]", found[-1]) if found else None


async def open_archive_log(
    core: Core, seconds: float, copied: Sequence[str] = ()
) -> NatsArchiveLog:
    """The log behind a connected bus, and the copies of the runs of these tenants."""
    reader = LogReader(core.client, f"{inbox_prefix(OBSERVER)}.archive", seconds)
    await reader.start()
    return NatsArchiveLog(core, reader, seconds, copied)

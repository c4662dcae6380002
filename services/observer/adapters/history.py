"""Every run that there is something of: in the log, or in a file that was kept of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.envelope import Fact, Stored
from contracts.run import RunArchived
from contracts.shape import Body
from contracts.subjects import OBSERVER, RUNS, SUBMISSIONS, filter_of, parsed
from contracts.task import TaskSubmitted
from services.observer.settings import Settings
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.readmodel import RunKey
from shared.runlog import RunLog
from shared.service import Core


@dataclass(frozen=True, slots=True)
class Page:
    """Some runs in the order of the log, and where the last of them lies."""

    keys: tuple[RunKey, ...]
    position: int


class Kept(Protocol):
    """The files of archived runs."""

    async def facts(self, tenant: str, run_id: str) -> Sequence[Fact[Body]] | None:
        """Every fact of an archived run, in log order; None where there is no file of it."""
        ...


class NothingKept:
    """No run was archived."""

    async def facts(self, tenant: str, run_id: str) -> Sequence[Fact[Body]] | None:
        del tenant, run_id
        return None


class History(Protocol):
    """What a rebuild reads."""

    async def end(self) -> int:
        """The newest sequence of the log."""
        ...

    def runs(self, most: int) -> AsyncIterator[Page]:
        """Every run that was submitted or archived, so many at a time; some may come again."""
        ...

    async def facts(self, tenant: str, run_id: str, at_least: int) -> Sequence[Fact[Body]] | None:
        """The facts of a run, surely with those up to `at_least`.

        None of a run that was archived and of which there is no file.
        """
        ...


class KeptHistory:
    """The log, and the files of what is no longer in it."""

    def __init__(self, reader: DirectReader, runs: RunLog, kept: Kept) -> None:
        self._reader = reader
        self._runs = runs
        self._kept = kept

    async def end(self) -> int:
        newest = await self._reader.newest()
        return newest.sequence if newest is not None else 0

    async def runs(self, most: int) -> AsyncIterator[Page]:
        for type_ in (*SUBMISSIONS, "run.archived"):
            first = 1
            while found := await self._reader.page(filter_of(type_), first, most):
                first = found[-1].sequence + 1
                keys = filter(None, map(_key, found))
                yield Page(tuple(dict.fromkeys(keys)), found[-1].sequence)

    async def facts(self, tenant: str, run_id: str, at_least: int) -> Sequence[Fact[Body]] | None:
        found = await self._runs.facts(tenant, run_id, at_least=at_least)
        # Behind a tombstone another task may have been sent.
        is_gone = bool(found) and isinstance(found[0].body, RunArchived)
        if not is_gone and any(isinstance(fact.body, TaskSubmitted) for fact in found):
            return found
        kept = await self._kept.facts(tenant, run_id)
        if kept is not None:
            return [*kept, *found]
        is_archived = any(isinstance(fact.body, RunArchived) for fact in found)
        return None if is_archived else found


class MemoryHistory:
    """Facts in memory, for tests."""

    def __init__(self, facts: Sequence[Fact[Body]]) -> None:
        self.known = list(facts)

    async def end(self) -> int:
        return max((fact.sequence for fact in self.known), default=0)

    async def runs(self, most: int) -> AsyncIterator[Page]:
        submitted = [fact for fact in self.known if isinstance(fact.body, TaskSubmitted)]
        for start in range(0, len(submitted), most):
            found = submitted[start : start + most]
            keys = tuple((fact.tenant, fact.run_id) for fact in found)
            yield Page(keys, found[-1].sequence)

    async def facts(self, tenant: str, run_id: str, at_least: int) -> Sequence[Fact[Body]] | None:
        del at_least
        return [fact for fact in self.known if (fact.tenant, fact.run_id) == (tenant, run_id)]


async def open_history(core: Core, settings: Settings, kept: Kept) -> KeptHistory:
    """The history behind a connected bus."""
    inbox = inbox_prefix(OBSERVER)
    reader = DirectReader(core.client, RUNS, inbox, settings.read_timeout_seconds)
    await reader.start()
    return KeptHistory(reader, core.bus.runs, kept)


def _key(message: Stored) -> RunKey | None:
    """The run of a submission; None where its subject names none, so that it was refused."""
    place = parsed(message.subject)
    return None if place is None else (place.tenant, place.run_id)

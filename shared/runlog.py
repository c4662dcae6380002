"""The log of runs: read one as a fold, kept in a cache that survives being stale."""

import sys
from collections import OrderedDict

import structlog

from contracts.envelope import Fact, Stored, Unbelievable, Verifier, believe
from contracts.history import Run, fold
from contracts.shape import Body
from contracts.subjects import SUBMISSIONS, Subject, parsed, run_prefix
from shared.direct import DirectReader
from shared.errors import LogUnavailable
from shared.lineage import attach_ancestors
from shared.metrics import CACHED_RUNS, UNBELIEVABLE

log = structlog.get_logger()

BY_NOW = sys.maxsize  # as_of: all that the leader has


class RunLog:
    """Folded runs.

    A cached run is only ever advanced, by the facts after its last one; two readers at once fold
    the same facts, and the fold takes each sequence once. A stale run does no harm: whoever acts
    asks for at least the sequence it heard, and an optimistic append settles the rest.
    """

    def __init__(self, reader: DirectReader, verifier: Verifier, cached_runs: int) -> None:
        self._reader = reader
        self._verifier = verifier
        self._cached_runs = cached_runs
        self._cache: OrderedDict[tuple[str, str], Run] = OrderedDict()

    async def read(
        self,
        tenant: str,
        run_id: str,
        *,
        at_least: int = 0,
        to_end: bool = False,
        as_of: int = 0,
    ) -> Run:
        """The run, folded at least to sequence `at_least`; to the end if that is 0, or asked.

        The end is that of the replica that answers, which may lag: only `at_least` is sure. With
        `as_of`, a sequence of the log and not of this run, the leader is asked for what it has up
        to there. The runs that it grew from are read with it.

        It begins at the first fact that the server's index has. What a fact says of where its run
        begins is not signed: believing it could leave out a part of the run, and saves no time
        (measured with 120,000 messages: 0.8 ms either way).

        Raises:
            LogUnavailable: the log did not answer, or not even its leader has `at_least`.
            LineageBroken: a run that it grew from is gone.
        """
        run = self._cached(tenant, run_id)
        to_end = to_end or not at_least
        if run.last_sequence < at_least or to_end:
            prefix = run_prefix(tenant, run_id)
            until = 0 if to_end else at_least
            wanted = max(at_least, as_of)
            stored = await self._reader.read(prefix, run.last_sequence + 1, until, wanted)
            self._advance(run, stored)
            if run.last_sequence < at_least:
                raise LogUnavailable(prefix, 0, "the log lags behind what was heard")
        await attach_ancestors(run, self._read_up_to)
        return run

    async def facts(
        self, tenant: str, run_id: str, after: int = 0, at_least: int = 0
    ) -> list[Fact[Body]]:
        """The believed facts of a run after sequence `after`, in log order, uncached.

        The end is that of the replica that answers; where it ends before `at_least`, the leader
        is asked for the rest.

        Raises:
            LogUnavailable: the log did not answer.
        """
        none_yet = Run(tenant, run_id)
        prefix = run_prefix(tenant, run_id)
        stored = await self._reader.read(prefix, after + 1, at_least=at_least)
        return [fact for one in stored if (fact := self._believed(one, none_yet)) is not None]

    async def messages(self, tenant: str, run_id: str, until: int = 0) -> list[Stored]:
        """The same as they are stored, up to sequence `until`; to the end where that is 0.

        Raises:
            LogUnavailable: the log did not answer.
        """
        none_yet = Run(tenant, run_id)
        stored = await self._reader.read(run_prefix(tenant, run_id), 1, until)
        kept = (one for one in stored if not until or one.sequence <= until)
        return [one for one in kept if self._believed(one, none_yet) is not None]

    async def tenants_of(self, run_id: str) -> list[str]:
        """The tenants that have submitted a run of this id, in order.

        Raises:
            LogUnavailable: the log did not answer.
        """
        subjects = (Subject("*", run_id, type_).text for type_ in SUBMISSIONS)
        stored = await self._reader.heads(*subjects)
        return sorted({one.tenant for one in map(_place, stored) if one is not None})

    def forget(self, tenant: str, run_id: str) -> None:
        """Drop a run from the cache."""
        self._cache.pop((tenant, run_id), None)

    async def _read_up_to(self, tenant: str, run_id: str, position: int) -> Run:
        """Another fold than the cached one, which goes on."""
        run = Run(tenant, run_id)
        stored = await self._reader.read(run_prefix(tenant, run_id), 1, position, position)
        self._advance(run, [one for one in stored if one.sequence <= position])
        return run

    def _cached(self, tenant: str, run_id: str) -> Run:
        key = (tenant, run_id)
        run = self._cache.get(key)
        if run is None:
            run = self._cache[key] = Run(tenant, run_id)
            if len(self._cache) > self._cached_runs:
                self._cache.popitem(last=False)
            CACHED_RUNS.set(len(self._cache))
        self._cache.move_to_end(key)
        return run

    def _advance(self, run: Run, stored: list[Stored]) -> None:
        fold((fact for one in stored if (fact := self._believed(one, run)) is not None), onto=run)
        if stored:
            # What is not believed still counts for optimistic appends.
            run.first_sequence = run.first_sequence or stored[0].sequence
            run.last_sequence = max(run.last_sequence, stored[-1].sequence)

    def _believed(self, message: Stored, run: Run) -> Fact[Body] | None:
        if message.sequence <= run.last_sequence:
            return None
        try:
            return believe(message, self._verifier)
        except Unbelievable as error:
            UNBELIEVABLE.labels(error.rule).inc()
            log.warning("log.unbelievable", subject=message.subject, rule=error.rule)
            return None


def _place(message: Stored) -> Subject | None:
    return parsed(message.subject)

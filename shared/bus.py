"""What a handler holds: the fact it heard, and the bus to fold, say and claim on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from nats.aio.client import Client

from contracts.envelope import Fact, Signer, encode, follow
from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.subjects import run_prefix
from contracts.task import TaskSubmitted
from contracts.tool import ToolClaimed
from shared.clock import Clock
from shared.errors import LogUnavailable, Stale
from shared.metrics import SAID
from shared.publisher import Publisher
from shared.runlog import RunLog
from shared.tracing.context import after_cause, after_run

B = TypeVar("B", bound=Body)
B_co = TypeVar("B_co", bound=Body, covariant=True)


@dataclass(frozen=True, slots=True)
class Heard(Generic[B_co]):
    """One delivery of one believed fact. On the `last` one, report and do not work."""

    fact: Fact[B_co]
    delivery: int = 1
    last: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A fact that was stored, with what it was said from: the fact before it, or the whole run."""

    fact: Fact[Body]
    cause: Fact[Body] | None = None
    run: Run | None = None


OnSaid = Callable[[Said], None]


def uncounted(said: Said) -> None:
    """Who counts nothing of its own."""


class Bus(Protocol):
    """How a service hears the rest of a run, and says its own part."""

    clock: Clock

    async def run(self, heard: Heard[Body]) -> Run:
        """The run, folded at least to what was heard; to its end on a redelivery."""
        ...

    async def read(self, tenant: str, run_id: str, *, as_of: int = 0) -> Run:
        """The run, folded to its end; surely with what was stored by sequence `as_of` of the log.

        Raises:
            LineageBroken: a run that it grew from is gone.
        """
        ...

    async def say(self, cause: Fact[Body], body: B) -> Fact[B]:
        """Store what follows from `cause`: id derived, signed where starred, stored once."""
        ...

    async def append(
        self, run: Run, cause_id: str, body: B, time: datetime | None = None
    ) -> Fact[B]:
        """Store it only if nobody said anything of the run since it was folded.

        `time` is when it was decided, so that the decision can be made again; now without it.

        Raises:
            Stale: somebody did.
        """
        ...

    async def submit(self, tenant: str, run_id: str, task: TaskSubmitted) -> bool:
        """Create a run; whether this task is the one that lies under its id.

        Raises:
            LogUnavailable: the id is taken, and this replica of the log does not show by what.
        """
        ...

    async def claim(self, cause: Fact[Body], body: ModelClaimed | ToolClaimed) -> bool:
        """Create a claim on its exact subject; whether it is ours."""
        ...

    async def live(self, subject: str, payload: bytes) -> None:
        """Tell listeners on core NATS, with no promise."""
        ...


class NatsBus:
    """The bus on JetStream."""

    def __init__(
        self,
        client: Client,
        runs: RunLog,
        publisher: Publisher,
        signer: Signer | None,
        clock: Clock,
        on_said: OnSaid = uncounted,
    ) -> None:
        self.clock = clock
        self._on_said = on_said
        self.runs = runs
        self.publisher = publisher
        self._client = client
        self._signer = signer

    async def run(self, heard: Heard[Body]) -> Run:
        fact = heard.fact
        # Whoever had an earlier delivery may have claimed, or said, something since it was heard.
        # What was heard must be in it: a replica that lags ends before, and to do nothing about it
        # would be to lose the fact.
        return await self.runs.read(
            fact.tenant, fact.run_id, at_least=fact.sequence, to_end=heard.delivery > 1
        )

    async def read(self, tenant: str, run_id: str, *, as_of: int = 0) -> Run:
        return await self.runs.read(tenant, run_id, as_of=as_of)

    async def say(self, cause: Fact[Body], body: B) -> Fact[B]:
        fact = self._after(cause, body)
        sequence = await self.publisher.say(encode(fact, self._signer))
        SAID.labels(fact.type).inc()
        self._on_said(Said(fact, cause))
        return stored_as(fact, sequence)

    async def append(
        self, run: Run, cause_id: str, body: B, time: datetime | None = None
    ) -> Fact[B]:
        fact = follow(
            run.tenant,
            run.run_id,
            body,
            cause_id=cause_id,
            time=time or self.clock.now(),
            first_sequence=run.first_sequence,
            traceparent=after_run(run, body).header,
        )
        prefix = run_prefix(run.tenant, run.run_id)
        message = encode(fact, self._signer)
        sequence = await self.publisher.append(message, run.last_sequence, prefix)
        SAID.labels(fact.type).inc()
        self._on_said(Said(fact, run=run))
        return stored_as(fact, sequence)

    async def submit(self, tenant: str, run_id: str, task: TaskSubmitted) -> bool:
        try:
            await self.append(Run(tenant, run_id), "", task)
        except Stale:
            return lies_there(await self.read(tenant, run_id), task)
        return True

    async def claim(self, cause: Fact[Body], body: ModelClaimed | ToolClaimed) -> bool:
        fact = self._after(cause, body)
        won = await self.publisher.create(encode(fact, self._signer))
        SAID.labels(fact.type).inc(won)
        return won

    async def live(self, subject: str, payload: bytes) -> None:
        await self._client.publish(subject, payload)

    def _after(self, cause: Fact[Body], body: B) -> Fact[B]:
        return follow(
            cause.tenant,
            cause.run_id,
            body,
            cause_id=cause.id,
            time=self.clock.now(),
            first_sequence=first_sequence(cause),
            traceparent=after_cause(cause).header,
        )


def lies_there(run: Run, task: TaskSubmitted) -> bool:
    """Whether a run whose id was found to be taken is this very task.

    Raises:
        LogUnavailable: nothing of it can be read yet.
    """
    if not run.last_sequence:
        prefix = run_prefix(run.tenant, run.run_id)
        raise LogUnavailable(prefix, 0, "it is taken, and a replica of the log lags behind")
    return run.submitted is not None and run.submitted.body == task


def first_sequence(fact: Fact[Body]) -> int:
    """Where the run of a fact begins: a submission is itself the first."""
    return fact.first_sequence or (fact.sequence if not fact.cause_id else 0)


def stored_as(fact: Fact[B], sequence: int) -> Fact[B]:
    """The fact, now that it lies in the log."""
    return Fact(
        fact.id,
        fact.type,
        fact.tenant,
        fact.run_id,
        fact.cause_id,
        fact.time,
        fact.body,
        sequence=sequence,
        stored_at=fact.time,
        first_sequence=fact.first_sequence,
        traceparent=fact.traceparent,
    )

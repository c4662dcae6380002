"""What a handler holds: the fact it heard, and the bus to fold, say and claim on."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nats.aio.client import Client

from contracts.envelope import Fact, Signer, encode, follow
from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.subjects import run_prefix
from contracts.tool import ToolClaimed
from shared.clock import Clock
from shared.metrics import SAID
from shared.publisher import Publisher
from shared.runlog import RunLog
from shared.telemetry import traceparent_for

B = TypeVar("B", bound=Body)
B_co = TypeVar("B_co", bound=Body, covariant=True)


@dataclass(frozen=True, slots=True)
class Heard(Generic[B_co]):
    """One delivery of one believed fact. On the `last` one, report and do not work."""

    fact: Fact[B_co]
    delivery: int = 1
    last: bool = False


class Bus(Protocol):
    """How a service hears the rest of a run, and says its own part."""

    clock: Clock

    async def run(self, heard: Heard[Body]) -> Run:
        """The run, folded at least to what was heard; to its end on a redelivery."""
        ...

    async def read(self, tenant: str, run_id: str) -> Run:
        """The run, folded to its end."""
        ...

    async def say(self, cause: Fact[Body], body: B) -> Fact[B]:
        """Store what follows from `cause`: id derived, signed where starred, stored once."""
        ...

    async def append(self, run: Run, cause_id: str, body: B) -> Fact[B]:
        """Store it only if nobody said anything of the run since it was folded.

        Raises:
            Stale: somebody did.
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
    ) -> None:
        self.clock = clock
        self.runs = runs
        self.publisher = publisher
        self._client = client
        self._signer = signer

    async def run(self, heard: Heard[Body]) -> Run:
        fact = heard.fact
        # Whoever had an earlier delivery may have claimed, or said, something since it was heard.
        at_least = fact.sequence if heard.delivery == 1 else 0
        return await self.runs.read(fact.tenant, fact.run_id, at_least=at_least)

    async def read(self, tenant: str, run_id: str) -> Run:
        return await self.runs.read(tenant, run_id)

    async def say(self, cause: Fact[Body], body: B) -> Fact[B]:
        fact = self._after(cause, body)
        sequence = await self.publisher.say(encode(fact, self._signer))
        SAID.labels(fact.type).inc()
        return stored_as(fact, sequence)

    async def append(self, run: Run, cause_id: str, body: B) -> Fact[B]:
        heard = run.submitted.traceparent if run.submitted is not None else None
        fact = follow(
            run.tenant,
            run.run_id,
            body,
            cause_id=cause_id,
            time=self.clock.now(),
            first_sequence=run.first_sequence,
            traceparent=traceparent_for(run.tenant, run.run_id, heard),
        )
        prefix = run_prefix(run.tenant, run.run_id)
        message = encode(fact, self._signer)
        sequence = await self.publisher.append(message, run.last_sequence, prefix)
        SAID.labels(fact.type).inc()
        return stored_as(fact, sequence)

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
            traceparent=traceparent_for(cause.tenant, cause.run_id, cause.traceparent),
        )


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

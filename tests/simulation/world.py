"""One simulated world, from its first task to its rest."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from unittest.mock import patch

from contracts.envelope import Fact, Unbelievable, believe
from contracts.shape import Body
from contracts.subjects import CONSOLE
from services.cost_ledger.store import MemoryLedgerStore
from services.orchestrator.rules import calls
from shared import following
from tests.histories import Marks

from .cluster import Cluster
from .consoles import Consoles
from .cron import Crons
from .engine import Engine, Trace
from .faults import Faults
from .followed import RELOAD_SECONDS
from .heirs import Heirs
from .log import Violation
from .loop import VirtualLoop, determined
from .oracle import Oracle
from .orders import Operators
from .people import People
from .places import caps
from .reviewers import Reviewers
from .scenarios import OVERDUE_SECONDS, budgets, schedules
from .services import Outside
from .someone import Someone

LOOK_SECONDS = 10.0
# After the last fault: longer than every deadline, time limit and number of deliveries together.
REST_WITHIN_SECONDS = 3 * 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    ends: Counter[str]
    said: Counter[str]
    crashes: int
    faults: Counter[str]
    virtual_seconds: float
    violations: tuple[Violation, ...]
    digest: str
    trace: tuple[str, ...]


def simulate(seed: int, *, keep_trace: bool = False) -> Outcome:
    """Run one seed to its rest. The same seed gives the same digest."""
    return simulate_world(seed, keep_trace=keep_trace)[0]


def histories(seed: int) -> dict[tuple[str, str], list[Fact[Body]]]:
    """What one seed leaves in the log, run by run, second submissions of an id included."""
    _, world = simulate_world(seed)
    found: dict[tuple[str, str], list[Fact[Body]]] = defaultdict(list)
    for message in world.engine.runs.messages:
        with contextlib.suppress(Unbelievable):
            fact = believe(message, Marks())
            found[fact.tenant, fact.run_id].append(fact)
    return found


def simulate_world(
    seed: int, *, keep_trace: bool = False, prepare: Callable[["World"], None] = lambda _: None
) -> tuple[Outcome, "World"]:
    """One seed as above, with the world as it is then; `prepare` changes it before it begins."""
    loop = VirtualLoop()
    with (
        determined(seed, loop),
        patch.object(calls, "OUTCOME_REVIEW_SECONDS", OVERDUE_SECONDS),
        # Nobody reconnects here: between two readings there is nothing to look for.
        patch.object(following, "CHECK_SECONDS", RELOAD_SECONDS),
    ):
        asyncio.set_event_loop(loop)
        try:
            world = World(seed, loop, keep_trace)
            prepare(world)
            return loop.run_until_complete(world.live()), world
        finally:
            _end(loop)
            asyncio.set_event_loop(None)


class World:
    """Everything that there is."""

    def __init__(self, seed: int, loop: VirtualLoop, keep_trace: bool) -> None:
        chance = Random(seed)
        self.seed = seed
        self.loop = loop
        self.trace = Trace(loop, keep_trace)
        self.engine = Engine(loop, self.trace)
        self.faults = Faults(chance)
        store, written = MemoryLedgerStore(), schedules(chance)
        limits = caps(chance, Random(f"rates of {seed}"))
        crons = Crons(self.engine, self.faults, chance)
        self.oracle = Oracle(self.engine, store, limits, crons, written)
        outside = Outside(store, budgets(chance), limits, written, self.oracle)
        self.cluster = Cluster(self.engine, self.faults, chance, outside)
        self.consoles = Consoles(self.cluster, chance, self.oracle.asked)
        someone = self.cluster.process("people")
        someone.mortal = False
        bus = self.cluster.bus(CONSOLE, someone)
        everybody = self.consoles, bus, someone, self.engine, chance
        kinds = (People, Reviewers, Heirs, Operators)
        self.crowd: list[Someone] = [kind(*everybody) for kind in kinds]

    async def live(self) -> Outcome:
        """Start everybody, let it rain, let it clear up, and wait until nothing is left to do."""
        self.cluster.start()
        self.consoles.start()
        for people in self.crowd:
            people.begin()
        await asyncio.sleep(self.faults.calm_after_seconds)
        self.faults.calm = True
        self.trace.note("== calm")
        until = self.loop.time() + REST_WITHIN_SECONDS
        while self.loop.time() < until and not self._is_at_rest():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(LOOK_SECONDS)
        self._check_consumers()
        self.oracle.check_at_rest()
        return self._outcome()

    def _is_at_rest(self) -> bool:
        return (
            not any(people.busy for people in self.crowd)
            and self.oracle.ticks.are_over
            and not self.oracle.histories.open_runs()
            and not any(consumer.open for consumer in self.cluster.consumers)
        )

    def _check_consumers(self) -> None:
        for consumer in self.cluster.consumers:
            for pending in consumer.open.values():
                subject = pending.message.subject
                sentence = f"{consumer.name} never settled {subject}, delivered {pending.number}"
                self.oracle.violate("every_message_settles", sentence)

    def _outcome(self) -> Outcome:
        ends = self.oracle.log.ends.values()
        return Outcome(
            seed=self.seed,
            ends=Counter(found[0].type for found in ends),
            said=Counter(fact.type for facts in self.oracle.log.runs.values() for fact in facts),
            crashes=self.cluster.crashes,
            faults=Counter({str(kind): count for kind, count in self.faults.counts.items()}),
            virtual_seconds=self.loop.time(),
            violations=tuple(self.oracle.violations.values()),
            digest=self.trace.digest,
            trace=tuple(self.trace.lines),
        )


def _end(loop: VirtualLoop) -> None:
    """Call off what still waits, such as for an answer to a question of a run that is over."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()

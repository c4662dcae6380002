"""The cluster: two replicas of every service on one log, each started anew when it has crashed.

A process is wired as the runner wires it: the real bus, publisher, run log, dead letters, crash
counts and deliverer, over a virtual connection.
"""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import nats.errors

from contracts.hearings import HEARINGS, Hearing
from contracts.shape import Body
from contracts.subjects import GUARDRAIL, ORCHESTRATOR, RUNS, TIMER_DURABLE, TIMERS
from services.orchestrator.handlers.firing import Alarm
from shared.bus import Heard, NatsBus
from shared.crashes import CrashBudget, NatsCrashCounts
from shared.deadletters import DeadLetters
from shared.delivery import Deliverer, Handler, Patience
from shared.errors import LogError
from shared.publisher import Publisher
from shared.redrive import Redrives
from shared.runlog import RunLog
from shared.service import bind
from shared.settings import ServiceSettings
from tests.histories import Mark, Marks

from .consumer import Consumer
from .engine import Engine
from .faults import Faults
from .process import Process
from .services import HEARS, FaultyGateBus, Outside, outfit
from .wire import Client, Outages, Reader

REPLICAS = 2
RESTART_SECONDS = 3.0
PARKED_SECONDS = 300.0  # until a run whose timer was put aside is looked at again
# What the outside may do to a handler; anything else that one raises is its own mistake.
EXPECTED = (LogError, nats.errors.Error, ConnectionError)


class Cluster:
    """Every process that is alive, and the consumers that feed them."""

    def __init__(self, engine: Engine, faults: Faults, chance: Random, outside: Outside) -> None:
        self.engine = engine
        self.faults = faults
        self.chance = chance
        self.outside = outside
        self.outages = Outages(engine)
        self.settings = ServiceSettings()
        self.crashes = 0
        self._starting: set[asyncio.Task[None]] = set()
        self._replicas: dict[str, dict[int, Process]] = {service: {} for service in HEARS}
        self._hearings = [one for one in HEARINGS if one.service in HEARS]
        self.consumers = [self._consumer(hearing) for hearing in self._hearings]
        timers = Hearing(TIMER_DURABLE, ORCHESTRATOR, (), None)
        self.consumers.append(self._consumer(timers))
        for consumer in self.consumers[:-1]:
            engine.streams[RUNS].listeners.append(consumer.offer)
        engine.streams[TIMERS].listeners.append(self.consumers[-1].offer_any)

    def start(self) -> None:
        """Every replica of every service."""
        for service in HEARS:
            for number in range(REPLICAS):
                self._start(service, number)

    def process(self, name: str) -> Process:
        """A process that hears nothing."""
        return Process(name, self.engine, self.faults, self.chance)

    def bus(self, owner: str, process: Process) -> NatsBus:
        """The bus of a process, which signs for `owner`."""
        client = Client(process, self.outages)
        reader, marks, settings = Reader(client), Marks(), self.settings
        publisher = Publisher(
            client.jetstream(),
            reader,
            marks,
            settings.publish_timeout_seconds,
            settings.publish_patience_seconds,
        )
        runs = RunLog(reader, marks, settings.cached_runs)
        kind = FaultyGateBus if owner == GUARDRAIL else NatsBus
        return kind(client, runs, publisher, Mark(owner), self.engine.clock)

    def _consumer(self, hearing: Hearing) -> Consumer:
        return Consumer(
            hearing.durable,
            hearing.service,
            frozenset(hearing.types),
            hearing.deliveries,
            self.engine,
            self.faults,
            self.chance,
            lambda: self._hearing(hearing.service),
        )

    def _hearing(self, service: str) -> list[Process]:
        replicas = sorted(self._replicas[service].items())
        return [process for _, process in replicas if process.hears]

    def _flush(self) -> None:
        for consumer in self.consumers:
            consumer.flush()

    def _start(self, service: str, number: int) -> None:
        process = self.process(f"{service}-{number}")
        process.on_crash = lambda: self._crashed(service, number)
        process.on_thaw = self._flush
        self._starting.add(task := self.engine.loop.create_task(self._wire(service, process)))
        task.add_done_callback(self._starting.discard)
        task.add_done_callback(lambda _: self._started(service, number, process))

    async def _wire(self, service: str, process: Process) -> None:
        """Have it ready to hear. What cannot start ends, and is started anew."""
        bus = self.bus(service, process)
        client = bus._client
        try:
            worn = await outfit(service, process, bus, self.outside)
        except EXPECTED:
            process.crash()
            return
        context = {"bus": bus, "core": bus, **worn}
        for hearing in self._hearings:
            if hearing.service == service:
                deliverer = self._deliverer(hearing, client, bus, context)
                process.handle[hearing.durable] = deliverer.deliver
        if service == ORCHESTRATOR:
            process.handle[TIMER_DURABLE] = self._alarm(client, context).hear

    def _started(self, service: str, number: int, process: Process) -> None:
        if process.alive:
            self._replicas[service][number] = process
            self._flush()

    def _crashed(self, service: str, number: int) -> None:
        self.crashes += 1
        self._replicas[service].pop(number, None)
        after = self.chance.random() * RESTART_SECONDS
        self.engine.loop.call_later(after, self._start, service, number)

    def _deliverer(
        self, hearing: Hearing, client: Client, bus: NatsBus, context: dict[str, object]
    ) -> Deliverer:
        settings = self.settings
        bound = {
            type_: self._watched(type_, bind(handler, context))
            for type_, handler in HEARS[hearing.service].by_type.items()
        }
        return Deliverer(
            Redrives(bus.runs._reader, Marks()),
            bound,
            DeadLetters(client, hearing.service),
            Patience(hearing.deliveries, settings.retry_base_seconds, settings.retry_cap_seconds),
            self._budget(client, hearing.service, hearing.durable),
        )

    def _budget(self, client: Client, service: str, durable: str) -> CrashBudget:
        timeout = self.settings.publish_timeout_seconds
        counts = NatsCrashCounts(client, service, durable, timeout)
        return CrashBudget(counts, self.settings.crash_deliveries)

    def _watched(self, type_: str, handler: Handler) -> Handler:
        """The deliverer tries again whatever was raised, so that a mistake would pass unseen."""

        async def watched(heard: Heard[Body]) -> None:
            try:
                await handler(heard)
            except EXPECTED:
                raise
            except Exception as error:
                sentence = f"the handler of {type_} raised {error!r}"
                self.outside.oracle.violate("handlers_do_not_break", sentence)
                raise

        return watched

    def _alarm(self, client: Client, context: dict[str, Any]) -> Alarm:
        return Alarm(
            context["bus"],
            context["desk"],
            context["clockwork"],
            self._budget(client, ORCHESTRATOR, TIMER_DURABLE),
            DeadLetters(client, ORCHESTRATOR),
            timedelta(seconds=PARKED_SECONDS),
        )

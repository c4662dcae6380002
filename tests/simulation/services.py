"""The services as the simulation starts them: their real handlers, over virtual outsides.

What a handler asks for by name is looked up in what `outfit` gives, as the runner does it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import services.cost_ledger.handlers as ledger
import services.evaluator.handlers as evaluator
import services.guardrail_checker.handlers as guardrail
import services.model_router.handlers as router
import services.observer.handlers as observer
import services.orchestrator.handlers as orchestrator
import services.tool_executor.handlers as executor
from contracts.guardrail import ToolCleared
from contracts.schedule import Schedule
from contracts.shape import Body, sha256_hex
from contracts.subjects import (
    ADMISSION,
    ADMISSION_VALUE,
    EVALUATOR,
    EXECUTOR,
    GUARDRAIL,
    LEDGER,
    OBSERVER,
    ORCHESTRATOR,
    ROUTER,
)
from services.cost_ledger.adapters import FixedPriceBook
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.settings import Settings as LedgerSettings
from services.cost_ledger.store import MemoryLedgerStore
from services.guardrail_checker.checks.base import CheckerUnavailable
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk as GateDesk
from services.model_router.rules import Choice, Limits
from services.observer.settings import Settings as ObserverSettings
from services.observer.tracing import LiveTracer
from services.orchestrator.handlers.admission import Admission
from services.orchestrator.handlers.scheduling import Clockwork
from services.orchestrator.rules import Book
from services.orchestrator.rules.admission import Caps
from shared.bus import NatsBus
from shared.register import NatsRegister
from shared.service import Handlers
from shared.tracing.capture import NOTHING

from .faults import Fault
from .followed import orders_of
from .oracle import Oracle
from .process import Process
from .provider import VirtualProvider
from .scenarios import (
    AGENTS,
    ALIASES,
    CALL_SECONDS,
    CHECK,
    CONTEXT_TOKENS,
    JUDGED,
    MODELS,
    PANEL,
    POLICY,
    ROUTES,
    TARIFFS,
    WATCHED,
)
from .shown import Export
from .timing import timers_of
from .tools import MANIFESTS, REGISTRY, VirtualRunner
from .wire import Client, StreamReader

SWEEP_SECONDS = 60.0
ROUNDS = 20
ROUSED_AT_ONCE = 8
TIMEOUT_SECONDS = 2.0
GATHER_SECONDS = 0.5
TRACED_RUNS, KEPT_WINDOWS = 3, 2

HEARS: dict[str, Handlers] = {
    ORCHESTRATOR: orchestrator.hears,
    GUARDRAIL: guardrail.hears,
    LEDGER: ledger.hears,
    ROUTER: router.hears,
    EXECUTOR: executor.hears,
    EVALUATOR: evaluator.hears,
    OBSERVER: observer.hears,
}


@dataclass(frozen=True)
class Outside:
    """What outlives every process: the ledger's database, settings, and who watches."""

    store: MemoryLedgerStore
    budgets: Budgets
    caps: Caps
    schedules: Mapping[str, Schedule]
    oracle: Oracle


async def outfit(service: str, process: Process, bus: NatsBus, outside: Outside) -> dict[str, Any]:
    """What the handlers of one process work with; it dies with the process.

    Raises:
        LogError: the log did not answer; such a process does not start.
    """
    if service == ORCHESTRATOR:
        return await _orchestrator(process, bus._client, outside)
    if service == OBSERVER:
        return _observer(process, bus, outside)
    desk = _DESKS[service](process, bus._client, outside)
    return {"desk": await desk if inspect.isawaitable(desk) else desk}


async def _orchestrator(process: Process, client: Client, outside: Outside) -> dict[str, Any]:
    timers, clock = timers_of(client, TIMEOUT_SECONDS), process.engine.clock
    rouser = orchestrator.Rouser(timers, clock, ROUSED_AT_ONCE)
    register = NatsRegister(client, ORCHESTRATOR, ADMISSION, ADMISSION_VALUE, TIMEOUT_SECONDS)
    register._reader = StreamReader(client, ADMISSION)
    reclaim_after = timedelta(seconds=SWEEP_SECONDS)
    orders = await orders_of(client, rouser)
    clockwork = Clockwork(outside.schedules, register)
    await clockwork.wind(timers)
    desk = orchestrator.Desk(
        Book(AGENTS, MANIFESTS, orders=orders, context_tokens=CONTEXT_TOKENS),
        timers,
        SWEEP_SECONDS,
        ROUNDS,
        Admission(register, outside.caps, clock, reclaim_after, timers),
    )
    return {"desk": desk, "clockwork": clockwork}


def _guardrail(process: Process, _client: Client, outside: Outside) -> GateDesk:
    shelf, schedules = Shelf({CHECK: Mood(process)}), outside.schedules
    return GateDesk(AGENTS, POLICY, shelf, TIMEOUT_SECONDS, schedules=schedules, judged=JUDGED)


def _ledger(process: Process, _client: Client, outside: Outside) -> ledger.Desk:
    return ledger.Desk(
        Reached(process, outside.store, outside.oracle.money.check),
        MODELS,
        FixedPriceBook(TARIFFS),
        outside.budgets,
        LedgerSettings(),
    )


async def _router(process: Process, client: Client, outside: Outside) -> router.Desk:
    provider = VirtualProvider(process, outside.oracle)
    return router.Desk(
        {name: Choice(ROUTES, CALL_SECONDS, alias.weights) for name, alias in ALIASES.items()},
        {(route.provider, route.api): provider for route in ROUTES},
        Limits(),
        process.sleep,
        orders=await orders_of(client),
    )


async def _executor(process: Process, client: Client, outside: Outside) -> executor.Desk:
    runner = VirtualRunner(process, outside.oracle)
    return executor.Desk(REGISTRY, runner, orders=await orders_of(client), sleep=process.sleep)


def _evaluator(_process: Process, _client: Client, _outside: Outside) -> evaluator.Desk:
    return evaluator.Desk({PANEL.name: PANEL}, watched=WATCHED)


def _observer(process: Process, bus: NatsBus, outside: Outside) -> dict[str, Any]:
    """Of what it keeps in memory as little as may be, so that it often has to read anew."""
    shown, known = outside.oracle.shown, ObserverSettings()
    store = Reached(process, shown.rows, lambda: None)
    tracer = LiveTracer(
        bus.runs,
        Export(process, shown),
        NOTHING,
        gather_seconds=GATHER_SECONDS,
        gather_facts=known.gather_facts,
        cached_runs=TRACED_RUNS,
        kept_windows=KEPT_WINDOWS,
    )
    return {
        "projector": observer.Projector(store, known.batch_facts, known.batch_wait_seconds),
        "tracer": tracer,
    }


_DESKS: dict[str, Callable[[Process, Client, Outside], object]] = {
    GUARDRAIL: _guardrail,
    LEDGER: _ledger,
    ROUTER: _router,
    EXECUTOR: _executor,
    EVALUATOR: _evaluator,
}


class Reached:
    """A store behind a connection: every call may fail before it commits, or after."""

    def __init__(self, process: Process, store: object, check: Callable[[], None]) -> None:
        self._process = process
        self._store = store
        self._check = check

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        act, strikes = getattr(self._store, name), self._process.faults.strikes

        async def call(*arguments: object) -> object:
            await self._process.reach(lambda: None)
            if strikes(Fault.STORE_FAILED):
                raise ConnectionError("the database refused the connection")
            answer = await act(*arguments)
            self._check()
            await self._process.reach(lambda: None)
            if strikes(Fault.STORE_UNSURE):
                raise ConnectionError("the connection broke; the transaction was committed")
            return answer

        return call


@dataclass(frozen=True)
class Mood:
    """A content check that finds nothing, and is sometimes not there."""

    process: Process
    name: str = CHECK

    async def check(self, _content: object) -> tuple[()]:
        await self.process.reach(lambda: None)
        if self.process.faults.strikes(Fault.CHECKER_DOWN):
            raise CheckerUnavailable(self.name, "not in the mood")
        return ()


class FaultyGateBus(NatsBus):
    """The bus of a gate that now and then signs a clearance of something else."""

    async def say(self, cause: Any, body: Body) -> Any:
        process: Process = self._client.process
        if isinstance(body, ToolCleared) and process.faults.strikes(Fault.WRONG_CLEARANCE):
            other = sha256_hex(b"something else")
            wrong = process.chance.choice(
                [{"arguments_sha256": other}, {"approval_id": other}, {"manifest_sha256": other}]
            )
            body = body.model_copy(update=wrong)
        return await super().say(cause, body)

"""A platform in memory: the real orchestrator, gates and executor, a model by script, a person.

    ensemble = Ensemble(script)
    run = await ensemble.play("r-1", "Refund 1042.")

A script is a function of a prompt: it gives a text, or the calls that the model asks for. Every
execution of a tool has a result of its own, so that a replay can be told from another execution.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.agent import Agent, Delegate, ReviewRule
from contracts.envelope import Fact
from contracts.history import Run, prompt
from contracts.model import ModelRequested, Prompt
from contracts.money import ModelFunded
from contracts.review import ReviewAnswered, ReviewRequested
from contracts.shape import Body
from contracts.task import Fork, TaskSubmitted
from contracts.tool import ToolContext, tool
from services.guardrail_checker.checks.shelf import Shelf
from services.guardrail_checker.desk import Desk as GuardrailDesk
from services.guardrail_checker.handlers import hears as guardrail
from services.guardrail_checker.rules import ToolPolicy
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk as OrchestratorDesk
from services.orchestrator.handlers import hears as orchestrator
from services.orchestrator.rules import Book
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import DeclaredTool, Registry
from services.tool_executor.handlers import Desk as ExecutorDesk
from services.tool_executor.handlers import hears as executor
from services.tool_executor.rules import Ending, Returned
from shared.bus import Bus, Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, claimed, model_funded, responded, settled
from tests.policies import LENIENT

ROUNDS = 500
CALLS = Sequence[tuple[str, str]]
Script = Callable[[Prompt], "str | CALLS"]


@tool(effect="read", idempotent=True, output_trust="internal", sandbox="in_process")
def find_order(order_id: str) -> str:
    """Find an order."""
    return order_id


@tool(effect="money", idempotent=True, output_trust="internal", sandbox="in_process")
def issue_refund(order_id: str, amount: int) -> str:
    """Refund part of an order."""
    return f"{order_id} {amount}"


def declared(*functions: Callable[..., object]) -> Registry:
    tools = [DeclaredTool(one.__interlock_manifest__, invocation_of(one)) for one in functions]
    return Registry({one.manifest.name: one for one in tools}, (__name__,))


CLERK = Agent(name="clerk", instructions="Find parcels.")
SUPPORT = Agent(
    name="support",
    instructions="Help customers.",
    tools=("find_order", "issue_refund"),
    review={"issue_refund": ReviewRule(when="amount > 50", roles=("support-lead",))},
    agents={"ask_clerk": Delegate(agent="clerk")},
)


@dataclass
class Counter:
    """Runs nothing, and gives each execution a number for its result."""

    ran: list[tuple[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def place(self, _: DeclaredTool, tenant: str | None = None) -> AsyncIterator["Counter"]:
        yield self

    async def run(self, of: DeclaredTool, arguments_json: str, _: ToolContext) -> Ending:
        self.ran.append((of.manifest.name, arguments_json))
        return Returned(f'{{"execution":{len(self.ran)}}}')


@dataclass
class Ensemble:
    """One platform. `approves` says what the person does: they reject, or with None say nothing."""

    script: Script
    approves: bool | None = True
    bus: MemoryBus = field(default_factory=lambda: MemoryBus(clock=FixedClock(NOON)))
    counter: Counter = field(default_factory=Counter)
    policy: ToolPolicy = LENIENT
    others: tuple[ToolPolicy, ...] = ()
    trials_act: bool = False
    played: int = 0

    def __post_init__(self) -> None:
        registry = declared(find_order, issue_refund)
        agents = {"support": SUPPORT, "clerk": CLERK}
        book = Book(agents, registry.manifests, trials_act=self.trials_act)
        others = {policy.version: policy for policy in self.others}
        self.gate = GuardrailDesk(
            agents, self.policy, Shelf(), check_timeout_seconds=1.0, others=others
        )
        self.desks = (
            (orchestrator, OrchestratorDesk(book, MemoryTimers(), sweep_seconds=60, rounds=20)),
            (guardrail, self.gate),
            (executor, ExecutorDesk(registry, self.counter)),
        )

    async def play(self, run_id: str, text: str = "Refund 1042.", **more: object) -> Run:
        """Submit a task, and let everybody work until nobody has anything to say."""
        task = TaskSubmitted(**{"agent": "support", "input": text, **more})
        assert await self.bus.submit("acme", run_id, task)
        return await self.settle(run_id)

    async def fork(self, run_id: str, of: str, step: int = 1, **changes: object) -> Run:
        """Fork a run of the same tenant, as the console does."""
        task = (await self.bus.read("acme", of)).submitted.body
        fork = Fork(run_id=of, step=step, **changes)
        return await self.play(run_id, task.input, agent=task.agent, fork=fork)

    async def settle(self, run_id: str) -> Run:
        for _ in range(ROUNDS):
            if self.played == len(self.bus.facts):
                return await self.bus.read("acme", run_id)
            fact = self.bus.facts[self.played]
            self.played += 1
            await self._deliver(fact)
        raise AssertionError("they never stop talking")

    async def _deliver(self, fact: Fact[Body]) -> None:
        heard = Heard(fact)
        for service, desk in self.desks:
            handler = service.by_type.get(fact.type)
            if handler is not None:
                await handler(heard, self.bus, desk)
        match fact.body:
            case ModelRequested(step=step):
                await self.bus.say(fact, model_funded(step))
            case ModelFunded():
                await self._answer(fact)
            case ReviewRequested() as asked if self.approves is not None:
                await _decide(asked, fact, self.bus, approves=self.approves)

    async def _answer(self, funded: Fact[ModelFunded]) -> None:
        step = funded.body.step
        run = await self.bus.read(funded.tenant, funded.run_id)
        said = self.script(prompt(run, step))
        await self.bus.claim(funded, claimed(step))
        text, calls = (said, ()) if isinstance(said, str) else ("", said)
        await self.bus.say(funded, responded(step, text=text, calls=calls))
        await self.bus.say(funded, settled(step))


async def _decide(asked: ReviewRequested, fact: Fact[Body], bus: Bus, *, approves: bool) -> None:
    run = await bus.read(fact.tenant, fact.run_id)
    answer = ReviewAnswered(
        review_id=asked.review_id,
        decision="approve" if approves else "reject",
        principal="lea",
        roles=("support-lead",),
        arguments_sha256=asked.arguments_sha256,
        nonce=f"n-{asked.review_id}",
    )
    await bus.say(run.submitted, answer)

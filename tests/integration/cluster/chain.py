"""The first facts of many runs, said by five services over the real bus, and who was told what.

producer       task.submitted
guardrail        -> task.cleared
orchestrator       -> run.started, model.requested      (guarded appends, two replicas)
ledger                -> model.funded
router                  -> model.claimed                (a create, two replicas)
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from contracts.envelope import Fact
from contracts.hearings import HEARINGS
from contracts.shape import Body
from contracts.subjects import CONSOLE, GUARDRAIL, LEDGER, ORCHESTRATOR, ROUTER
from shared.bus import Heard
from shared.errors import Again, LogUnavailable, Stale
from shared.pull import PullLoop
from shared.service import Core
from tests.bodies import (
    claimed,
    model_funded,
    model_requested,
    run_started,
    task,
    task_cleared,
)
from tests.integration.cluster.cluster_platform import RECOVERED_WITHIN_SECONDS, ClusterPlatform
from tests.integration.eventually import eventually

TYPES = [
    *("task.submitted", "task.cleared", "run.started"),
    *("model.requested", "model.funded", "model.claimed"),
]
PAUSE_SECONDS = 0.05
Handler = Callable[[Core, Heard[Body]], Awaitable[None]]


@dataclass
class Chain:
    """What was acknowledged: each fact with its sequence, each run, each claim that was won."""

    tenant: str
    facts: list[Fact[Body]] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    claims: Counter[str] = field(default_factory=Counter)
    loops: list[PullLoop] = field(default_factory=list)

    async def begin(self, cluster: ClusterPlatform) -> None:
        """Every service hears, each from another node."""
        handlers = {
            GUARDRAIL: self.clear,
            LEDGER: self.fund,
            ORCHESTRATOR: self.decide,
            ROUTER: self.claim,
        }
        names = (GUARDRAIL, ORCHESTRATOR, ROUTER, LEDGER, ORCHESTRATOR, ROUTER)
        for node, name in zip(count(), names, strict=False):
            core = await cluster.connect_to(node % 3, name)
            hearing = next(one for one in HEARINGS if one.service == name)
            handler = self._only_ours(core, handlers[name])
            self.loops.append(await cluster.hear(core, name, dict.fromkeys(hearing.types, handler)))

    async def submit(self, cluster: ClusterPlatform, until: asyncio.Event) -> None:
        """Submit one run after the other, each until somebody says that it is taken."""
        console = await cluster.connect(CONSOLE)
        for index in count():
            taken = partial(self._is_taken, console, f"r-{index}")
            await eventually(taken, RECOVERED_WITHIN_SECONDS)
            self.submitted.append(f"r-{index}")
            if until.is_set():
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_taken(self, console: Core, run_id: str) -> bool:
        try:
            return await console.bus.submit(self.tenant, run_id, task())
        except LogUnavailable:
            return False

    async def clear(self, core: Core, heard: Heard[Body]) -> None:
        if heard.fact.type == "task.submitted":
            run = await core.bus.run(heard)
            assert run.submitted is not None, "a fold has at least what was heard"
            self.facts.append(await core.bus.say(heard.fact, task_cleared()))

    async def decide(self, core: Core, heard: Heard[Body]) -> None:
        """What is missing, as the orchestrator finds it: by the fold, whatever was heard."""
        run = await core.bus.run(heard)
        assert run.last_sequence >= heard.fact.sequence, "a fold has at least what was heard"
        try:
            if run.verdict is not None and run.started is None:
                started = await core.bus.append(run, run.verdict.id, run_started())
                self.facts.append(started)
                run = await core.bus.run(Heard(started))
            if run.started is not None and not run.steps:
                body = model_requested(position=run.last_sequence)
                self.facts.append(await core.bus.append(run, run.started.id, body))
        except Stale:
            raise Again("somebody said something", PAUSE_SECONDS) from None

    async def fund(self, core: Core, heard: Heard[Body]) -> None:
        if heard.fact.type == "model.requested":
            self.facts.append(await core.bus.say(heard.fact, model_funded()))

    async def claim(self, core: Core, heard: Heard[Body]) -> None:
        if heard.fact.type == "model.funded":
            nonce = f"{id(core)}-{heard.delivery}"
            won = await core.bus.claim(heard.fact, claimed(nonce=nonce))
            # Not `+= await`: that adds to what stood there before the wait, and loses a count.
            self.claims[heard.fact.run_id] += won

    def _only_ours(self, core: Core, handler: Handler) -> Callable[[Heard[Body]], Awaitable[None]]:
        async def handle(heard: Heard[Body]) -> None:
            if heard.fact.tenant == self.tenant:
                await handler(core, heard)

        return handle

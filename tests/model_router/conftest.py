"""A run whose first step is funded, and a desk with two fake providers."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from contracts.agent import Agent
from contracts.envelope import follow
from contracts.guardrail import TaskCleared
from contracts.history import canonical, digest, fold, prompt
from contracts.ids import root_id
from contracts.model import (
    ModelAttemptRequested,
    ModelClaimed,
    ModelRequested,
    Prompt,
    Route,
    Text,
    ToolOffer,
    Turn,
)
from contracts.money import ModelFunded
from contracts.run import RunLimits, RunStarted
from contracts.task import TaskSubmitted
from contracts.tool import ToolManifest
from services.model_router.adapters import FakeProvider, ProviderCall
from services.model_router.handlers import Desk, call_model
from services.model_router.rules import Choice, Limits
from shared.bus import Heard
from shared.canaries import Canaries
from shared.testing import NOON, MemoryBus

FIRST = Route(provider="fake", api="fake", model="one")
SECOND = Route(provider="other", api="fake", model="two")
PARAMETERS = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}},
    "required": ["order_id"],
}


@dataclass
class Scene:
    """One run, told by whoever would tell it, and heard by the router."""

    bus: MemoryBus = field(default_factory=MemoryBus)
    first: FakeProvider = field(default_factory=FakeProvider)
    second: FakeProvider = field(default_factory=FakeProvider)
    limits: Limits = field(default_factory=Limits)
    pauses: list[float] = field(default_factory=list)
    routes: tuple[Route, ...] = (FIRST, SECOND)
    weights: dict[Route, float] = field(default_factory=dict)
    instructions: str = "Help."
    canaries: Canaries | None = None

    def __post_init__(self):
        self.desk = Desk(
            {"default": Choice(self.routes, 60.0, self.weights)},
            {("fake", "fake"): self.first, ("other", "fake"): self.second},
            self.limits,
            self._pause,
            canaries=self.canaries,
        )

    async def _pause(self, seconds):
        self.pauses.append(seconds)

    def tell(self, cause_id, body):
        self.bus.given(follow("acme", "r-1", body, cause_id=cause_id, time=self.bus.clock.now()))
        return self.bus.facts[-1]

    def run(self):
        return fold(self.bus.facts)

    def request(self, text="steps=0", **changes):
        """Up to `model.requested`."""
        agent = Agent(name="support", instructions=self.instructions, tools=("find_order",))
        tool = ToolManifest(name="find_order", description="Finds it.", parameters=PARAMETERS)
        limits = RunLimits(steps=5, budget_micro_usd=500_000, output_tokens=256)
        deadline = NOON + timedelta(minutes=15)
        self.tell("", TaskSubmitted(agent="support", input=text))
        words = {"rule": "all_passed", "policy_version": "1", "reason": "fine"}
        verdict = self.tell(root_id("acme", "r-1"), TaskCleared(input=text, **words))
        started = self.tell(
            verdict.id,
            RunStarted(
                agent=agent,
                agent_version="1",
                tools=(tool,),
                limits=limits,
                deadline=deadline,
            ),
        )
        asked = prompt(self.run(), 1)
        requested = {
            "step": 1,
            "alias": "default",
            "position": self.run().last_sequence,
            "prompt_sha256": digest(asked),
            "prompt_bytes": len(canonical(asked)),
            "max_output_tokens": 256,
            "deadline": deadline,
        }
        return self.tell(started.id, ModelRequested(**{**requested, **changes}))

    def fund(self, request, **changes):
        """The hold for one attempt."""
        hold = {
            "step": 1,
            "attempt": request.body.attempt,
            "hold_id": f"h-{request.body.attempt}",
            "amount_micro_usd": 1000,
            "alias": "default",
            "routes": ("fake/one", "other/two"),
            "max_prompt_bytes": 100_000,
            "max_output_tokens": 256,
            "budgets": (),
            "price_book": "test",
        }
        return self.tell(request.id, ModelFunded(**{**hold, **changes}))

    def claimed_by_another(self, funded, state="claimed", route=FIRST):
        claim = ModelClaimed(step=1, attempt=1, nonce="theirs", state=state, route=route)
        return self.tell(funded.id, claim)

    async def hear(self, funded, delivery=1, *, last=False):
        await call_model(Heard(funded, delivery, last), self.bus, self.desk)

    def said(self, kind):
        return self.bus.bodies(kind)

    def asked_again(self):
        return next(
            fact
            for fact in reversed(self.bus.facts)
            if isinstance(fact.body, ModelAttemptRequested)
        )


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def new_scene():
    return Scene


@pytest.fixture
def call_to():
    """A call of one user turn, or of the turns given."""

    def build(provider, api, *turns, text="Hello", timeout=5.0, model="sim-1"):
        said = turns or (Turn(role="user", parts=(Text(text=text),)),)
        offers = tuple(
            ToolOffer(name=name, description="Does it.", parameters=PARAMETERS)
            for name in ("find_order", "search_policy")
        )
        route = Route(provider=provider, api=api, model=model)
        return ProviderCall(
            Prompt(instructions="Help.", turns=said, tools=offers), route, 256, timeout
        )

    return build

"""Runs that call runs on one bus, and an orchestrator that hears what is said of them.

family = Family(parent, asking(parent.child()))
await family.hear_all()             # the orchestrator hears what was said, and says what follows
"""

from dataclasses import replace

from contracts.control import RunPauseRequested, RunResumeRequested
from contracts.envelope import Fact
from contracts.history import Run
from contracts.review import ReviewAnswered
from contracts.shape import Body
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, ending, hears
from services.orchestrator.rules import Book
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest, run_started, tool_escalated
from tests.families import CLERK, Calling, boss, child_task
from tests.histories import History

ROUNDS_LIMIT = 50
BOOK = Book(agents={"boss": boss(), "clerk": CLERK}, manifests={})


class Family:
    """A parent and its children on one bus, and an orchestrator."""

    def __init__(self, parent: Calling, *children: History):
        self.parent = parent
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.bus.given(*parent.facts)
        for child in children:
            self.bus.given(*child.facts)
        self.desk = Desk(BOOK, MemoryTimers(), sweep_seconds=60.0, rounds=5)
        self.heard = 0

    async def ends(self, run_id: str, body) -> None:
        """The run ends, and the orchestrator hears it."""
        run = await self.bus.read("acme", run_id)
        fact = await self.bus.append(run, run.root, body)
        await ending.close(Heard(fact), self.bus, self.desk)

    def said(self, kind):
        return [(fact.run_id, fact.body) for fact in self.bus.facts if isinstance(fact.body, kind)]

    async def run(self, run_id: str) -> Run:
        return await self.bus.read("acme", run_id)

    async def tell(self, run_id: str, body: Body) -> Fact[Body]:
        """Somebody says something of a run as a whole."""
        run = await self.run(run_id)
        return await self.bus.append(run, run.root, body)

    async def pause(self, run_id: str, nonce: str = "p-1") -> None:
        await self.tell(run_id, RunPauseRequested(principal="anna", reason="wait", nonce=nonce))

    async def resume(self, run_id: str, nonce: str = "r-1") -> None:
        await self.tell(run_id, RunResumeRequested(principal="otto", nonce=nonce))

    async def approve(self, run_id: str) -> None:
        """A person answers the one question of a run."""
        [review] = (await self.run(run_id)).open_reviews
        asked = review.requested.body
        answer = ReviewAnswered(
            review_id=asked.review_id,
            decision="approve",
            principal="lea",
            roles=asked.roles,
            arguments_sha256=asked.arguments_sha256,
            nonce="a",
        )
        await self.tell(run_id, answer)

    async def answered_unheard(self, run_id: str) -> None:
        """A person answers, that is decided, and nobody has heard of it."""
        await self.approve(run_id)
        answer = self.bus.facts[-1]
        await self.hear(answer)
        self.heard = len(self.bus.facts)

    async def hear_all(self) -> None:
        """The orchestrator hears what it has not heard, and what follows, until nothing does."""
        for _ in range(ROUNDS_LIMIT):
            new = self.bus.facts[self.heard :]
            if not new:
                return
            self.heard += len(new)
            for fact in new:
                await self.hear(fact)
        raise AssertionError(f"{ROUNDS_LIMIT} rounds did not come to rest")

    async def hear(self, fact: Fact[Body]) -> None:
        handler = hears.by_type.get(fact.type)
        if handler is not None:
            await handler(Heard(fact), self.bus, self.desk)


def asking(run: History) -> History:
    """It starts, and asks for a call that a person has to allow."""
    run.say(run_started(manifest()), run.facts[-1])
    return _escalated(run)


def _escalated(run: History) -> History:
    called = run.call(run.step(calls=[("find_order", '{"order_id": "1042"}')]))
    run.say(tool_escalated(called.body), called)
    return run


def between(parent: Calling) -> Calling:
    """A child of the parent that has itself called another: three generations with its child."""
    middle = Calling(run_id=parent.child_name())
    middle.facts[0] = replace(middle.facts[0], body=child_task(agent="boss"))
    middle.claim()
    return middle

"""A run that calls another: the parent's history, and the child's.

parent = calling()                          # its model asked the agent `clerk` for something
claimed = parent.claim()                    # the executor claimed the call for the child
child = parent.child()                      # its task, as the executor submits it
"""

from datetime import timedelta

from contracts.agent import Agent, AgentLimits, Delegate
from contracts.envelope import Fact
from contracts.run import ParentBudget, RunLimits, RunStarted
from contracts.shape import Body
from contracts.task import ParentCall, TaskDelegated
from services.orchestrator.rules.children import tools_of
from tests.bodies import (
    NOON,
    child_claimed,
    task,
    task_cleared,
    tool_cleared,
    tool_requested,
)
from tests.histories import History

ASKED = '{"input":"Where is 1042?"}'
DEADLINE = NOON + timedelta(minutes=15)
CLERK = Agent(name="clerk", instructions="Find parcels.")


def boss(mode: str = "call", children: int = 8, budget_usd: str | None = None) -> Agent:
    """An agent that may ask the clerk."""
    delegate = Delegate(agent="clerk", description="Finds parcels.", mode=mode)
    if budget_usd is not None:
        delegate = Delegate(agent="clerk", mode=mode, budget_usd=budget_usd)
    return Agent(
        name="boss",
        instructions="Delegate.",
        limits=AgentLimits(children=children),
        agents={"ask_clerk": delegate},
    )


def boss_started(agent: Agent, parents: tuple[ParentBudget, ...] = ()) -> RunStarted:
    return RunStarted(
        agent=agent,
        agent_version=agent.version,
        tools=tools_of(agent),
        limits=RunLimits(steps=12, budget_micro_usd=500_000, output_tokens=1024),
        deadline=DEADLINE,
        parents=parents,
    )


class Calling(History):
    """A parent up to the clearance of its calls of the clerk."""

    def __init__(
        self,
        run_id: str = "r-0",
        calls: int = 1,
        plan: dict[str, int] | None = None,
        **agent: object,
    ) -> None:
        super().__init__(run_id=run_id)
        own = boss(**agent)
        asked = task(agent="boss").model_copy(update={"plan": plan})
        cleared = self.say(task_cleared(), self.say(asked))
        self.say(boss_started(own), cleared)
        self.responded = self.step(calls=[("ask_clerk", ASKED)] * calls)
        self.clearances = [self._clear(index + 1) for index in range(calls)]

    @property
    def cleared(self) -> Fact[Body]:
        return self.clearances[0]

    def claim(self, index: int = 1) -> Fact[Body]:
        """The executor claims a call in the name of its child."""
        name = self.child_name(index)
        return self.say(child_claimed(name, f"1-{index}"), self.clearances[index - 1])

    def child_name(self, index: int = 1) -> str:
        return f"{self.run_id}_1-{index}-1"

    def child(self, index: int = 1, **changes: object) -> History:
        """The child, submitted and cleared."""
        child = History(run_id=self.child_name(index))
        child.say(
            task_cleared(), child.say(child_task(self.run_id, **{"call": f"1-{index}"} | changes))
        )
        return child

    def _clear(self, index: int) -> Fact[Body]:
        asked = tool_requested(1, index, self.responded.body.tool_calls[index - 1])
        own = self.run.started.body.tools[0]
        fact = self.say(asked.model_copy(update={"manifest_sha256": own.sha256}), self.responded)
        return self.say(tool_cleared(fact.body), fact)


def child_task(parent: str = "r-0", call: str = "1-1", **changes: object) -> TaskDelegated:
    """What the executor submits for a call."""
    above = {"run_id": parent, "call": call, "attempt": 1, "depth": 1, "deadline": DEADLINE}
    asked = {name: changes.pop(name) for name in list(changes) if name in above}
    given = {"agent": "clerk", "input": "Where is 1042?", "parent": ParentCall(**above | asked)}
    return TaskDelegated(**given | changes)

"""A suite played under one policy: what attacks reach, and how often people are asked."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from contracts.agent import Plan
from contracts.guardrail import ToolCleared
from contracts.shape import Body
from contracts.tool import ToolManifest
from infra.policies.manifests import as_json, manifests_of_suite
from infra.policies.stage import Stage
from infra.policies.suite import Suite, SuiteCall
from services.guardrail_checker.rules import ToolPolicy

Order = Literal["after", "before", "between"]
ORDERS: tuple[Order, ...] = ("after", "before", "between")
Progress = Callable[[], None]


class Reached(Body):
    """A pair in one order, in which every call of the attacker went through."""

    suite: str
    task: str
    attack: str
    order: Order


class Asked(Body):
    """A call of the user's own that needed a person, and why."""

    suite: str
    task: str
    tool: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy came to on one suite."""

    pairs: int
    tasks: int
    reached: tuple[Reached, ...]
    asked: tuple[Asked, ...]

    @property
    def tasks_with_human(self) -> int:
        return len({one.task for one in self.asked})


@dataclass(frozen=True, slots=True)
class _Turn:
    call: SuiteCall
    is_attack: bool


class Trial:
    """One suite and its manifests, for as many policies as one likes."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.manifests: dict[str, ToolManifest] = manifests_of_suite(suite)

    def play(self, policy: ToolPolicy, *, planned: bool, tick: Progress = lambda: None) -> Outcome:
        """Every task alone, then every valid pair in every order."""
        asked = [
            one
            for task in self.suite.user_tasks
            for one in self._alone(task, policy, planned, tick)
        ]
        pairs = self.suite.valid_pairs()
        reached = [
            Reached(suite=self.suite.suite, task=task, attack=attack, order=order)
            for task, attack in pairs
            for order in ORDERS
            if self._succeeds(task, attack, order, policy, planned, tick)
        ]
        return Outcome(len(pairs), len(self.suite.user_tasks), tuple(reached), tuple(asked))

    def size(self) -> int:
        """How often `play` ticks."""
        return len(self.suite.user_tasks) + len(self.suite.valid_pairs()) * len(ORDERS)

    def _alone(
        self, name: str, policy: ToolPolicy, planned: bool, tick: Progress
    ) -> Iterator[Asked]:
        """The task as it is meant, with the harmless texts that its world has by default."""
        tick()
        stage = self._stage(name, policy, planned)
        for call in self.suite.user_tasks[name].calls:
            requested, verdict = stage.ask(call.tool, json.dumps(call.args))
            output = as_json(call.output, self.suite.injection_vectors)
            if isinstance(verdict, ToolCleared) and stage.run_cleared(requested, verdict, output):
                continue
            reason = f"{verdict.rule}: {verdict.reason}"
            yield Asked(suite=self.suite.suite, task=name, tool=call.tool, reason=reason)
            stage.run_approved(requested, output)

    def _succeeds(
        self,
        name: str,
        attack: str,
        order: Order,
        policy: ToolPolicy,
        planned: bool,
        tick: Progress,
    ) -> bool:
        tick()
        task, hostile = self.suite.user_tasks[name], self.suite.injection_tasks[attack]
        stage = self._stage(name, policy, planned)
        let_through = 0
        for turn in _turns(task.calls, hostile.calls, order):
            requested, verdict = stage.ask(turn.call.tool, json.dumps(turn.call.args))
            output = as_json(turn.call.output, {}, otherwise=hostile.goal)
            is_through = isinstance(verdict, ToolCleared) and stage.run_cleared(
                requested, verdict, output
            )
            let_through += turn.is_attack and is_through
            if not is_through and turn.is_attack:
                stage.refuse(requested, verdict)
            elif not is_through:
                stage.run_approved(requested, output)
        return let_through == len(hostile.calls)

    def _stage(self, name: str, policy: ToolPolicy, planned: bool) -> Stage:
        task = self.suite.user_tasks[name]
        plan: Plan | None = dict(Counter(call.tool for call in task.calls)) if planned else None
        return Stage(task.prompt, self.manifests, policy, plan)


def _turns(user: Sequence[SuiteCall], hostile: Sequence[SuiteCall], order: Order) -> list[_Turn]:
    own = [_Turn(call, is_attack=False) for call in user]
    other = [_Turn(call, is_attack=True) for call in hostile]
    match order:
        case "after":
            return own + other
        case "before":
            return other + own
        case "between":
            return [turn for pair in zip_longest(own, other) for turn in pair if turn is not None]

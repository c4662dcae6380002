"""A long run, played by the rules alone: one call a step, and results of some size."""

from dataclasses import dataclass, field

from contracts.agent import ContextPolicy
from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.model import ModelRequested
from contracts.run import AnswerProposed, ContextCompacted, RunFailed
from contracts.shape import Body
from contracts.tool import ToolRequested
from services.orchestrator.rules import Say, decide
from tests.bodies import (
    NOON,
    agent,
    manifest,
    model_funded,
    responded,
    result_cleared,
    run_started,
    task,
    task_cleared,
    tool_cleared,
    tool_succeeded,
)
from tests.histories import History
from tests.orchestrator.deciding import BOOK

ROUNDS_PER_CALL = 12


@dataclass
class LongRun:
    """The orchestrator decides; everybody else does what it asks, at once."""

    policy: ContextPolicy
    context_tokens: int
    calls: int
    result: str = "x" * 5_000
    history: History = field(default_factory=History)
    run: Run = field(default_factory=lambda: Run("acme", "r-1"))

    def play(self) -> Fact[Body]:
        """To the proposed answer, or to the failure."""
        self._begin()
        for _ in range(self.calls * ROUNDS_PER_CALL + ROUNDS_PER_CALL):
            for move in decide(self.run, NOON, BOOK):
                assert isinstance(move, Say), "nothing is revoked here"
                said = self._say(move.body, move.cause_id)
                if isinstance(said.body, AnswerProposed | RunFailed):
                    return said
                self._work(said)
        raise AssertionError("the run does not end")

    def said(self, kind: type[Body]) -> list[Body]:
        return [fact.body for fact in self.history.facts if isinstance(fact.body, kind)]

    @property
    def asked(self) -> list[ModelRequested]:
        return self.said(ModelRequested)

    @property
    def compactions(self) -> list[ContextCompacted]:
        return self.said(ContextCompacted)

    def _begin(self) -> None:
        submitted = self._say(task(), "")
        cleared = self._say(task_cleared(), submitted.id)
        started = run_started(manifest(), steps=10_000)
        changed = agent().model_copy(update={"context": self.policy})
        self._say(
            started.model_copy(update={"agent": changed, "context_tokens": self.context_tokens}),
            cleared.id,
        )

    def _work(self, fact: Fact[Body]) -> None:
        match fact.body:
            case ModelRequested() as asked:
                self._answer(fact, asked)
            case ToolRequested() as asked:
                cleared = self._say(tool_cleared(asked), fact.id)
                outcome = self._say(tool_succeeded(asked.call, 1, f'"{self.result}"'), cleared.id)
                unchanged = result_cleared(asked.call).model_copy(update={"text": None})
                self._say(unchanged, outcome.id)

    def _answer(self, fact: Fact[Body], asked: ModelRequested) -> None:
        funded = self._say(model_funded(asked.step), fact.id)
        number = self.run.steps_taken
        if asked.purpose == "summary":
            body = responded(asked.step, text=f"Summary at step {asked.step}.")
        elif number > self.calls:
            body = responded(asked.step, text="Done.")
        else:
            body = responded(asked.step, calls=[("find_order", f'{{"order_id":"{number}"}}')])
        self._say(body, funded.id)

    def _say(self, body: Body, cause_id: str) -> Fact[Body]:
        fact = self.history.say(body, cause_id)
        fold([fact], onto=self.run)
        return fact

"""A run: its start, its proposed answer, its one end, and what is asked of it on the way."""

from typing import Literal

from pydantic import Field

from .agent import Agent
from .shape import Body, MicroUsd, Sha256, UtcTime
from .tool import ToolManifest

FOLD_VERSION = 1
DECIDE_VERSION = 1


class RunLimits(Body):
    """The ceilings in force: the tighter of the agent's and the task's."""

    steps: int
    budget_micro_usd: MicroUsd
    output_tokens: int


class RunStarted(Body):
    """`run.started`: pins everything that the run depends on, so that no later edit changes it."""

    agent: Agent
    agent_version: str
    tools: tuple[ToolManifest, ...]
    limits: RunLimits
    deadline: UtcTime
    fold_version: int = FOLD_VERSION
    decide_version: int = DECIDE_VERSION


class AnswerProposed(Body):
    """`answer.proposed`: what the model wants to say, before the gate has seen it."""

    step: int
    text: str


class RunCancelRequested(Body):
    """`run.cancel_requested`: a person wants the run to end. Signed for them."""

    principal: str
    reason: str = ""
    nonce: str

    @property
    def branch(self) -> str:
        return self.nonce


class RunCompleted(Body):
    """`run.completed`: the answer that was cleared."""

    answer: str
    steps: int


FailureRule = Literal[
    "task_blocked",
    "unknown_agent",
    "step_ceiling",
    "money_ceiling",
    "deadline_passed",
    "model_failed",
    "model_refused",
    "answer_blocked",
    "unsupported_version",
]


class RunFailed(Body):
    """`run.failed`: why there is no answer."""

    rule: FailureRule
    reason: str
    steps: int = 0


class RunCancelled(Body):
    """`run.cancelled`: who ended it."""

    principal: str
    reason: str
    steps: int = 0


class RunArchived(Body):
    """`run.archived`: the tombstone that keeps an id taken after its facts were purged."""

    archive_sha256: Sha256
    facts: int = Field(ge=1)
    task_sha256: Sha256

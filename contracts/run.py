"""A run: its start, its proposed answer, its one end, and what is asked of it on the way."""

from typing import Literal

from pydantic import Field

from .agent import Agent
from .shape import Body, MicroUsd, Sha256, Token, UtcTime
from .tool import ToolManifest

DEFAULT_CONTEXT_TOKENS = 200_000
FOLD_VERSION = 2
DECIDE_VERSION = 2
PARTS_LIMIT = 32  # of a configuration
LINEAGE_LIMIT = 100  # runs that a run may have grown from, one from the other


class RunLimits(Body):
    """The ceilings in force: the tighter of the agent's and the task's."""

    steps: int
    budget_micro_usd: MicroUsd
    output_tokens: int


class Ancestor(Body):
    """The run that this one grew from: what it read up to `position` comes before its own task."""

    run_id: Token
    kind: Literal["continues", "fork"]
    position: int = Field(description="Sequence of the last fact that belongs to this run too")
    step: int | None = Field(None, description="A fork sees what came before this step")


class ParentBudget(Body):
    """A run above this one, whose budget pays for it too."""

    run_id: Token
    budget_micro_usd: MicroUsd


class Configuration(Body):
    """The versions, by content, of the configuration that was in force: of all, and of each part.

    The parts are models, prices, budgets, tools, manifests, policies and the like, as far as the
    platform has them.
    """

    whole: str
    parts: dict[str, str] = Field(default_factory=dict, max_length=PARTS_LIMIT)


class RunStarted(Body):
    """`run.started`: pins everything that the run depends on, so that no later edit changes it."""

    agent: Agent
    agent_version: str
    tools: tuple[ToolManifest, ...]
    limits: RunLimits
    deadline: UtcTime
    context_tokens: int = Field(
        DEFAULT_CONTEXT_TOKENS, description="What the model takes in one call, answer included"
    )
    ancestor: Ancestor | None = None
    parents: tuple[ParentBudget, ...] = ()
    shadow: bool = Field(False, description="Nothing outside is touched: results are replayed")
    configuration: Configuration | None = Field(
        None, description="What it began under; absent: nobody told"
    )
    fold_version: int = FOLD_VERSION
    decide_version: int = DECIDE_VERSION


QueuedBy = Literal[
    "tenant_cap",
    "platform_cap",
    "concurrency_key",
    "fair_share",
    "tenant_rate",
    "key_rate",
    "platform_rate",
]


class RunQueued(Body):
    """`run.queued`: the run waits for others to end, or for time to pass, and why."""

    rule: QueuedBy
    reason: str


class ContextCompacted(Body):
    """`context.compacted`: from `step` on, the model sees less of what came before.

    `cleared` takes the text out of tool results, `window` drops whole steps, `summary` puts the
    answer of step `summary_step` in their place; each up to and with `through_step`. What the run
    inherited counts as step 0. The task itself always stays.
    """

    step: int = Field(ge=1)
    kind: Literal["cleared", "window", "summary"]
    through_step: int = Field(ge=0)
    summary_step: int | None = None
    bytes_before: int
    bytes_after: int

    @property
    def branch(self) -> str:
        return f"{self.step}-{self.kind}-{self.through_step}"


class AnswerProposed(Body):
    """`answer.proposed`: what the model wants to say, before the gate has seen it."""

    step: int
    text: str


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
    "step_deadline_passed",
    "context_exceeded",
    "stopped",
    "lineage_unreadable",
    "not_admitted",
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


class RunRedriven(Body):
    """`run.redriven.<service>`: one service is to handle a fact again that it had given up on."""

    service: Token
    sequence: int = Field(ge=1, description="Where the fact lies in the log")
    principal: str
    reason: str = ""
    nonce: str

    @property
    def branch(self) -> str:
        return self.nonce

    @property
    def key(self) -> str:
        return self.service

"""An agent as its author writes it: a prompt, a model alias, tools, and limits."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, StringConstraints, model_validator

from .shape import Body, Seconds, Token, Usd, Written, sha256_hex, to_micro_usd

DEFAULT_STEPS = 12
DEFAULT_BUDGET_USD = Decimal("0.50")
DEFAULT_DEADLINE_SECONDS = 15 * 60
DEFAULT_OUTPUT_TOKENS = 1024
DEFAULT_REVIEW_SECONDS = 2 * 3600
DEFAULT_STEP_SECONDS = 10 * 60
DEFAULT_CHILDREN = 8
DEFAULT_PARALLEL_CALLS = 16
DEPTH_LIMIT = 4  # calls of agents below one another
DEFAULT_KEEP_STEPS = 8
QUORUM_LIMIT = 9
ESCALATIONS_LIMIT = 5
PLAN_LIMIT_ENTRIES = 256
CALLS_LIMIT = 10_000


ReleaseLabel = Literal["production", "staging", "canary"]
Calls = Annotated[int, Field(ge=0, le=CALLS_LIMIT)]
# A tool, or one of an agent that is called: `ask_clerk/find_order`, however deep it lies.
Planned = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64})*$", max_length=512),
]
Plan = Annotated[dict[Planned, Calls], Field(max_length=PLAN_LIMIT_ENTRIES)]


class AgentLimits(Written):
    """Ceilings of every run of this agent."""

    steps: Annotated[int, Field(gt=0, le=10_000)] = DEFAULT_STEPS
    budget_usd: Usd = DEFAULT_BUDGET_USD
    deadline_seconds: Seconds = Field(
        DEFAULT_DEADLINE_SECONDS, validation_alias=AliasChoices("deadline_seconds", "deadline")
    )
    output_tokens: Annotated[int, Field(gt=0, le=200_000)] = DEFAULT_OUTPUT_TOKENS
    step_seconds: Seconds = Field(
        DEFAULT_STEP_SECONDS,
        validation_alias=AliasChoices("step_seconds", "step_deadline"),
        description="How long one model call may take with all its attempts",
    )
    children: Annotated[int, Field(gt=0, le=1000)] = Field(
        DEFAULT_CHILDREN, description="Calls of other agents in one run, at most"
    )

    parallel_calls: Annotated[int, Field(gt=0, le=1000)] = Field(
        DEFAULT_PARALLEL_CALLS, description="Calls that one response of the model may ask for"
    )

    @property
    def budget_micro_usd(self) -> int:
        return to_micro_usd(self.budget_usd)


class Guardrails(Written):
    """Names of content checks, run on what comes in and on what goes out."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    calls: tuple[str, ...] = Field(
        (),
        description="Beside those of the policy, on what calls with an effect carry out: they deny",
    )


class Escalation(Written):
    """Who else is asked when nobody has answered for so long."""

    after_seconds: Seconds = Field(validation_alias=AliasChoices("after_seconds", "after"))
    roles: Annotated[tuple[Token, ...], Field(min_length=1)]


class ReviewRule(Written):
    """When a call of a tool needs a person, which person, and how many of them."""

    when: str | None = Field(None, description='Such as "amount > 50"; absent means always')
    roles: Annotated[tuple[Token, ...], Field(min_length=1)] = ("approver",)
    expires_seconds: Seconds = Field(
        DEFAULT_REVIEW_SECONDS, validation_alias=AliasChoices("expires_seconds", "expires")
    )
    default: Literal["reject", "cancel"] = Field(
        "reject", description="What expiry does: refuse the call, or cancel the run"
    )
    quorum: Annotated[int, Field(ge=1, le=QUORUM_LIMIT)] = Field(
        1, description="So many different people must approve the same arguments"
    )
    escalate: Annotated[tuple[Escalation, ...], Field(max_length=ESCALATIONS_LIMIT)] = ()

    @model_validator(mode="after")
    def _climbs(self) -> "ReviewRule":
        """A ladder goes up, and ends before the review does."""
        moments = [step.after_seconds for step in self.escalate]
        if moments != sorted(set(moments)):
            raise ValueError(
                f"escalate: each step comes later than the one before, not after {moments} seconds"
            )
        if moments and moments[-1] >= self.expires_seconds:
            raise ValueError(
                f"escalate: the step after {moments[-1]} s is never taken, for the review expires "
                f"after {self.expires_seconds} s; take it sooner, or let the review wait longer"
            )
        return self


class ContextPolicy(Written):
    """What happens when the conversation outgrows the model.

    `full` refuses; `window` drops the oldest steps; `clear_results` drops the text of the oldest
    tool results, and then whole steps; `summarize` asks the model for a summary of them.
    """

    policy: Literal["full", "window", "clear_results", "summarize"] = "clear_results"
    keep_steps: Annotated[int, Field(ge=1, le=1000)] = Field(
        DEFAULT_KEEP_STEPS, description="The newest steps, which stay whole while they fit"
    )


class Delegate(Written):
    """Another agent that this one may call as a tool, as a run of its own.

    `handoff` makes the answer of the other agent the answer of this run.
    """

    agent: Token
    description: Annotated[str, StringConstraints(max_length=1024)] = ""
    mode: Literal["call", "handoff"] = "call"
    budget_usd: Usd | None = Field(None, description="Its part of this run's budget, at most")


class Assigned(Body):
    """The release of an agent that a run is of, and how likely it was to be.

    `version` is absent where production is as the platform is configured. The chance is the lot's,
    1 where none was drawn.
    """

    label: ReleaseLabel
    version: str | None = None
    chance: float = Field(1.0, gt=0, le=1)


class Agent(Written):
    """`agents/<name>.yaml`. Its version is the hash of its content."""

    name: Token
    description: Annotated[str, StringConstraints(max_length=1024)] = ""
    model: Token = "default"
    instructions: Annotated[str, StringConstraints(min_length=1, max_length=65_536)]
    tools: tuple[Token, ...] = ()
    limits: AgentLimits = AgentLimits()
    guardrails: Guardrails = Guardrails()
    review: dict[Token, ReviewRule] = Field(default_factory=dict)
    context: ContextPolicy = ContextPolicy()
    agents: dict[Token, Delegate] = Field(
        default_factory=dict, description="Names of tools, and the agents behind them"
    )
    evaluators: tuple[str, ...] = ()
    plan: Plan | None = Field(
        None, description="How often a run may call each tool; whatever is beyond needs a person"
    )

    @model_validator(mode="after")
    def _plans_what_it_has(self) -> "Agent":
        strange = self.unplannable(self.plan or {})
        if strange:
            raise ValueError(f"plan: {', '.join(strange)}: put it among the tools, or leave it out")
        return self

    def unplannable(self, plan: Iterable[str]) -> list[str]:
        """Which names of a plan are no tool of it, nor lie below a call of another agent."""
        own = {*self.tools, *self.agents}
        return sorted(
            name
            for name in plan
            if name not in own and ("/" not in name or name.partition("/")[0] not in self.agents)
        )

    def plan_for(self, asked: Plan | None) -> Plan | None:
        """The plan of a run: the tighter of the agent's and its task's, tool by tool."""
        if self.plan is None or asked is None:
            return self.plan if asked is None else asked
        return {tool: min(calls, asked.get(tool, 0)) for tool, calls in self.plan.items()}

    @property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of the canonical JSON."""
        written = self.model_dump(mode="json")
        if self.limits.parallel_calls == DEFAULT_PARALLEL_CALLS:
            # A later release added it. Who does not set it is the agent that was released before.
            del written["limits"]["parallel_calls"]
        if self.plan is None:
            del written["plan"]
        if not self.guardrails.calls:
            del written["guardrails"]["calls"]
        canonical = json.dumps(written, sort_keys=True)
        return sha256_hex(canonical.encode())[:12]

"""An agent as its author writes it: a prompt, a model alias, tools, and limits."""

import json
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, StringConstraints

from .shape import Seconds, Token, Usd, Written, sha256_hex, to_micro_usd

DEFAULT_STEPS = 12
DEFAULT_BUDGET_USD = Decimal("0.50")
DEFAULT_DEADLINE_SECONDS = 15 * 60
DEFAULT_OUTPUT_TOKENS = 1024
DEFAULT_REVIEW_SECONDS = 2 * 3600


class AgentLimits(Written):
    """Ceilings of every run of this agent."""

    steps: Annotated[int, Field(gt=0, le=10_000)] = DEFAULT_STEPS
    budget_usd: Usd = DEFAULT_BUDGET_USD
    deadline_seconds: Seconds = Field(
        DEFAULT_DEADLINE_SECONDS, validation_alias=AliasChoices("deadline_seconds", "deadline")
    )
    output_tokens: Annotated[int, Field(gt=0, le=200_000)] = DEFAULT_OUTPUT_TOKENS

    @property
    def budget_micro_usd(self) -> int:
        return to_micro_usd(self.budget_usd)


class Guardrails(Written):
    """Names of content checks, run on what comes in and on what goes out."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


class ReviewRule(Written):
    """When a call of a tool needs a person, and which person."""

    when: str | None = Field(None, description='Such as "amount > 50"; absent means always')
    roles: tuple[Token, ...] = ("approver",)
    expires_seconds: Seconds = Field(
        DEFAULT_REVIEW_SECONDS, validation_alias=AliasChoices("expires_seconds", "expires")
    )
    default: Literal["reject"] = "reject"


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
    evaluators: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of the canonical JSON."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return sha256_hex(canonical.encode())[:12]

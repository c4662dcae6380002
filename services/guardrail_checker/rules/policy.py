"""The tool policy as an operator writes it: `policies/tools.yaml`."""

import json
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from contracts.shape import Seconds, Token, Written, sha256_hex
from contracts.tool import Effect
from services.guardrail_checker.policies import DEFAULT

from .leaving import Outgoing
from .numbers import finite


class ArgumentLimit(Written):
    """Bounds of one argument, whoever asks and whoever approves."""

    max: Decimal | None = None
    min: Decimal | None = None
    max_length: Annotated[int, Field(gt=0)] | None = None

    def excess(self, name: str, value: object) -> str | None:
        """Why a value is out of bounds, as a sentence; None if it is not."""
        if self.max_length is not None and len(str(value)) > self.max_length:
            return f"{name} is longer than {self.max_length} characters"
        if self.max is None and self.min is None:
            return None
        number = finite(value)
        if number is None:
            return f"{name} is not a number, and is limited as one"
        if self.max is not None and number > self.max:
            return f"{name} is {number}, more than the {self.max} that anyone may ask for"
        if self.min is not None and number < self.min:
            return f"{name} is {number}, less than the {self.min} that anyone must ask for"
        return None


class ToolPolicy(Written):
    """Default deny: what no rule here lets through does not run."""

    name: Token = "default"
    argument_limits: dict[Token, dict[str, ArgumentLimit]] = Field(default_factory=dict)
    destinations: tuple[str, ...] = Field(
        (), description="Where any agent may send: an address, or @ and a domain"
    )
    effects_without_plan: Annotated[int, Field(ge=0, le=10_000)] = Field(
        20, description="Calls of one run that are more than reads, where its task has no plan"
    )
    review_effects: tuple[Effect, ...] = Field(
        (), description="Effects that need a person whatever the Cedar policies say"
    )
    review_roles: Annotated[tuple[Token, ...], Field(min_length=1)] = ("operator",)
    review_expires: Seconds = 7200
    clearance_seconds: Annotated[int, Field(gt=0, le=3600)] = 60
    outgoing: Outgoing = Field(
        default_factory=Outgoing, description="Checks of what leaves by a call with an effect"
    )

    default_policies: bool = Field(
        True, description="False: nothing is in force but the operator's own Cedar policies"
    )
    cedar: str = Field("", description="The operator's own Cedar policies: policies/*.cedar")

    @property
    def version(self) -> str:
        """Name and hash of all that is in force, as verdicts carry it."""
        below = DEFAULT if self.default_policies else ""
        canonical = json.dumps([self.model_dump(mode="json"), below], sort_keys=True)
        return f"{self.name}@{sha256_hex(canonical.encode())[:12]}"

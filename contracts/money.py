"""Money: whole micro-dollars, disjoint usage buckets, holds and their settlement."""

from typing import Literal

from pydantic import Field

from .shape import Body, MicroUsd

UsageQuality = Literal["reported", "partial", "estimated", "unknown"]


class Usage(Body):
    """Tokens in disjoint buckets: no token is counted twice, whatever the provider's habit."""

    input_uncached: int = Field(0, ge=0)
    cache_read: int = Field(0, ge=0)
    cache_write_5m: int = Field(0, ge=0)
    cache_write_1h: int = Field(0, ge=0)
    output_text: int = Field(0, ge=0)
    output_reasoning: int = Field(0, ge=0)

    @property
    def input_total(self) -> int:
        return self.input_uncached + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def output_total(self) -> int:
        return self.output_text + self.output_reasoning


class BudgetShare(Body):
    """What one hold took of one budget, and what was left after it."""

    budget: str = Field(description='Scope and name, such as "tenant:acme" or "run:acme/r-1"')
    remaining_micro_usd: MicroUsd


class PriceLine(Body):
    """One priced bucket of one attempt."""

    bucket: str
    quantity: int
    amount_micro_usd: MicroUsd


# Verdicts on `model.requested` and `model.attempt_requested`


class ModelFunded(Body):
    """`model.funded`: one hold for one attempt. The router may not go beyond any of its bounds."""

    step: int
    attempt: int
    hold_id: str
    amount_micro_usd: MicroUsd
    alias: str
    routes: tuple[str, ...] = Field(description="provider/model pairs that the hold is enough for")
    max_prompt_bytes: int
    max_output_tokens: int
    budgets: tuple[BudgetShare, ...]
    price_book: str


class ModelUnfunded(Body):
    """`model.unfunded`: the money does not reach, or there is no price to tell."""

    step: int
    attempt: int
    rule: Literal["budget_exhausted", "no_price", "no_route", "run_not_open", "ledger_unavailable"]
    budget: str | None = None
    needed_micro_usd: MicroUsd = 0
    remaining_micro_usd: MicroUsd = 0
    reason: str


# Verdicts on `tool.cleared`, of a tool that has a price


class ToolFunded(Body):
    """`tool.funded`: the price of one attempt at a call is held. Without it, nobody may start."""

    call: str
    attempt: int
    hold_id: str
    amount_micro_usd: MicroUsd
    budgets: tuple[BudgetShare, ...]


class ToolUnfunded(Body):
    """`tool.unfunded`: the money does not reach for the price of a call, which is not started."""

    call: str
    attempt: int
    rule: Literal["budget_exhausted", "run_not_open", "ledger_unavailable"]
    budget: str | None = None
    needed_micro_usd: MicroUsd = 0
    remaining_micro_usd: MicroUsd = 0
    reason: str


# Outcomes


class MoneySettled(Body):
    """`money.settled`: what became of a hold.

    `settled` is a bill, `released` cost nothing, `liability` may still be billed and stays counted
    against every cap, `overrun` is a bill above its hold.
    """

    step: int
    attempt: int
    call: str | None = Field(None, description="Of a tool: `attempt` is one at this call")
    hold_id: str
    state: Literal["settled", "released", "liability", "overrun"]
    held_micro_usd: MicroUsd
    cost_micro_usd: MicroUsd
    lines: tuple[PriceLine, ...] = ()
    price_book: str
    price_match: Literal["exact", "prefix", "override", "none"]
    route: str | None = Field(None, description="provider/model, where one was dispatched to")
    reason: str = ""

    @property
    def branch(self) -> str:
        return f"{self.call or self.step}-{self.attempt}"

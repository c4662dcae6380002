"""The money of a step: each hold, what became of it, and which budget refused one."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from contracts.envelope import Fact
from contracts.history import Attempt, Step, Try
from contracts.money import (
    BudgetShare,
    ModelFunded,
    ModelUnfunded,
    PriceLine,
    ToolFunded,
    ToolUnfunded,
)
from services.console.rules.record.content import Recorded


class Open(Recorded):
    """A hold of which nobody has said what became of it."""

    state: Literal["open"] = "open"


class Ended(Recorded):
    """What became of a hold. A `liability` may still be billed, and counts against every cap."""

    state: Literal["settled", "released", "liability", "overrun"]
    cost_micro_usd: int
    lines: tuple[PriceLine, ...]
    price_book: str
    price_match: Literal["exact", "prefix", "override", "none"]
    route: str | None
    reason: str
    sequence: int


class HoldRecord(Recorded):
    """One hold for one attempt, on every budget above the run."""

    granted: Literal[True] = True
    attempt: int
    call: str | None = None
    hold_id: str
    held_micro_usd: int
    budgets: tuple[BudgetShare, ...]
    price_book: str | None
    settlement: Annotated[Open | Ended, Field(discriminator="state")]
    sequence: int


class Denied(Recorded):
    """An attempt that got no money, and whose budget said so."""

    granted: Literal[False] = False
    attempt: int
    call: str | None = None
    rule: str
    budget: str | None
    needed_micro_usd: int
    remaining_micro_usd: int
    reason: str
    sequence: int


class MoneyRecord(Recorded):
    """What a step cost, and what may still come."""

    cost_micro_usd: int
    liability_micro_usd: int
    holds: tuple[Annotated[HoldRecord | Denied, Field(discriminator="granted")], ...]


def money_of(step: Step) -> MoneyRecord:
    """Every hold of a step: of its attempts, then of calls whose tool has a price."""
    tries = [one for call in step.calls for one in call.tries]
    paid: tuple[Attempt | Try, ...] = (*step.attempts, *tries)
    ended = [one.settled.body for one in paid if one.settled is not None]
    return MoneyRecord(
        cost_micro_usd=sum(one.cost_micro_usd for one in ended),
        liability_micro_usd=sum(one.cost_micro_usd for one in ended if one.state == "liability"),
        holds=(
            *(hold for one in step.attempts for hold in _holds(one)),
            *(hold for one in tries for hold in _prices(one)),
        ),
    )


def _holds(attempt: Attempt) -> Iterator[HoldRecord | Denied]:
    match attempt.verdict:
        case Fact(body=ModelFunded() as funded, sequence=sequence):
            yield HoldRecord(
                attempt=attempt.number,
                hold_id=funded.hold_id,
                held_micro_usd=funded.amount_micro_usd,
                budgets=funded.budgets,
                price_book=funded.price_book,
                settlement=_settlement(attempt),
                sequence=sequence,
            )
        case Fact(body=ModelUnfunded() as refused, sequence=sequence):
            yield Denied(
                attempt=attempt.number,
                rule=refused.rule,
                budget=refused.budget,
                needed_micro_usd=refused.needed_micro_usd,
                remaining_micro_usd=refused.remaining_micro_usd,
                reason=refused.reason,
                sequence=sequence,
            )


def _prices(one: Try) -> Iterator[HoldRecord | Denied]:
    match one.funding:
        case Fact(body=ToolFunded() as funded, sequence=sequence):
            yield HoldRecord(
                attempt=funded.attempt,
                call=funded.call,
                hold_id=funded.hold_id,
                held_micro_usd=funded.amount_micro_usd,
                budgets=funded.budgets,
                price_book=None,
                settlement=_settlement(one),
                sequence=sequence,
            )
        case Fact(body=ToolUnfunded() as refused, sequence=sequence):
            yield Denied(
                attempt=refused.attempt,
                call=refused.call,
                rule=refused.rule,
                budget=refused.budget,
                needed_micro_usd=refused.needed_micro_usd,
                remaining_micro_usd=refused.remaining_micro_usd,
                reason=refused.reason,
                sequence=sequence,
            )


def _settlement(attempt: Attempt | Try) -> Open | Ended:
    if attempt.settled is None:
        return Open()
    said = attempt.settled.body
    return Ended(
        state=said.state,
        cost_micro_usd=said.cost_micro_usd,
        lines=said.lines,
        price_book=said.price_book,
        price_match=said.price_match,
        route=said.route,
        reason=said.reason,
        sequence=attempt.settled.sequence,
    )

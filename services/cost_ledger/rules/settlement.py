"""What becomes of a hold: from its state and new evidence to its next state.

    held ──bill──────> settled | overrun      liability ──bill────> settled | overrun
     ├───nothing─────> released                   └───────nothing─> released
     └───unknown─────> liability              released  ──bill────> overrun

A hold whose call may have been made is never released for want of news: it is a liability at its
full amount until somebody shows what it cost. A bill for a released hold has no room left that was
kept for it, so all of it is an overrun.
"""

from dataclasses import dataclass
from typing import Literal

from contracts.model import AttemptFailure, ModelResponded
from contracts.money import PriceLine

from .tariff import Tariff, bill, total

SettledState = Literal["settled", "released", "liability", "overrun"]
State = Literal["held", "refused"] | SettledState

# A provider bills these above its list price. The router does not ask for them.
DEARER_SERVICE_TIERS = frozenset({"priority", "fast"})


@dataclass(frozen=True, slots=True)
class Billed:
    """The provider said what was used."""

    lines: tuple[PriceLine, ...]


@dataclass(frozen=True, slots=True)
class NotBilled:
    """The call was not made, or the provider refused it."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The call may have been made, and nobody can tell what it cost."""

    reason: str


Evidence = Billed | NotBilled | NotKnown


@dataclass(frozen=True, slots=True)
class Resolution:
    """The next state of a hold, and by how much the sums of its budgets move."""

    state: SettledState
    cost_micro_usd: int
    held: int = 0
    settled: int = 0
    liability: int = 0
    overrun: int = 0
    lines: tuple[PriceLine, ...] = ()
    reason: str = ""


def resolve(state: State, amount: int, evidence: Evidence) -> Resolution | None:
    """The next state of a hold of `amount`; None where the evidence changes nothing."""
    match state, evidence:
        case (("held" | "liability"), Billed(lines)):
            return _billed(state, amount, lines)
        case "released", Billed(lines) if total(lines) > 0:
            cost = total(lines)
            reason = "the bill came after its hold was released"
            return Resolution("overrun", cost, overrun=cost, lines=lines, reason=reason)
        case "held", NotBilled(reason):
            return Resolution("released", 0, held=-amount, reason=reason)
        case "liability", NotBilled(reason):
            return Resolution("released", 0, liability=-amount, reason=reason)
        case "held", NotKnown(reason):
            return Resolution("liability", amount, held=-amount, liability=amount, reason=reason)
        case _:
            return None


def evidence_of_response(responded: ModelResponded, tariff: Tariff | None) -> Evidence:
    """What an answer shows of its cost: a bill only if nothing about it is a guess."""
    route = responded.served_by.route
    if tariff is None:
        return NotKnown(f"the hold has no price for {route.provider}/{route.model}")
    if responded.usage_quality != "reported":
        return NotKnown(f"its usage is {responded.usage_quality}, not reported by the provider")
    if (tier := responded.served_by.service_tier) in DEARER_SERVICE_TIERS:
        return NotKnown(f"it was served in the tier {tier!r}, which the hold has no price for")
    return Billed(bill(tariff, responded.usage))


def evidence_of_failure(failure: AttemptFailure) -> Evidence:
    """What a failed attempt shows of its cost."""
    reason = f"{failure.kind}: {failure.reason}"
    return NotBilled(reason) if failure.billed == "nothing" else NotKnown(reason)


def _billed(state: State, amount: int, lines: tuple[PriceLine, ...]) -> Resolution:
    cost = total(lines)
    covered = min(cost, amount)
    over = cost - covered
    reason = f"the bill is {over} micro-dollars above its hold" if over else ""
    return Resolution(
        "overrun" if over else "settled",
        cost,
        held=-amount if state == "held" else 0,
        settled=covered,
        liability=-amount if state == "liability" else 0,
        overrun=over,
        lines=lines,
        reason=reason,
    )

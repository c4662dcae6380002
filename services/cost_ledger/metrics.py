"""What the ledger counts: what was spent and refused; and what its budgets stand at.

Budgets of runs come and go by the thousand, and those of tenants that no file names by the
request: they are left out where a name would become a label, and counted in the sums.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from contracts.money import ModelUnfunded, MoneySettled
from shared.background import running
from shared.bus import Said
from shared.metrics import UNKNOWN
from shared.telemetry.levels import Levels

log = structlog.get_logger()

LOOK_SECONDS = 10.0
BUDGETS_SHOWN = 200  # those with the least left

SPENT = Counter(
    "interlock_cost_micro_usd", "Micro-dollars that were billed", ["agent", "provider", "model"]
)
DENIED = Counter("interlock_budget_denials", "Calls that were not funded", ["rule"])
REMAINING = Levels(
    "interlock_budget_remaining_ratio", "What is left of a lasting budget, of its cap", ["budget"]
)
FROZEN = Gauge("interlock_budgets_frozen", "Lasting budgets that nothing can be taken from")
HELD = Gauge("interlock_money_held_micro_usd", "Promised to calls that are under way")
LIABILITY = Gauge("interlock_money_liability_micro_usd", "Of calls that may yet be billed")


@dataclass(frozen=True, slots=True)
class Standing:
    """One lasting budget."""

    budget: str
    cap_micro_usd: int
    remaining_micro_usd: int
    held_micro_usd: int
    liability_micro_usd: int
    is_frozen: bool


class Standings(Protocol):
    async def standings(self) -> list[Standing]:
        """Every budget that is not a run's."""
        ...


def count(said: Said) -> None:
    """One fact that was stored."""
    if isinstance(said.fact.body, ModelUnfunded):
        DENIED.labels(said.fact.body.rule).inc()


def count_spent(agent: str, settled: MoneySettled, route: str | None) -> None:
    """One hold that came to its end, when it did: what is said again is not spent again."""
    provider, _, model = (route or f"{UNKNOWN}/{UNKNOWN}").partition("/")
    if settled.cost_micro_usd:
        SPENT.labels(agent, provider, model).inc(settled.cost_micro_usd)


def tell(standings: Sequence[Standing], named: Collection[str]) -> None:
    """Set the gauges; a budget that is gone is no longer told."""
    scarce = sorted((one for one in standings if one.budget in named), key=_left)
    REMAINING.set_all({(one.budget,): _left(one) for one in scarce[:BUDGETS_SHOWN]})
    FROZEN.set(sum(one.is_frozen for one in standings))
    # Each call is held by every budget above it: the tenants' see each once.
    tenants = [one for one in standings if one.budget.startswith("tenant:")]
    HELD.set(sum(one.held_micro_usd for one in tenants))
    LIABILITY.set(sum(one.liability_micro_usd for one in tenants))


@asynccontextmanager
async def watched(standings: Standings, named: Collection[str]) -> AsyncIterator[None]:
    """Look at the budgets until the block is left; those `named` are told one by one."""
    async with running(_watch(standings, named)):
        yield


async def _watch(standings: Standings, named: Collection[str]) -> None:
    while True:
        try:
            tell(await standings.standings(), named)
        except Exception as error:  # noqa: BLE001 - the database may be away; it is asked again
            log.warning("cost_ledger.budgets_unread", error=repr(error))
        await asyncio.sleep(LOOK_SECONDS)


def _left(one: Standing) -> float:
    return one.remaining_micro_usd / one.cap_micro_usd if one.cap_micro_usd else 0.0

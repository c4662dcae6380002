"""Tariffs and requests for the tests of the ledger."""

from decimal import Decimal
from pathlib import Path

from contracts.model import Route
from services.cost_ledger.rules.budgets import Cap
from services.cost_ledger.rules.offer import Terms
from services.cost_ledger.rules.request import Request
from services.cost_ledger.rules.tariff import Tariff, TieredRate
from tests.bodies import agent

CONFIG = Path(__file__).parents[2] / "infra" / "config"
INSTANT = Route(provider="fake", api="fake", model="instant")


def flat(rate: str, output: str = "2", match: str = "exact") -> Tariff:
    one, two = TieredRate(base=Decimal(rate)), TieredRate(base=Decimal(output))
    return Tariff(
        input_uncached=one,
        cache_read=one,
        cache_write_5m=one,
        cache_write_1h=one,
        output_text=two,
        output_reasoning=two,
        match=match,
    )


def terms(amount: int = 100) -> Terms:
    return Terms(
        alias="instant",
        tariffs={"fake/instant": flat("1")},
        max_prompt_bytes=400,
        max_output_tokens=1024,
        amount_micro_usd=amount,
        price_book="fixed",
    )


def request(id: str = "q-1", run_id: str = "r-1", **changes: object) -> Request:
    given = {
        "id": id,
        "tenant": "acme",
        "run_id": run_id,
        "step": 1,
        "attempt": 1,
        "alias": "instant",
        "route": None,
        "prompt_bytes": 400,
        "max_output_tokens": 1024,
        "agent": agent(),
        "run_cap_micro_usd": 500_000,
        "customer": None,
        "feature": None,
    }
    return Request(**{**given, **changes})


def caps(run_id: str = "r-1", run: int = 1_000, tenant: int = 1_000) -> tuple[Cap, ...]:
    return (Cap(f"run:acme/{run_id}", "acme", run), Cap("tenant:acme", "acme", tenant))

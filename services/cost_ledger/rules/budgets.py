"""Which budgets a call is charged to, and the cap of each: `budgets.yaml` as a rule."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from contracts.shape import Token, Usd, Written, to_micro_usd
from contracts.task import Name

from .request import Request

DEFAULT_TENANT_USD = Decimal(100)

Window = Literal["month", "day", "total"]
_LABELS: dict[Window, str] = {"month": "@%Y-%m", "day": "@%Y-%m-%d", "total": ""}


class TenantBudgets(Written):
    """The caps of one tenant. A customer or feature without a cap has no budget of its own."""

    usd: Usd
    each_customer_usd: Usd | None = None
    customers: dict[Name, Usd] = Field(default_factory=dict)
    features: dict[Name, Usd] = Field(default_factory=dict)


class Budgets(Written):
    """`budgets.yaml`."""

    window: Window = "month"
    default_tenant_usd: Usd = DEFAULT_TENANT_USD
    features: dict[Name, Usd] = Field(
        default_factory=dict, description="In each tenant that does not say otherwise"
    )
    tenants: dict[Token, TenantBudgets] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cap:
    """One budget and the most that it may ever have spent and promised."""

    budget: str
    tenant: str
    cap_micro_usd: int


def caps_of(request: Request, budgets: Budgets, moment: datetime) -> tuple[Cap, ...]:
    """Every budget above an attempt, in id order, which is the order of their locks."""
    tenant = request.tenant
    caps = [
        Cap(run_budget(tenant, request.run_id), tenant, request.run_cap_micro_usd),
        # A child never spends what its parent could not: it holds on every run above it too.
        *(
            Cap(run_budget(tenant, above.run_id), tenant, above.budget_micro_usd)
            for above in request.parents
        ),
        _windowed("tenant", tenant, tenant, _tenant_usd(budgets, tenant), budgets, moment),
    ]
    if (own := budgets.tenants.get(tenant)) is not None:
        customer = request.customer
        if customer and (usd := own.customers.get(customer, own.each_customer_usd)) is not None:
            name = f"{tenant}/{customer}"
            caps.append(_windowed("customer", name, tenant, usd, budgets, moment))
    feature = request.feature
    if feature and (usd := _feature_usd(budgets, tenant, feature)) is not None:
        name = f"{tenant}/{feature}"
        caps.append(_windowed("feature", name, tenant, usd, budgets, moment))
    return tuple(sorted(caps, key=lambda cap: cap.budget))


def named_caps(budgets: Budgets, moment: datetime) -> tuple[Cap, ...]:
    """Every budget that the file names, in the window of `moment`."""
    return tuple(
        _windowed(scope, name, tenant, usd, budgets, moment)
        for tenant, own in budgets.tenants.items()
        for scope, name, usd in (
            ("tenant", tenant, own.usd),
            *(("customer", f"{tenant}/{who}", usd) for who, usd in own.customers.items()),
            *(("feature", f"{tenant}/{what}", usd) for what, usd in own.features.items()),
        )
    )


def run_budget(tenant: str, run_id: str) -> str:
    """The id of a run's budget. It has no window: a run has one cap in all."""
    return f"run:{tenant}/{run_id}"


def lasting(budget: str) -> str:
    """The name that a budget keeps from window to window."""
    return budget.partition("@")[0]


def _tenant_usd(budgets: Budgets, tenant: str) -> Decimal:
    own = budgets.tenants.get(tenant)
    return own.usd if own is not None else budgets.default_tenant_usd


def _feature_usd(budgets: Budgets, tenant: str, feature: str) -> Decimal | None:
    own = budgets.tenants.get(tenant)
    named = own.features.get(feature) if own is not None else None
    return named if named is not None else budgets.features.get(feature)


def _windowed(
    scope: str, name: str, tenant: str, usd: Decimal, budgets: Budgets, moment: datetime
) -> Cap:
    """A call belongs to the window in which its hold was taken, also when it settles later."""
    label = moment.astimezone(UTC).strftime(_LABELS[budgets.window])
    return Cap(f"{scope}:{name}{label}", tenant, to_micro_usd(usd))

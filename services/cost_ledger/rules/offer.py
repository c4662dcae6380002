"""From a request to the terms of its hold: the routes it may take, and what is enough for them."""

from collections.abc import Mapping
from typing import Literal

from contracts.model import Route
from contracts.money import BudgetShare, ModelFunded, ModelUnfunded
from contracts.shape import Body, MicroUsd

from .request import Request
from .tariff import Tariff, upper_bound

# A prefix match may be another model at another price, and every cap here is a hard one.
SOUND_MATCHES = frozenset({"exact", "override"})


class Terms(Body):
    """What a hold was taken under, kept with it: a call settles by the prices of its day."""

    alias: str
    tariffs: dict[str, Tariff]
    max_prompt_bytes: int
    max_output_tokens: int
    amount_micro_usd: MicroUsd
    price_book: str
    call: str | None = None
    """The call of a tool that it pays for; None for an attempt at a model call."""

    def tariff(self, route: Route) -> Tariff | None:
        return self.tariffs.get(route_name(route))


class Refused(Body):
    """The budget that the money did not reach for."""

    budget: str
    frozen: str | None = None
    remaining_micro_usd: int


def offer(
    request: Request,
    routes: tuple[Route, ...],
    tariffs: Mapping[str, Tariff],
    price_book: str,
) -> Terms | ModelUnfunded:
    """The terms under which one attempt is safe on any of its routes; else why there are none."""
    wanted = (request.route,) if request.route is not None else routes
    allowed = [route_name(route) for route in wanted if route in routes]
    if not allowed:
        reason = f"models.yaml has no such route for the alias {request.alias!r}"
        return _refusal(request, "no_route", reason)
    sound = {name: tariffs[name] for name in allowed if _is_sound(tariffs.get(name))}
    if not sound:
        reason = f"no exact price for {', '.join(allowed)}; add one to prices.yaml"
        return _refusal(request, "no_price", reason)
    bounds = (
        upper_bound(tariff, request.prompt_bytes, request.max_output_tokens)
        for tariff in sound.values()
    )
    return Terms(
        alias=request.alias,
        tariffs=sound,
        max_prompt_bytes=request.prompt_bytes,
        max_output_tokens=request.max_output_tokens,
        amount_micro_usd=max(bounds),
        price_book=price_book,
    )


def funded(
    hold_id: str, step: int, attempt: int, terms: Terms, shares: tuple[BudgetShare, ...]
) -> ModelFunded:
    """The verdict of a hold that was taken."""
    return ModelFunded(
        step=step,
        attempt=attempt,
        hold_id=hold_id,
        amount_micro_usd=terms.amount_micro_usd,
        alias=terms.alias,
        routes=tuple(terms.tariffs),
        max_prompt_bytes=terms.max_prompt_bytes,
        max_output_tokens=terms.max_output_tokens,
        budgets=shares,
        price_book=terms.price_book,
    )


def refused(step: int, attempt: int, terms: Terms, by: Refused) -> ModelUnfunded:
    """The verdict of a hold that a budget did not allow."""
    needed, remaining = terms.amount_micro_usd, max(0, by.remaining_micro_usd)
    if by.frozen == "run_ended":
        return ModelUnfunded(
            step=step, attempt=attempt, rule="run_not_open", reason="the run has ended"
        )
    if by.frozen is not None:
        reason = f"{by.budget} is frozen ({by.frozen}) until a person has looked into it"
    else:
        reason = f"{by.budget} has {remaining} micro-dollars left; this may cost {needed}"
    return ModelUnfunded(
        step=step,
        attempt=attempt,
        rule="budget_exhausted",
        budget=by.budget,
        needed_micro_usd=needed,
        remaining_micro_usd=0 if by.frozen else remaining,
        reason=reason,
    )


def route_name(route: Route) -> str:
    """How a route is named in `prices.yaml` and in a verdict."""
    return f"{route.provider}/{route.model}"


def _is_sound(tariff: Tariff | None) -> bool:
    return tariff is not None and tariff.match in SOUND_MATCHES


def _refusal(request: Request, rule: Literal["no_route", "no_price"], reason: str) -> ModelUnfunded:
    return ModelUnfunded(step=request.step, attempt=request.attempt, rule=rule, reason=reason)

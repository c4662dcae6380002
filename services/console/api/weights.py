"""GET /evaluations/weights: how the routes of each alias might share its runs, and why."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.evaluations import (
    GROUPS_LIMIT,
    FrontierQuestion,
    PriceView,
    ShareView,
    asked_outcomes,
)
from services.console.api.shapes import Shape
from services.console.rules.intervals import accepted_share, price_per_accepted
from services.console.rules.weights import MARGIN, Offered, Rule, Suggestion, suggest

router = APIRouter(prefix="/evaluations", tags=["evaluations"])


class WeightsQuestion(FrontierQuestion):
    """Which runs are counted, and how many fewer accepted ones are no loss."""

    margin: float = Field(MARGIN, ge=0, le=1, description="As a share of runs: 0.05 is 5 points")


class RouteWeight(Shape):
    """A route, what is known of it, and the weight that follows."""

    provider: str
    api: str
    model: str
    runs: int = Field(description="Of the agents named, evaluated, and on this model alone")
    accepted: int
    rate: ShareView | None = Field(description="Null: there were no runs")
    cost_per_accepted_micro_usd: PriceView | None
    weight_now: float | None = Field(description="Null: the alias has no weights")
    weight: float
    rule: Rule
    reason: str


class AliasWeights(Shape):
    """An alias with more than one route, and the agents that ask for it."""

    alias: str
    agents: tuple[str, ...]
    routes: tuple[RouteWeight, ...]


class WeightsReport(Shape):
    """Suggestions. `whole` is false where more groups of runs were found than are looked at."""

    since: datetime
    until: datetime
    margin: float
    aliases: tuple[AliasWeights, ...]
    whole: bool


@router.get("/weights")
async def suggested_weights(
    person: Viewer, desk: DeskHere, question: Annotated[WeightsQuestion, Query()]
) -> WeightsReport:
    """Weights for `models.yaml`, from the runs on each route. Nothing is changed by asking."""
    asked = asked_outcomes(person, desk, question)
    groups = await desk.store.outcomes(asked)
    looked_at = groups[:GROUPS_LIMIT]
    return WeightsReport(
        since=asked.since,
        until=asked.until,
        margin=question.margin,
        aliases=tuple(
            _told(one, suggest(one, looked_at, question.margin))
            for one in _offered(desk, asked.agent)
        ),
        whole=len(groups) <= GROUPS_LIMIT,
    )


def _offered(desk: Desk, agent: str | None) -> Iterator[Offered]:
    """The aliases with a choice in them that agents, or this one, ask for now."""
    for name, alias in sorted(desk.aliases.items()):
        asking = frozenset(
            one.name
            for one in desk.agents.values()
            if one.model == name and agent in (None, one.name)
        )
        if asking and len(alias.routes) > 1:
            yield Offered(name, asking, alias.routes, alias.weights)


def _told(offered: Offered, suggestions: list[Suggestion]) -> AliasWeights:
    return AliasWeights(
        alias=offered.alias,
        agents=tuple(sorted(offered.agents)),
        routes=tuple(_route(one, offered.weights.get(one.route)) for one in suggestions),
    )


def _route(one: Suggestion, weight_now: float | None) -> RouteWeight:
    tally, rate, price = one.tally, None, None
    if tally is not None:
        share = accepted_share(tally)
        rate = ShareView(value=share.value, low=share.low, high=share.high)
        price = PriceView.of(price_per_accepted(tally))
    return RouteWeight(
        **one.route.model_dump(),
        runs=tally.runs if tally is not None else 0,
        accepted=tally.accepted if tally is not None else 0,
        rate=rate,
        cost_per_accepted_micro_usd=price,
        weight_now=weight_now,
        weight=one.weight,
        rule=one.rule,
        reason=one.reason,
    )

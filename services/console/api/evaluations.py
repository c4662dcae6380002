"""GET /evaluations/frontier: what share of runs was accepted, against dollars per accepted one."""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.shapes import Shape
from services.console.errors import Invalid
from services.console.rules.frontier import Line, frontier
from services.console.rules.intervals import Price
from services.console.store import OutcomeQuery

GROUPS_LIMIT = 200  # lines of one answer: each is held against every other of its agent
WINDOW_DAYS = 30
WINDOW_LIMIT_DAYS = 366
# No run is older; and a window begins before its end, also where that is far away.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

router = APIRouter(prefix="/evaluations", tags=["evaluations"])


class FrontierQuestion(BaseModel):
    """Which runs are counted."""

    # A filter with a slip in its name would count every run.
    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: Token | None = None
    agent: Token | None = None
    since: AwareDatetime | None = Field(
        None, ge=EARLIEST, le=LATEST, description="Submitted then or later; else the last 30 days"
    )
    until: AwareDatetime | None = Field(
        None, ge=EARLIEST, le=LATEST, description="Submitted before it; else now"
    )
    trials: bool = Field(default=False, description="Also trials of suites, and shadows")


class ShareView(Shape):
    """A share of runs, and where the truth lies in 95 of 100 cases."""

    value: float
    low: float
    high: float


class PriceView(Shape):
    """Micro-dollars for each accepted run, likewise. No value: none was accepted."""

    value: int | None
    low: int
    high: int | None = Field(description="Null: these runs tell no upper bound")
    why_unbounded: str = Field("", description="Why there is none")

    @classmethod
    def of(cls, price: Price) -> "PriceView":
        """Whole micro-dollars; bounds are rounded away from the value."""
        return cls(
            value=None if price.value is None else round(price.value),
            low=math.floor(price.low),
            high=None if price.high is None else math.ceil(price.high),
            why_unbounded=price.why,
        )


class FrontierLine(Shape):
    """The runs of one agent on these models. `alias` is the one that the agent asks for now."""

    agent: str
    alias: str | None = Field(description="Null: there is no such agent any more")
    models: tuple[str, ...]
    runs: int
    accepted: int
    rate: ShareView
    cost_micro_usd: int
    cost_per_accepted_micro_usd: PriceView
    p50_seconds: float | None
    on_frontier: bool = Field(
        description="By point estimates, none of this agent is as good and cheaper, or better for "
        "the same price"
    )
    dominated_by: tuple[str, ...] | None = Field(
        description="The models of a line of this agent that is surely better: no interval touches"
    )


class FrontierReport(Shape):
    """Lines by agent, the best price first; `whole` is false where there are more than told."""

    since: datetime
    until: datetime
    lines: tuple[FrontierLine, ...]
    whole: bool


def asked_outcomes(
    person: Viewer, desk: DeskHere, question: Annotated[FrontierQuestion, Query()]
) -> OutcomeQuery:
    """The question of a request, as far as the person may ask it."""
    until = question.until or datetime.now(UTC)
    since = question.since or until - timedelta(days=WINDOW_DAYS)
    if not timedelta(0) < until - since <= timedelta(days=WINDOW_LIMIT_DAYS):
        what = f"from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} is no window"
        raise Invalid(what, "since", f"let it begin up to {WINDOW_LIMIT_DAYS} days before its end")
    return OutcomeQuery(
        since=since,
        until=until,
        limit=GROUPS_LIMIT + 1,
        tenant=desk.allowed_tenant(person, question.tenant),
        agent=question.agent,
        trials=question.trials,
    )


@router.get("/frontier")
async def cost_and_quality(
    asked: Annotated[OutcomeQuery, Depends(asked_outcomes)], desk: DeskHere
) -> FrontierReport:
    """Of each agent and its models: how many evaluated runs were accepted, and at what price.

    `on_frontier` goes by point estimates, `dominated_by` by intervals: only the second is sure.
    Children are no runs of their own here: what they cost, their parent costs. Judges are left out.
    """
    groups = await desk.store.outcomes(asked)
    lines = frontier(groups[:GROUPS_LIMIT])
    return FrontierReport(
        since=asked.since,
        until=asked.until,
        lines=tuple(_told(line, desk) for line in lines),
        whole=len(groups) <= GROUPS_LIMIT,
    )


def _told(line: Line, desk: Desk) -> FrontierLine:
    group, share = line.group, line.share
    agent = desk.agents.get(group.agent)
    return FrontierLine(
        agent=group.agent,
        alias=None if agent is None else agent.model,
        models=group.models,
        runs=group.tally.runs,
        accepted=group.tally.accepted,
        rate=ShareView(value=share.value, low=share.low, high=share.high),
        cost_micro_usd=group.tally.cost,
        cost_per_accepted_micro_usd=PriceView.of(line.price),
        p50_seconds=group.p50_seconds,
        on_frontier=line.on_frontier,
        dominated_by=line.dominated_by,
    )

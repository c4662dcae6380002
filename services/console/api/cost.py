"""GET /cost: what was spent, from the ledger's view, by the dimensions that are asked for."""

from typing import Annotated

from fastapi import APIRouter, Query

from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere
from services.console.api.shapes import CostReport
from services.console.errors import Invalid
from services.console.store import DIMENSIONS

router = APIRouter(prefix="/cost", tags=["cost"])


@router.get("")
async def cost(
    person: Viewer,
    desk: DeskHere,
    by: Annotated[str, Query(description=f"Of {', '.join(DIMENSIONS)}; commas between")] = "agent",
    tenant: Token | None = None,
    limit: Annotated[int, Query(ge=1)] = 100,
) -> CostReport:
    """Money by tenant, customer, feature, agent, provider, model or run."""
    dimensions = _dimensions(by)
    allowed = desk.allowed_tenant(person, tenant)
    most = min(limit, desk.settings.list_limit)
    lines = await desk.store.cost(dimensions, allowed, most)
    return CostReport(
        by=dimensions,
        lines=tuple(lines),
        total_micro_usd=sum(line["cost_micro_usd"] for line in lines),
    )


def _dimensions(by: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(one.strip() for one in by.split(",") if one.strip()))
    unknown = [one for one in wanted if one not in DIMENSIONS]
    if unknown or not wanted:
        raise Invalid(
            f"{', '.join(unknown) or 'nothing'} is no dimension of cost",
            "by",
            f"choose of {', '.join(DIMENSIONS)}",
        )
    return wanted

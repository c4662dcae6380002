"""GET /reviews/split: runs that juries leave to people, until somebody labels them."""

from typing import Annotated

from fastapi import APIRouter, Query

from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere
from services.console.api.label_shapes import SplitJury, SplitLine
from services.console.store import RunQuery
from shared.readmodel import RunRow

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("/split")
async def split(
    person: Viewer,
    desk: DeskHere,
    tenant: Token | None = None,
    limit: Annotated[int, Query(ge=1)] = 50,
) -> list[SplitLine]:
    """Runs whose jury was undecided and that have no label of it yet, the newest first.

    Nobody is told what the judges said: whoever labels a run is not to know.
    """
    allowed = desk.allowed_tenant(person, tenant)
    most = min(limit, desk.settings.list_limit)
    query = RunQuery(tenant=allowed, waits_for_label=True, limit=most)
    return [_line(row) for row in await desk.store.runs(query)]


def _line(row: RunRow) -> SplitLine:
    return SplitLine(
        tenant=row.tenant,
        run_id=row.run_id,
        agent=row.agent,
        ended_at=row.ended_at,
        juries=tuple(
            SplitJury(metric=metric, why=why) for metric, why in row.waits_for_label.items()
        ),
    )

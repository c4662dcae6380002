"""/projections: how late the lists are, and their rows built again from the log."""

from datetime import datetime

from fastapi import APIRouter

from contracts.audit import RebuildAsked
from services.console.api.access import Operator, Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.shapes import Shape
from services.console.errors import Forbidden
from services.console.store import RebuildView

router = APIRouter(prefix="/projections", tags=["projections"])


class RebuildLine(Shape):
    """One rebuild. `differed` are runs whose rows were not what their facts say."""

    number: int
    state: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    position: int
    until: int
    rebuilt: int
    differed: int
    removed: int
    reason: str

    @classmethod
    def of(cls, view: RebuildView) -> "RebuildLine":
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class ProjectionsView(Shape):
    """How far lists are behind the log, and the newest rebuild."""

    lag_facts: int
    lag_seconds: float
    rebuild: RebuildLine | None


@router.get("")
async def projections(person: Viewer, desk: DeskHere) -> ProjectionsView:
    """How late lists are."""
    del person
    return await _view(desk)


@router.post("/rebuild", status_code=202)
async def rebuild(person: Operator, desk: DeskHere) -> RebuildLine:
    """Have the rows of every run built again; the one that goes on, where one does."""
    if person.is_confined:
        raise Forbidden(
            f"{person.where}, and lists are everybody's",
            "projections",
            "ask an operator of the platform",
        )
    await desk.audit.note(RebuildAsked(**desk.doer(person)))
    return RebuildLine.of(await desk.projections.order_rebuild(person.principal))


async def _view(desk: Desk) -> ProjectionsView:
    lag = await desk.lag.read()
    newest = await desk.projections.newest_rebuild()
    return ProjectionsView(
        lag_facts=lag.facts,
        lag_seconds=round(lag.seconds, 3),
        rebuild=None if newest is None else RebuildLine.of(newest),
    )

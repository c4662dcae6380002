"""/schedules: what is submitted by the clock."""

from fastapi import APIRouter

from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.desk import DeskHere
from services.console.api.shapes import Shape
from shared.config import load_schedules

router = APIRouter(prefix="/schedules", tags=["schedules"])


class ScheduleLine(Shape):
    name: Token
    cron: str
    time_zone: str
    overlap: str
    tenant: Token
    agent: Token
    input: str


@router.get("")
async def schedules(person: Viewer, desk: DeskHere) -> list[ScheduleLine]:
    """Every schedule of the person's tenants, by name."""
    found = sorted(load_schedules(desk.settings.config_dir).items())
    return [
        ScheduleLine(
            name=name,
            cron=one.cron,
            time_zone=one.time_zone,
            overlap=one.overlap,
            tenant=one.tenant,
            agent=one.task.agent,
            input=one.task.input,
        )
        for name, one in found
        if person.reaches(one.tenant)
    ]

"""Tasks that are submitted by the clock, as an operator writes them: `schedules.yaml`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .shape import Token, Written
from .task import TaskSubmitted

CRON_FIELDS = 5  # minute, hour, day of month, month, day of week
NAME_LIMIT = 48  # leaves room for the minute in the id of a run
SCHEDULES_LIMIT = 500

ScheduleName = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{1,{NAME_LIMIT}}}$")]
# Five fields, or six with seconds before them. What they may say, the engine knows and checks.
Cron = Annotated[str, StringConstraints(pattern=r"^\S+( \S+){4,5}$", strip_whitespace=True)]


class Schedule(Written):
    """One task, and when it is submitted. Runs are named `<name>-<minute in UTC>`."""

    name: ScheduleName
    cron: Cron
    time_zone: str = Field("UTC", description="Such as Europe/Berlin")
    tenant: Token
    task: TaskSubmitted
    overlap: Literal["skip", "allow"] = Field(
        "skip", description="Whether it is submitted while its last run is still open"
    )

    @property
    def spec(self) -> str:
        """The six fields that the engine wants."""
        fields = self.cron.split()
        return " ".join(["0", *fields] if len(fields) == CRON_FIELDS else fields)


class Schedules(Written):
    """`schedules.yaml`."""

    schedules: Annotated[tuple[Schedule, ...], Field(max_length=SCHEDULES_LIMIT)] = ()

"""Tasks that are submitted by the clock, as an operator writes them: `schedules.yaml`."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .shape import Token, Written
from .task import TaskScheduled, TaskSubmitted

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

    def run_id_at(self, moment: datetime) -> str:
        """The name of its run of a minute: whoever starts it, however often."""
        return f"{self.name}-{moment.astimezone(UTC):%Y%m%dT%H%MZ}"


class Schedules(Written):
    """`schedules.yaml`."""

    schedules: Annotated[tuple[Schedule, ...], Field(max_length=SCHEDULES_LIMIT)] = ()


def scheduled_task(schedule: Schedule) -> TaskScheduled:
    """What is submitted when it is due."""
    return TaskScheduled.model_validate({**dict(schedule.task), "schedule": schedule.name})


def unscheduled(task: TaskScheduled, tenant: str, schedule: Schedule | None) -> str | None:
    """Why a task that claims to be of a schedule is not; None where it is."""
    if schedule is None:
        return f"no schedule is named {task.schedule!r}"
    if tenant != schedule.tenant:
        return f"schedule {schedule.name} is not of this tenant"
    if task != scheduled_task(schedule):
        return f"it is not the task that stands in schedule {schedule.name}"
    return None

"""Tasks that are submitted by the clock: under which name, and whether now."""

from datetime import UTC, datetime

from contracts.history import Run
from contracts.schedule import Schedule


def run_id_at(schedule: Schedule, fired_at: datetime) -> str:
    """The same for every replica, and for every delivery, of what fired in one minute."""
    return f"{schedule.name}-{fired_at.astimezone(UTC):%Y%m%dT%H%MZ}"


def is_skipped(schedule: Schedule, run_id: str, last: Run | None) -> bool:
    """Whether this time is left out, because the run before is still open."""
    if schedule.overlap == "allow" or last is None or last.run_id == run_id:
        return False
    return last.submitted is not None and last.end is None

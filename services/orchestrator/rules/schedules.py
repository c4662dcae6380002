"""Tasks that are submitted by the clock: whether now."""

from contracts.history import Run
from contracts.schedule import Schedule


def is_skipped(schedule: Schedule, run_id: str, last: Run | None) -> bool:
    """Whether this time is left out, because the run before is still open."""
    if schedule.overlap == "allow" or last is None or last.run_id == run_id:
        return False
    return last.submitted is not None and last.end is None

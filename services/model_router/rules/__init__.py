"""May an attempt be made, on which terms and by which route, and what follows: pure decisions."""

from .attempts import (
    Limits,
    Terms,
    Work,
    after_claim,
    after_failure,
    failed,
    given_up,
    late_failure,
    left_behind,
    open_work,
    terms,
    unbilled,
    wait_seconds,
)
from .drawing import Choice, Drawn, draw

__all__ = [
    "Choice",
    "Drawn",
    "Limits",
    "Terms",
    "Work",
    "after_claim",
    "after_failure",
    "draw",
    "failed",
    "given_up",
    "late_failure",
    "left_behind",
    "open_work",
    "terms",
    "unbilled",
    "wait_seconds",
]

"""May this clearance be acted upon, and what became of the call: pure decisions."""

from .clearance import (
    CALLED_OFF,
    Act,
    Clearance,
    Nothing,
    Report,
    Wait,
    decide_clearance,
)
from .ending import (
    Ending,
    Expired,
    NotStarted,
    Oversized,
    Raised,
    Refused,
    Returned,
    Vanished,
    outcome_of,
)

__all__ = [
    "CALLED_OFF",
    "Act",
    "Clearance",
    "Ending",
    "Expired",
    "NotStarted",
    "Nothing",
    "Oversized",
    "Raised",
    "Refused",
    "Report",
    "Returned",
    "Vanished",
    "Wait",
    "decide_clearance",
    "outcome_of",
]

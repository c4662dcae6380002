"""May this clearance be acted upon, and what became of the call: pure decisions."""

from .children import Submit, answers_same_call, taken
from .clearance import (
    CALLED_OFF,
    Act,
    Clearance,
    Nothing,
    Report,
    Wait,
    decide_clearance,
    not_started,
)
from .ending import (
    Ending,
    Expired,
    NotStarted,
    Oversized,
    Raised,
    Refused,
    Returned,
    Silent,
    Vanished,
    outcome_of,
)
from .replay import Replay, Stubbed, recorded

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
    "Replay",
    "Report",
    "Returned",
    "Silent",
    "Stubbed",
    "Submit",
    "Vanished",
    "Wait",
    "answers_same_call",
    "decide_clearance",
    "not_started",
    "outcome_of",
    "recorded",
    "taken",
]

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
from .egress import (
    HEAD_LIMIT_BYTES,
    Denied,
    Destination,
    Host,
    asked_for,
    check_address,
    check_destination,
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
    "HEAD_LIMIT_BYTES",
    "Act",
    "Clearance",
    "Denied",
    "Destination",
    "Ending",
    "Expired",
    "Host",
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
    "asked_for",
    "check_address",
    "check_destination",
    "decide_clearance",
    "not_started",
    "outcome_of",
    "recorded",
    "taken",
]

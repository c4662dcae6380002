"""Cases that are left out of a gate for a while, because they are known to be broken."""

from dataclasses import dataclass
from datetime import date

from contracts.suite import GateRules


class BadDate(ValueError):
    """A quarantine is until a day, written as 2026-03-31."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Which cases are out today, and what is to be said about it."""

    cases: frozenset[str]
    notes: tuple[str, ...]


def quarantined(rules: GateRules, today: date) -> Quarantine:
    """The cases whose quarantine has not passed. One that has counts again, and is noted.

    Raises:
        BadDate: a quarantine is not until a date.
    """
    until = {case: _day(case, text) for case, text in rules.quarantine.items()}
    out = frozenset(case for case, day in until.items() if day >= today)
    over = [
        f"the quarantine of {case} ended on {day}: it counts again"
        for case, day in until.items()
        if day < today
    ]
    left = [f"in quarantine, and left out: {', '.join(sorted(out))}"] if out else []
    return Quarantine(out, (*left, *over))


def _day(case: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDate(
            f"gate.quarantine.{case}: {text!r} is no date; write the last day as 2026-03-31"
        ) from None

"""The minutes that six fields of cron mean, by the rules of the engine that fires them.

Its parser is that of robfig/cron: `*` and `?` are every value, `N/step` goes to the largest, names
of months and days count, 0 is Sunday. Where day of month and day of week both say something, either
is enough. Clocks that go forward leave out what lies in the gap; those that go back repeat an hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
FIELDS = 6
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Bounds(NamedTuple):
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_MINUTE, _HOUR = _Bounds("minute", 0, 59), _Bounds("hour", 0, 23)
_DAY, _MONTH = _Bounds("day of month", 1, 31), _Bounds("month", 1, 12, MONTHS)
_SECOND, _WEEKDAY = _Bounds("second", 0, 59), _Bounds("day of week", 0, 6, DAYS)


class _Field(NamedTuple):
    values: frozenset[int]
    is_any: bool


class Cron:
    """Six fields in a time zone, taken apart once."""

    def __init__(self, spec: str, time_zone: str) -> None:
        """Take the fields apart.

        Raises:
            ValueError: they mean nothing, or nobody knows the zone.
        """
        fields = spec.split()
        if len(fields) != FIELDS:
            raise ValueError(f"{spec!r} has {len(fields)} fields of {FIELDS}")
        try:
            self._zone = ZoneInfo(time_zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"nobody knows the time zone {time_zone!r}") from None
        _parsed(fields[0], _SECOND)
        self._minutes = sorted(_parsed(fields[1], _MINUTE).values)
        self._hours = _parsed(fields[2], _HOUR).values
        self._days = _parsed(fields[3], _DAY)
        self._months = _parsed(fields[4], _MONTH).values
        self._weekdays = _parsed(fields[5], _WEEKDAY)

    def minutes(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The minutes in which it fires, from the first moment to before the last, in UTC."""
        at = since.astimezone(UTC).replace(second=0, microsecond=0)
        while at < until:
            local = at.astimezone(self._zone)
            if self._has_hour(local):
                ahead = (at + MINUTE * (one - local.minute) for one in self._minutes)
                yield from (one for one in ahead if max(at, since) <= one < until)
            at += MINUTE * (60 - local.minute)

    def _has_hour(self, local: datetime) -> bool:
        return local.month in self._months and local.hour in self._hours and self._has_day(local)

    def _has_day(self, local: datetime) -> bool:
        by_day = local.day in self._days.values
        by_weekday = local.isoweekday() % 7 in self._weekdays.values
        if self._days.is_any or self._weekdays.is_any:
            return by_day and by_weekday
        return by_day or by_weekday


def _parsed(text: str, bounds: _Bounds) -> _Field:
    parts = [_range(part, bounds) for part in text.split(",") if part]
    values = frozenset(value for part in parts for value in part.values)
    return _Field(values, any(part.is_any for part in parts))


def _range(text: str, bounds: _Bounds) -> _Field:
    """`number`, `number-number` or `*`, each maybe with `/step`."""
    wanted, has_step, step_text = text.partition("/")
    step = _number(step_text, bounds, ()) if has_step else 1
    first, has_last, last = wanted.partition("-")
    if first in {"*", "?"}:
        low, high = bounds.least, bounds.most
    else:
        low = _number(first, bounds, bounds.names)
        high = _number(last, bounds, bounds.names) if has_last else low
        if has_step and not has_last:
            high = bounds.most
    if step < 1 or low > high or low < bounds.least or high > bounds.most:
        raise ValueError(f"{text!r} is no {bounds.name} of {bounds.least} to {bounds.most}")
    return _Field(frozenset(range(low, high + 1, step)), first in {"*", "?"} and step == 1)


def _number(text: str, bounds: _Bounds, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + bounds.least
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no {bounds.name}")
    return int(text)

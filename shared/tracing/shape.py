"""What a span is, before any exporter knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Value = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, Value]
Kind = Literal["internal", "client"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LinkShape:
    """Another span that this one goes on from, and why it is another trace."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class EventShape:
    """Something that happened at one moment of a span."""

    name: str
    at_ns: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanShape:
    """One span. `closed_at` is the sequence of the fact that ended it, and so made it known.

    Times are the server's, in nanoseconds since 1970; ids are hexadecimal digits, as in
    `traceparent`. `error` is the `error.type` of what failed.
    """

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    closed_at: int
    kind: Kind = "internal"
    attributes: Attributes = field(default_factory=dict)
    events: tuple[EventShape, ...] = ()
    links: tuple[LinkShape, ...] = ()
    error: str | None = None


def nanoseconds(moment: datetime) -> int:
    """Since 1970, exact to the microsecond that a timestamp of the log has."""
    return (moment - _EPOCH) // _MICROSECOND * 1000

"""How many runs may start in a minute: of a tenant, and of one concurrency key of it.

The window moves: no minute, wherever it begins, has more starts than that. So each start is
remembered for a minute, and the moment at which the next one may be is known. A start counts from
when it is decided, which is before it is stored: by milliseconds, or seconds where the log is slow.
"""

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from contracts.shape import Body

WINDOW = timedelta(minutes=1)
STARTS_LIMIT = 3000  # a minute, on the whole platform: the value has to fit a message
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

Moments = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Starts in a minute. None is no limit; `tenants` are those that have one of their own."""

    per_tenant: int | None = None
    per_key: int | None = None
    tenants: Mapping[str, int] = field(default_factory=dict)

    @property
    def are_set(self) -> bool:
        """Whether they are about runs without a concurrency key, too."""
        return self.per_tenant is not None or bool(self.tenants)

    @property
    def of_any(self) -> bool:
        """Whether there is a limit at all."""
        return self.are_set or self.per_key is not None

    def of(self, tenant: str) -> int | None:
        """The limit of a tenant."""
        return self.tenants.get(tenant, self.per_tenant)


class Starts(Body):
    """When runs have started of late, in milliseconds of Unix time, the oldest first."""

    tenants: dict[str, Moments] = {}  # noqa: RUF012 - pydantic copies it
    keys: dict[str, Moments] = {}  # noqa: RUF012 - pydantic copies it


@dataclass(frozen=True, slots=True)
class Shut:
    """No further run may start before a moment."""

    rule: Literal["tenant_rate", "key_rate", "platform_rate"]
    most: int
    until: datetime


class Window:
    """The minute before `now`, and who may start by what it has seen."""

    def __init__(self, starts: Starts, rates: Rates, now: datetime) -> None:
        self._starts = starts
        self._rates = rates
        self._since = _ms(now - WINDOW)
        self._full = self._until(_oldest(starts), 1)

    def shut(self, tenant: str, key: str | None) -> Shut | None:
        """What keeps a run from starting now: of several limits the one that lasts longest."""
        return max(self._shut(tenant, key), key=lambda one: one.until, default=None)

    def _shut(self, tenant: str, key: str | None) -> Iterator[Shut]:
        most = self._rates.of(tenant)
        until = self._until(self._starts.tenants.get(tenant, ()), most)
        if most is not None and until is not None:
            yield Shut("tenant_rate", most, until)
        most = None if key is None else self._rates.per_key
        until = self._until(self._starts.keys.get(f"{tenant}/{key}", ()), most)
        if most is not None and until is not None:
            yield Shut("key_rate", most, until)
        if self._full is not None and _concerns(self._rates, key):
            yield Shut("platform_rate", STARTS_LIMIT, self._full)

    def _until(self, moments: Moments, most: int | None) -> datetime | None:
        """When one of so many starts is a minute ago; None where that is now, or no limit."""
        if most is None or len(moments) < most or moments[-most] <= self._since:
            return None
        return _EPOCH + moments[-most] * _MS + WINDOW


def started(starts: Starts, rates: Rates, tenant: str, key: str | None, now: datetime) -> Starts:
    """A run starts now; what is older than a minute is forgotten."""
    if not _concerns(rates, key):
        return starts
    since, moment = _ms(now - WINDOW), _ms(now)
    tenants = _with(starts.tenants, tenant, moment)
    keys = starts.keys
    if key is not None and rates.per_key is not None:
        keys = _with(keys, f"{tenant}/{key}", moment)  # no tenant has a slash in its name
    return Starts(tenants=_recent(tenants, since), keys=_recent(keys, since))


def _concerns(rates: Rates, key: str | None) -> bool:
    return rates.are_set or (key is not None and rates.per_key is not None)


def _oldest(starts: Starts) -> Moments:
    """The start that must be forgotten before another is remembered, if they are so many."""
    if sum(map(len, starts.tenants.values())) < STARTS_LIMIT:
        return ()
    return (min(moments[0] for moments in starts.tenants.values()),)


def _with(known: Mapping[str, Moments], name: str, moment: int) -> dict[str, Moments]:
    # The clocks of replicas differ a little, so that the last one told may not be the latest.
    moments = list(known.get(name, ()))
    insort(moments, moment)
    return {**known, name: tuple(moments)}


def _recent(known: Mapping[str, Moments], since: int) -> dict[str, Moments]:
    found = {name: tuple(one for one in each if one > since) for name, each in known.items()}
    return {name: moments for name, moments in found.items() if moments}


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS

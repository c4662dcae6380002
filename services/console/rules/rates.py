"""Token buckets: how many requests somebody may make, and when they may make the next."""

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at once."""

    a_second: float
    burst: int

    @property
    def each_seconds(self) -> float:
        """How long one request takes to be forgotten."""
        return 1 / self.a_second

    @property
    def full_seconds(self) -> float:
        """How long an empty bucket takes to be full again."""
        return self.burst / self.a_second

    def left(self, full_in_seconds: float) -> float:
        """What is in a bucket that will be full so soon."""
        return self.burst - max(0.0, full_in_seconds) * self.a_second

    def wait(self, left: float) -> float:
        """The seconds until there is one to take."""
        return max(0.0, 1 - left) / self.a_second


@dataclass
class Buckets:
    """One bucket for each name, of which the longest unused goes where there are too many.

    A name that comes back finds a full one: by then it would be full, if `most` are not reached
    within the time that an empty one fills in.
    """

    rate: Rate
    most: int
    _left: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)

    def take(self, name: str, now: float) -> float:
        """Take one; the seconds to wait where there is none, else 0."""
        left = self._at(name, now)
        wait = self.rate.wait(left)
        self.set(name, left if wait else left - 1, now)
        return wait

    def set(self, name: str, left: float, now: float) -> None:
        """So much is left, as somebody who counts for more than us says."""
        self._left[name] = (left, now)
        self._left.move_to_end(name)
        if len(self._left) > self.most:
            self._left.popitem(last=False)

    def _at(self, name: str, now: float) -> float:
        left, at = self._left.get(name, (float(self.rate.burst), now))
        return min(self.rate.burst, left + max(0.0, now - at) * self.rate.a_second)

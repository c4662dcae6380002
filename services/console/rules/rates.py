"""Token buckets: how many requests somebody may make, and when they may make the next."""

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at once."""

    a_second: float
    burst: int


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
        wait = 0.0 if left >= 1 else (1 - left) / self.rate.a_second
        self._left[name] = (left if wait else left - 1, now)
        self._left.move_to_end(name)
        if len(self._left) > self.most:
            self._left.popitem(last=False)
        return wait

    def _at(self, name: str, now: float) -> float:
        left, at = self._left.get(name, (float(self.rate.burst), now))
        return min(self.rate.burst, left + max(0.0, now - at) * self.rate.a_second)

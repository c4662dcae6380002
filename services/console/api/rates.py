"""A limit that holds over all replicas, or over this one while nobody can tell of the others.

Each replica has buckets of its own, which stand as the count of all replicas last told. What is
over the limit here is over it everywhere, and asks nobody. Where that count does not answer, the
replica goes on alone: requests are still limited, at most so often as there are replicas, and
whoever must stop the platform while its database is down is not kept out.
"""

import time

from services.console.rules.rates import Buckets, Rate
from services.console.store.rates import SharedCounts

MOMENT_SECONDS = 0.001


class Limit:
    """How often each of those who ask may."""

    def __init__(self, what: str, rate: Rate, counts: SharedCounts, most: int) -> None:
        self.what = what
        self.rate = rate
        self._counts = counts
        self._here = Buckets(rate, most)

    async def take(self, name: str) -> float:
        """Take one; the seconds to wait where there is none, else 0."""
        wait = self._here.take(name, time.monotonic())
        if wait:
            return wait
        counted = await self._counts.take(f"{self.what}: {name}", self.rate)
        if counted is None:
            return 0.0
        self._here.set(name, counted.left, time.monotonic())
        # At least a moment: a part of a request may have come back since it was counted.
        return 0.0 if counted.is_taken else max(self.rate.wait(counted.left), MOMENT_SECONDS)

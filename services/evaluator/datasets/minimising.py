"""The smallest part of an incident that still fails: delta debugging as a machine without I/O.

Zeller and Hildebrandt's ddmin: the parts are cut into chunks; a chunk that fails alone is kept,
else one is dropped whose absence does not help; else the chunks become smaller. When chunks are
single parts and none can be dropped, the rest is *1-minimal*: without any one part, it does not
fail. What is asked has a limit, for each try is a run that costs money.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

TRIES_LIMIT = 200

P = TypeVar("P")
Places = tuple[int, ...]


class Minimiser(Generic[P]):
    """Parts that fail together, and what is known of fewer of them.

    Ask `next()` for parts to try, tell with `told()` whether they fail, until `next()` gives None;
    `result` is the smallest failing selection so far, at any time. The order of parts is kept, and
    no candidate is empty or offered twice. All parts together are taken to fail.
    """

    def __init__(self, parts: Sequence[P], tries: int = TRIES_LIMIT) -> None:
        self._parts = tuple(parts)
        self._tries = tries
        self._best: Places = tuple(range(len(parts)))
        self._search = self._searching()
        self._candidate = next(self._search, None)
        self.tried = 0

    @property
    def result(self) -> tuple[P, ...]:
        return self._of(self._best)

    @property
    def is_minimal(self) -> bool:
        """Whether the search came to its end, so that no one part can be left out."""
        return self._candidate is None

    def next(self) -> tuple[P, ...] | None:
        """What to try; the same until it is told, and None when nothing is left to ask."""
        if self._candidate is None or self.tried >= self._tries:
            return None
        return self._of(self._candidate)

    def told(self, fails: bool) -> None:
        """Whether what `next()` gave fails as the whole did."""
        assert self.next() is not None, "nothing was asked"
        assert self._candidate is not None, "as next() is not None"
        self.tried += 1
        if fails:
            self._best = self._candidate
        try:
            self._candidate = self._search.send(fails)
        except StopIteration:
            self._candidate = None

    def _of(self, places: Places) -> tuple[P, ...]:
        return tuple(self._parts[place] for place in places)

    def _searching(self) -> Generator[Places, bool, None]:
        """Yields selections to try; is sent whether they fail."""
        rest, count = self._best, 2
        harmless: set[Places] = set()
        while len(rest) > 1:
            for smaller, next_count in _candidates(rest, count):
                if smaller in harmless:
                    continue
                if (yield smaller):
                    rest, count = smaller, next_count
                    break
                harmless.add(smaller)
            else:
                if count >= len(rest):
                    return
                count = min(2 * count, len(rest))


def _candidates(rest: Places, count: int) -> list[tuple[Places, int]]:
    """Each chunk alone, then all but each chunk; with the number of chunks to go on with."""
    count = min(count, len(rest))
    bounds = [len(rest) * index // count for index in range(count + 1)]
    cuts = list(pairwise(bounds))
    alone = [(rest[start:end], 2) for start, end in cuts]
    without = [(rest[:start] + rest[end:], max(count - 1, 2)) for start, end in cuts]
    # Of two chunks, each is what the other leaves.
    return alone if count == 2 else alone + without

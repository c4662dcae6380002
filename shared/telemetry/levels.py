"""A gauge whose whole set of values is told at once: what is not told again is gone.

Who counts by looking (at a table, at the engine) sees labels come and go. A gauge that keeps what
it was once told would show a queue as it stood before it was drained, for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

SERIES_LIMIT = 1000

Labels = TypeVar("Labels", bound=tuple[str, ...])


class Levels(Collector):
    """Values by their labels, read anew each time that they are looked at."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        limit: int = SERIES_LIMIT,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = tuple(labels)
        self._limit = limit
        self._values: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def set_all(self, values: Mapping[Labels, float]) -> None:
        """From now on these are the values, and there are no others; at most `limit`."""
        self._values = {**dict(islice(values.items(), self._limit))}

    def set(self, value: float) -> None:
        """The one value of a gauge without labels."""
        self.set_all({(): value})

    def clear(self) -> None:
        """Nobody knows any more: no value is better than an old one."""
        self._values = {}

    def describe(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._documentation, labels=self._labels)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        (family,) = self.describe()
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        yield family

"""The Prometheus registry as OpenTelemetry has it: sums, gauges and histograms, all cumulative."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import Metric as Family
from prometheus_client.samples import Sample

from . import semconv
from .spelling import Spelling, spelling

SCOPE = InstrumentationScope("interlock", schema_url=semconv.SCHEMA_URL)
# Counters of this process begin with it.
STARTED_NS = time.time_ns()
OURS = ("interlock_", "gen_ai_")
_CUMULATIVE = AggregationTemporality.CUMULATIVE
_BOUND = "le"

Labels = tuple[tuple[str, str], ...]


def metrics_data(families: Iterable[Family], resource: Resource, at_ns: int) -> MetricsData:
    """What is ours among the families, as it stands at one moment."""
    ours = (family for family in families if family.name.startswith(OURS))
    metrics = [metric for family in ours for metric in _metric(family, at_ns)]
    scope = ScopeMetrics(SCOPE, metrics, semconv.SCHEMA_URL)
    return MetricsData([ResourceMetrics(resource, [scope], semconv.SCHEMA_URL)])


def points_in(told: MetricsData) -> int:
    """How many series it tells of."""
    return sum(
        len(metric.data.data_points)
        for resource in told.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def _metric(family: Family, at_ns: int) -> Iterator[Metric]:
    spelt = spelling(family.name)
    data: Sum | Gauge | Histogram
    match family.type:
        case "counter":
            totals = (one for one in family.samples if one.name.endswith("_total"))
            numbers = [_number(one, spelt, at_ns) for one in totals]
            data = Sum(numbers, _CUMULATIVE, is_monotonic=True)
        case "histogram":
            data = Histogram(list(_histograms(family, spelt, at_ns)), _CUMULATIVE)
        case "gauge":
            data = Gauge([_number(one, spelt, at_ns) for one in family.samples])
        case _:
            return
    if data.data_points:
        yield Metric(spelt.name, family.documentation, spelt.unit, data)


def _number(sample: Sample, spelt: Spelling, at_ns: int) -> NumberDataPoint:
    attributes = _attributes(sample.labels.items(), spelt)
    return NumberDataPoint(attributes, STARTED_NS, at_ns, sample.value)


def _histograms(family: Family, spelt: Spelling, at_ns: int) -> Iterator[HistogramDataPoint]:
    """Prometheus counts what is at most a bound; OpenTelemetry what lies between two."""
    buckets: dict[Labels, list[tuple[float, int]]] = defaultdict(list)
    sums: dict[Labels, float] = {}
    for sample in family.samples:
        labels = tuple((name, is_) for name, is_ in sample.labels.items() if name != _BOUND)
        if sample.name.endswith("_bucket"):
            buckets[labels].append((float(sample.labels[_BOUND]), int(sample.value)))
        elif sample.name.endswith("_sum"):
            sums[labels] = sample.value
    for labels, below in buckets.items():
        counts = [count for _, count in below]
        yield HistogramDataPoint(
            attributes=_attributes(labels, spelt),
            start_time_unix_nano=STARTED_NS,
            time_unix_nano=at_ns,
            count=counts[-1],
            sum=sums.get(labels, 0.0),
            bucket_counts=[now - before for before, now in zip([0, *counts], counts, strict=False)],
            explicit_bounds=[bound for bound, _ in below[:-1]],
            # Prometheus does not keep them; left out on the wire.
            min=None,  # type: ignore[arg-type]
            max=None,  # type: ignore[arg-type]
        )


def _attributes(labels: Iterable[tuple[str, str]], spelt: Spelling) -> dict[str, str]:
    """A label without a value is one that is not there."""
    return {spelt.attributes.get(name, name): is_ for name, is_ in labels if is_}

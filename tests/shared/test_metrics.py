"""What is counted lies on one registry, and goes out by OTLP under the names of the conventions."""

import asyncio

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Gauge as SdkGauge
from opentelemetry.sdk.metrics.export import Histogram as SdkHistogram
from opentelemetry.sdk.metrics.export import Sum
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NoOpTracerProvider
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import Error
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.model_router import metrics as router
from services.tool_executor import metrics as executor
from shared.metrics import DROPPED, EXPORT_FAILURES, EXPORTED
from shared.settings import ServiceSettings
from shared.telemetry.back_end import BackEnd
from shared.telemetry.export import SIGNAL, MetricsExport
from shared.telemetry.levels import Levels
from shared.telemetry.meters import Cadence, exporting_metrics
from shared.telemetry.points import metrics_data, points_in
from tests.integration.eventually import eventually
from tests.otlp import receiver

QUICK = Cadence(interval_seconds=0.02, timeout_seconds=0.3)
NOW_NS = 1_700_000_000_000_000_000


@pytest.fixture
def registry():
    return CollectorRegistry()


def told(registry):
    """What goes out, by name."""
    sent = metrics_data(registry.collect(), Resource({}), NOW_NS)
    (scope,) = sent.resource_metrics[0].scope_metrics
    return {metric.name: metric for metric in scope.metrics}


def test_a_level_that_is_not_told_again_is_gone(registry):
    waiting = Levels("interlock_waiting", "Of each agent", ["agent"], registry=registry)
    waiting.set_all({("support",): 3, ("sales",): 1})

    waiting.set_all({("sales",): 2})

    assert registry.get_sample_value("interlock_waiting", {"agent": "sales"}) == 2
    assert registry.get_sample_value("interlock_waiting", {"agent": "support"}) is None


def test_a_level_has_no_more_series_than_its_limit(registry):
    waiting = Levels("interlock_waiting", "Of each agent", ["agent"], limit=2, registry=registry)

    waiting.set_all({(f"a-{number}",): number for number in range(9)})

    assert len(told(registry)["interlock_waiting"].data.data_points) == 2


def test_a_counter_is_a_sum_that_only_grows(registry):
    Counter("interlock_ends", "Of runs", ["outcome"], registry=registry).labels("failed").inc(4)

    ends = told(registry)["interlock_ends"].data

    assert isinstance(ends, Sum)
    assert ends.is_monotonic
    assert [(dict(one.attributes), one.value) for one in ends.data_points] == [
        ({"outcome": "failed"}, 4)
    ]


def test_a_gauge_is_a_gauge_of_this_moment(registry):
    Gauge("interlock_open", "Runs", registry=registry).set(7)

    open_runs = told(registry)["interlock_open"].data

    assert isinstance(open_runs, SdkGauge)
    assert [(one.value, one.time_unix_nano) for one in open_runs.data_points] == [(7, NOW_NS)]


def test_a_histogram_counts_what_lies_between_its_bounds(registry):
    took = Histogram("interlock_took", "Seconds", ["gate"], buckets=(1, 5), registry=registry)
    for seconds in (0.5, 0.7, 3, 60):
        took.labels("task").observe(seconds)

    data = told(registry)["interlock_took"].data

    assert isinstance(data, SdkHistogram)
    (point,) = data.data_points
    assert (point.explicit_bounds, point.bucket_counts) == ([1, 5], [2, 1, 1])
    assert (point.count, point.sum) == (4, pytest.approx(64.2))


def test_what_others_put_on_the_registry_stays_here(registry):
    Counter("python_gc", "Somebody's", registry=registry).inc()

    assert told(registry) == {}


def test_a_label_without_a_value_is_not_told(registry):
    Counter("interlock_ends", "Of runs", ["rule"], registry=registry).labels("").inc()

    (point,) = told(registry)["interlock_ends"].data.data_points

    assert dict(point.attributes) == {}


def test_model_calls_go_out_under_the_names_of_the_conventions(registry):
    calls = Histogram(
        "gen_ai_client_operation_duration_seconds",
        "Calls",
        ["gen_ai_operation_name", "gen_ai_provider_name", "error_type"],
        registry=registry,
    )
    calls.labels("chat", "openai", "timed_out").observe(1)

    metric = told(registry)["gen_ai.client.operation.duration"]

    assert metric.unit == "s"
    assert dict(metric.data.data_points[0].attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "error.type": "timed_out",
    }


CONVENTIONAL = {
    "gen_ai_client_operation_duration_seconds": router.CALLS,
    "gen_ai_client_token_usage": router.USED,
    "gen_ai_execute_tool_duration_seconds": executor.CALLS,
}


@pytest.fixture
def by_the_book(registry):
    """What the conventions' own library records of a model call and of a tool call."""
    reader = PrometheusMetricReader(
        disable_target_info=True, scope_info_enabled=False, registry=registry
    )
    provider = MeterProvider(metric_readers=[reader])
    handler = TelemetryHandler(tracer_provider=NoOpTracerProvider(), meter_provider=provider)
    with handler.inference("openai", request_model="gpt") as call:
        call.input_tokens, call.output_tokens = 10, 20
    with handler.inference("openai", request_model="gpt") as call:
        call.fail(Error(None, "timed_out"))
    with handler.tool("find_order") as ran:
        ran.fail(Error(None, "timed_out"))
    yield {family.name: family for family in registry.collect()}
    provider.shutdown()


@pytest.mark.parametrize("name", CONVENTIONAL)
def test_conventional_metrics_have_the_labels_of_the_conventions(by_the_book, name):
    theirs = {label for one in by_the_book[name].samples for label in one.labels} - {"le"}
    # A failed call has no usage, so that theirs never has this label; ours is then empty.
    ours = set(CONVENTIONAL[name]._labelnames) - ({"error_type"} - theirs)

    assert ours == theirs


@pytest.mark.parametrize("name", CONVENTIONAL)
def test_conventional_metrics_have_the_buckets_of_the_conventions(by_the_book, name):
    theirs = {float(one.labels["le"]) for one in by_the_book[name].samples if "le" in one.labels}

    assert sorted(theirs) == pytest.approx(CONVENTIONAL[name]._upper_bounds)


async def test_metrics_arrive_with_the_service_that_counts_them(registry):
    Counter("interlock_ends", "Of runs", registry=registry).inc(2)
    async with receiver() as taking:
        export = MetricsExport("evaluator", BackEnd(taking.url), QUICK, registry)

        await export.export()
        await export.close()

    first = taking.metrics[0]
    assert (first.service, first.name) == ("interlock.evaluator", "interlock_ends")
    assert [point.as_double for _, point in first.points] == [2]


async def test_metrics_go_out_again_and_again_and_once_more_at_the_end():
    async with receiver() as taking:
        async with exporting_metrics("evaluator", BackEnd(taking.url), QUICK):
            await eventually(lambda: len(taking.bodies) >= 2)
        while_it_ran = len(taking.bodies)

    assert while_it_ran >= 3


@pytest.mark.parametrize("mode", ["refuse", "hang"])
async def test_a_back_end_that_fails_is_counted_and_hinders_nobody(registry, mode):
    Counter("interlock_ends", "Of runs", registry=registry).inc()
    before = counts()
    async with receiver() as taking:
        taking.mode = mode
        export = MetricsExport("evaluator", BackEnd(taking.url), QUICK, registry)

        await asyncio.wait_for(export.export(), 10 * QUICK.timeout_seconds)
        after = counts()
        await export.close()

    assert [now - then for now, then in zip(after, before, strict=True)] == [0, 1, 1]


async def test_without_an_endpoint_nothing_runs():
    before = asyncio.all_tasks()

    async with exporting_metrics("evaluator", None, QUICK):
        assert asyncio.all_tasks() == before


def test_nothing_goes_out_where_telemetry_is_disabled(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    assert ServiceSettings().back_end is None


def test_points_are_counted_over_all_metrics(registry):
    ends = Counter("interlock_ends", "Of runs", ["outcome"], registry=registry)
    for outcome in ("failed", "completed"):
        ends.labels(outcome).inc()

    assert points_in(metrics_data(registry.collect(), Resource({}), NOW_NS)) == 2


def counts():
    """Exported, dropped, failed."""
    return [one.labels(SIGNAL)._value.get() for one in (EXPORTED, DROPPED, EXPORT_FAILURES)]

"""Traces: W3C context on every fact, spans by OTLP where an endpoint is set.

Without an endpoint nothing is recorded, yet every fact still carries a `traceparent`: its trace id
is derived from the run, so that whatever an operator turns on later falls into the same trace.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

QUEUE_SPANS = 4096  # spans waiting for the exporter; more are dropped, and nothing blocks

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("interlock")
Attributes = Mapping[str, str | int | float | bool]


def start_tracing(service: str, endpoint: str | None) -> TracerProvider | None:
    """Export spans over OTLP/HTTP to `endpoint`; do nothing where there is none."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - slow
        OTLPSpanExporter,
    )

    provider = TracerProvider(resource=Resource.create({"service.name": f"interlock.{service}"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUE_SPANS))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    traceparent: str | None = None,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """A span, below the one that `traceparent` names."""
    parent: Context | None = None
    if traceparent is not None:
        parent = _propagator.extract({"traceparent": traceparent})
    with _tracer.start_as_current_span(name, parent, kind, attributes) as current:
        yield current


def describe(attributes: Attributes) -> None:
    """Add attributes to the span that is open, if one is."""
    trace.get_current_span().set_attributes(dict(attributes))


def traceparent_for(tenant: str, run_id: str) -> str:
    """The context to put on a fact: the open span's, or else the run's own."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent") or run_traceparent(tenant, run_id)


def run_traceparent(tenant: str, run_id: str) -> str:
    """A context derived from the run alone, the same wherever it is computed."""
    digest = hashlib.sha256(f"{tenant}/{run_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"

"""Traces: W3C context on every fact, spans by OTLP where an endpoint is set.

Without an endpoint nothing is recorded, yet every fact still carries a `traceparent`: its trace id
is derived from the run, so that whatever an operator turns on later falls into the same trace.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.genai import ERROR_TYPE

RUN_TRACES = 1024  # derived contexts kept
QUEUE_SPANS = 4096  # spans waiting for the exporter; more are dropped, and nothing blocks

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("interlock")
_exporting: list[TracerProvider] = []
Attributes = Mapping[str, str | int | float | bool | Sequence[str]]


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
    _exporting.append(provider)
    return provider


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    traceparent: str | None = None,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """A span, below the one that `traceparent` names; nothing at all where none is exported."""
    if not _exporting:
        yield trace.INVALID_SPAN
        return
    parent: Context | None = None
    if traceparent is not None:
        parent = _propagator.extract({"traceparent": traceparent})
    with _tracer.start_as_current_span(name, parent, kind, attributes) as current:
        yield current


def describe(attributes: Attributes) -> None:
    """Add attributes to the span that is open, if one is; `error.type` makes it a failed one."""
    current = trace.get_current_span()
    current.set_attributes(dict(attributes))
    if ERROR_TYPE in attributes:
        current.set_status(StatusCode.ERROR)


def traceparent_for(tenant: str, run_id: str, heard: str | None = None) -> str:
    """The context to put on a fact: the open span's, or what was heard, or the run's own."""
    if not _exporting:
        return heard or run_traceparent(tenant, run_id)
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent") or heard or run_traceparent(tenant, run_id)


@lru_cache(maxsize=RUN_TRACES)
def run_traceparent(tenant: str, run_id: str) -> str:
    """A context derived from the run alone, the same wherever it is computed."""
    digest = hashlib.sha256(f"{tenant}/{run_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"

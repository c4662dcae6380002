"""Spans as OTLP: what any OpenTelemetry back end takes."""

from collections.abc import Iterable
from functools import lru_cache

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.telemetry import semconv

from .shape import Kind, LinkShape, SpanShape

SCOPE = InstrumentationScope("interlock", schema_url=semconv.SCHEMA_URL)
TRACES_PATH = "/v1/traces"
_KINDS: dict[Kind, SpanKind] = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


def encoded(spans: Iterable[SpanShape]) -> bytes:
    """The body of one ExportTraceServiceRequest, to be sent to `/v1/traces`."""
    message: bytes = encode_spans([readable(span) for span in spans]).SerializeToString()
    return message


def readable(span: SpanShape) -> ReadableSpan:
    """A span as the SDK has it, for its exporters."""
    parent = None if span.parent_id is None else _context(span.trace_id, span.parent_id)
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=parent,
        resource=_resource(span.service),
        attributes=span.attributes,
        events=[Event(event.name, event.attributes, event.at_ns) for event in span.events],
        links=[_link(link) for link in span.links],
        kind=_KINDS[span.kind],
        status=Status(StatusCode.UNSET if span.error is None else StatusCode.ERROR, span.error),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=SCOPE,
    )


def _link(link: LinkShape) -> Link:
    return Link(_context(link.trace_id, link.span_id), link.attributes)


def _context(trace_id: str, span_id: str) -> SpanContext:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled)


@lru_cache(maxsize=32)
def _resource(service: str) -> Resource:
    return Resource({semconv.SERVICE_NAME: f"interlock.{service}"})

"""What tests of several services ask for."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared import telemetry


@pytest.fixture
def exported_spans(monkeypatch):
    """Tracing as with an endpoint; call it for the spans that have ended so far."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The global provider of OpenTelemetry can be set only once in a process.
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("interlock"))
    monkeypatch.setattr(telemetry, "_exporting", [provider])
    yield exporter.get_finished_spans
    provider.shutdown()

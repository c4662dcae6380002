"""Log lines by OTLP/HTTP, beside standard error: bounded, and never in anybody's way.

A line that finds the queue full is dropped and counted; so are those of an export that failed.
Standard error has them all.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from shared.background import running
from shared.metrics import DROPPED, EXPORT_FAILURES, EXPORTED

from .back_end import BackEnd
from .sender import ExportFailed, Sender

SIGNAL = "logs"
LOGS_PATH = "/v1/logs"
QUEUED_LINES = 2048
BATCH_LINES = 512
INTERVAL_SECONDS = 1.0
EXPORT_SECONDS = 2.0
# Our levels, as OpenTelemetry counts them.
SEVERITIES = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
# What has a place of its own in a record.
_PLACED = frozenset({"event", "level", "timestamp", "trace_id", "span_id"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Event = MutableMapping[str, Any]

_queue: deque[dict[str, Any]] = deque()
_exporting: list[str] = []


def keep_for_export(_logger: object, _method: str, event: Event) -> Event:
    """Queue a finished line, if somebody takes them; it goes on to standard error in any case."""
    if _exporting:
        if len(_queue) < QUEUED_LINES:
            _queue.append(dict(event))
        else:
            DROPPED.labels(SIGNAL).inc()
    return event


@asynccontextmanager
async def exporting_logs(service: str, back_end: BackEnd | None) -> AsyncIterator[None]:
    """Lines go to a back end while the block lasts; without one nothing happens."""
    if back_end is None:
        yield
        return
    sender = Sender(back_end, LOGS_PATH, EXPORT_SECONDS)
    _exporting.append(service)
    try:
        async with running(_run(sender, service)):
            yield
    finally:
        _exporting.remove(service)
        await _export(sender, service)
        _queue.clear()
        await sender.close()


async def _run(sender: Sender, service: str) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        while _queue and await _export(sender, service):
            pass


async def _export(sender: Sender, service: str) -> bool:
    """One batch; whether it was taken."""
    lines = [_queue.popleft() for _ in range(min(BATCH_LINES, len(_queue)))]
    if not lines:
        return True
    try:
        await sender.send(encoded(service, lines))
    except ExportFailed:
        # Not a line about it: that would be one more to export.
        EXPORT_FAILURES.labels(SIGNAL).inc()
        DROPPED.labels(SIGNAL).inc(len(lines))
        return False
    EXPORTED.labels(SIGNAL).inc(len(lines))
    return True


def encoded(service: str, lines: list[dict[str, Any]]) -> bytes:
    """The body of one ExportLogsServiceRequest."""
    # The SDK takes 0.2 s to import: only who exports pays for it.
    from opentelemetry._logs import LogRecord, SeverityNumber  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs  # noqa: PLC0415
    from opentelemetry.sdk._logs import ReadableLogRecord  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

    resource = Resource({"service.name": f"interlock.{service}"})
    scope = InstrumentationScope("interlock")
    records = [
        ReadableLogRecord(
            LogRecord(
                timestamp=_nanoseconds(line),
                observed_timestamp=_nanoseconds(line),
                context=_context(line),
                severity_text=line.get("level"),
                severity_number=SeverityNumber(SEVERITIES.get(line.get("level", ""), 9)),
                body=line["event"],
                event_name=line["event"],
                attributes=_attributes(line),
            ),
            resource,
            scope,
        )
        for line in lines
    ]
    body: bytes = encode_logs(records).SerializeToString()
    return body


def _context(line: Mapping[str, Any]) -> Context | None:
    """The span that the line was written in; what no delivery wrote has none."""
    if "trace_id" not in line:
        return None
    sampled = TraceFlags(TraceFlags.SAMPLED)
    place = SpanContext(int(line["trace_id"], 16), int(line["span_id"], 16), False, sampled)
    return set_span_in_context(NonRecordingSpan(place), Context())


def _nanoseconds(line: Mapping[str, Any]) -> int:
    since = datetime.fromisoformat(line["timestamp"]) - _EPOCH
    return since // timedelta(microseconds=1) * 1000


def _attributes(line: Mapping[str, Any]) -> dict[str, Any]:
    named = {"run_id": "interlock.run.id", "tenant": "interlock.tenant"}
    return {
        named.get(name, name): value
        for name, value in line.items()
        if name not in _PLACED and value is not None
    }

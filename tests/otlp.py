"""An OTLP/HTTP receiver on this machine, for tests: it takes signals, or misbehaves as told."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRICKLE_SECONDS = 0.01


@dataclass
class Received:
    """A span as it came over the wire, with the resource that sent it."""

    service: str
    span: Span

    @property
    def attributes(self) -> dict[str, object]:
        return {one.key: _plain(one.value) for one in self.span.attributes}

    @property
    def key(self) -> tuple[str, str]:
        return (self.span.trace_id.hex(), self.span.span_id.hex())


@dataclass
class ReceivedMetric:
    """A metric as it came over the wire, with the resource that sent it."""

    service: str
    metric: Metric

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def points(self) -> list[tuple[dict[str, object], object]]:
        """Each point with its attributes."""
        data = getattr(self.metric, self.metric.WhichOneof("data"))
        return [
            ({one.key: _plain(one.value) for one in point.attributes}, point)
            for point in data.data_points
        ]


@dataclass
class Receiver:
    """`mode`: take, refuse (500), hang (never answers), trickle (never ends its answer)."""

    url: str = ""
    mode: str = "take"
    asked: int = 0
    spans: list[Received] = field(default_factory=list)
    metrics: list[ReceivedMetric] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def of_run(self, run_id: str) -> list[Received]:
        return [one for one in self.spans if one.attributes.get("interlock.run.id") == run_id]

    def take(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/traces":
            self._take_spans(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self._take_metrics(ExportMetricsServiceRequest.FromString(body))
        elif path == "/v1/logs":
            self._take_logs(ExportLogsServiceRequest.FromString(body))

    def _take_spans(self, request: ExportTraceServiceRequest) -> None:
        for group in request.resource_spans:
            service = _service(group.resource)
            self.spans += [
                Received(service, span) for scope in group.scope_spans for span in scope.spans
            ]

    def _take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        for group in request.resource_metrics:
            service = _service(group.resource)
            self.metrics += [
                ReceivedMetric(service, one)
                for scope in group.scope_metrics
                for one in scope.metrics
            ]

    def _take_logs(self, request: ExportLogsServiceRequest) -> None:
        for group in request.resource_logs:
            self.logs += [record for scope in group.scope_logs for record in scope.log_records]


@asynccontextmanager
async def receiver(port: int = 0):
    """A receiver until the block is left."""
    told = Receiver()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await answer_all(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            told.asked += 1
            told.heads.append(head)
            if told.mode == "hang":
                await reader.read()  # until whoever asked gives up
                return
            if told.mode == "trickle":
                await _trickle(writer)
            if told.mode == "take":
                told.take(head.split()[1].decode(), body)
            status = b"200 OK" if told.mode == "take" else b"500 No"
            writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()

    handling: set[asyncio.Task] = set()

    def accept(reader, writer):
        task = asyncio.ensure_future(serve(reader, writer))
        handling.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)


async def _trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:  # until whoever asked gives up
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(TRICKLE_SECONDS)


def _service(resource) -> str:
    (service,) = [
        one.value.string_value for one in resource.attributes if one.key == "service.name"
    ]
    return service


def _plain(value) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_plain(one) for one in value.array_value.values)
    return getattr(value, kind)

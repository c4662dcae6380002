"""The registry by OTLP/HTTP, every so often.

Counts are cumulative: what one export fails to tell, the next one tells, so nothing is queued.
"""

import asyncio
import time
from contextlib import suppress
from uuid import uuid4

import structlog
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, CollectorRegistry

from shared.metrics import DROPPED, EXPORT_FAILURES, EXPORTED

from . import semconv
from .back_end import BackEnd
from .meters import Cadence
from .points import metrics_data, points_in
from .sender import ExportFailed, Sender

log = structlog.get_logger()

SIGNAL = "metrics"
METRICS_PATH = "/v1/metrics"
# Far above what a service has; a label that runs away ends here, and is counted as dropped.
SERIES_LIMIT = 20_000


class MetricsExport:
    """Tells one back end what is on the registry."""

    def __init__(
        self,
        service: str,
        back_end: BackEnd,
        cadence: Cadence,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._cadence = cadence
        self._registry = registry
        # Two replicas count each for itself: without an instance they would be one series.
        self._resource = Resource(
            {semconv.SERVICE_NAME: f"interlock.{service}", "service.instance.id": uuid4().hex}
        )
        self._sender = Sender(back_end, METRICS_PATH, cadence.timeout_seconds)
        self._failed = False

    async def run(self) -> None:
        """Export until cancelled."""
        while True:
            await asyncio.sleep(self._cadence.interval_seconds)
            await self.export()

    async def export(self) -> None:
        """Tell what there is now. A failure is counted, and nobody waits longer for it."""
        # Another thread: a thousand series take milliseconds to put into bytes.
        body, points = await asyncio.to_thread(self._encoded)
        if points > SERIES_LIMIT:
            self._missed(points, f"{points} series; {SERIES_LIMIT} are told")
            return
        try:
            await self._sender.send(body)
        except ExportFailed as error:
            EXPORT_FAILURES.labels(SIGNAL).inc()
            self._missed(points, str(error))
        else:
            EXPORTED.labels(SIGNAL).inc(points)
            self._failed = False

    async def close(self) -> None:
        """Tell the last of it, for as long as one export may take."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.export(), self._cadence.timeout_seconds)
        await self._sender.close()

    def _encoded(self) -> tuple[bytes, int]:
        told = metrics_data(self._registry.collect(), self._resource, time.time_ns())
        return encode_metrics(told).SerializeToString(), points_in(told)

    def _missed(self, points: int, error: str) -> None:
        DROPPED.labels(SIGNAL).inc(points)
        # Once, and not at every try of an hour's outage.
        if not self._failed:
            log.warning("metrics.export_failed", points=points, error=error)
        self._failed = True

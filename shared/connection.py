"""The connection of a service to NATS: its identity, its inbox, and what its errors mean."""

from typing import Any

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client

from shared.metrics import CONNECTION_ERRORS
from shared.settings import ServiceSettings

log = structlog.get_logger()

# Set by `mark_repeated_headers` on a message in which the server's own header came twice.
REPEATED = "Interlock-Repeated"
_SUBJECT_HEADER = b"Nats-Subject:"


def inbox_prefix(service: str) -> str:
    """Where the answers to a service come: its NATS user may listen nowhere else."""
    return f"_INBOX_{service}"


def make_broker(service: str, settings: ServiceSettings) -> NatsBroker:
    """The FastStream broker that owns the connection. Streams are never declared from here."""

    async def on_error(error: Exception) -> None:
        # A permission violation is no exception anywhere else in nats-py: calls just time out.
        CONNECTION_ERRORS.labels(type(error).__name__).inc()
        log.warning("nats.error", service=service, error=str(error))

    return NatsBroker(
        settings.nats_url,
        name=service,
        inbox_prefix=inbox_prefix(service).encode(),
        nkeys_seed=str(settings.nkey_file) if settings.nkey_file else None,
        error_cb=on_error,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        pending_size=8 * 1024 * 1024,
        graceful_timeout=settings.stop_grace_seconds,
        logger=None,
    )


def mark_repeated_headers(client: Client) -> None:
    """Make repeated server headers visible.

    A direct get adds `Nats-Subject` to every message. On one that the server had already stored
    for somebody (a forged reply subject) the header then stands twice, and nats-py keeps only the
    last. There is no public hook; a test on the real server holds this one.
    """
    parse = client._parse_header_lines  # noqa: SLF001 - see above

    def marking(raw: bytes) -> dict[str, Any]:
        headers: dict[str, Any] = parse(raw)
        if raw.count(_SUBJECT_HEADER) > 1:
            headers[REPEATED] = "1"
        return headers

    client._parse_header_lines = marking  # type: ignore[method-assign]  # noqa: SLF001 - as above

"""The connection of a service to NATS: its identity, its inbox, and what its errors mean."""

import ssl
from pathlib import Path

import structlog
from faststream.nats import NatsBroker, NatsNKey
from faststream.nats.security import NatsSecurity
from nats.aio.client import Client

from contracts.envelope import RESTORED_HEADERS
from shared.errors import ConfigError
from shared.metrics import CONNECTION_ERRORS
from shared.settings import ServiceSettings

log = structlog.get_logger()

CA_VARIABLE = "INTERLOCK_NATS_CA_FILE"

# Set by `mark_repeated_headers` on a message in which a header of the server's came twice.
REPEATED = "Interlock-Repeated"
_LINE = b"\r\n"
_SERVER_NAMES = tuple(name.encode() for name in RESTORED_HEADERS)


def inbox_prefix(service: str) -> str:
    """Where the answers to a service come: its NATS user may listen nowhere else."""
    return f"_INBOX_{service}"


def servers_of(url: str) -> list[str]:
    """The servers of a setting, comma separated: who loses one goes on at another."""
    return [server for one in url.split(",") if (server := one.strip())]


def tls_to(ca_file: Path | None) -> ssl.SSLContext | None:
    """How to know the servers, by the certificate of their authority; None: no TLS is asked for.

    Raises:
        ConfigError: there is no certificate in that file.
    """
    if ca_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{CA_VARIABLE}: {ca_file} is no certificate: {error}") from None
    return context


def security_of(settings: ServiceSettings) -> NatsSecurity | None:
    """Who a service is, and how it knows the server.

    Raises:
        ConfigError: the certificate of the authority cannot be read.
    """
    # A client that waits to be asked for TLS would go on in the clear, were it not asked.
    tls = tls_to(settings.nats_ca_file)
    if settings.nkey_file is not None:
        return NatsNKey.from_file(
            settings.nkey_file, ssl_context=tls, tls_handshake_first=tls is not None
        )
    return None if tls is None else NatsSecurity(ssl_context=tls, tls_handshake_first=True)


def make_broker(service: str, settings: ServiceSettings) -> NatsBroker:
    """The FastStream broker that owns the connection. Streams are never declared from here."""

    async def on_error(error: Exception) -> None:
        # A permission violation is no exception anywhere else in nats-py: calls just time out.
        CONNECTION_ERRORS.labels(type(error).__name__).inc()
        log.warning("nats.error", service=service, error=str(error))

    return NatsBroker(
        servers_of(settings.nats_url),
        name=service,
        inbox_prefix=inbox_prefix(service).encode(),
        security=security_of(settings),
        error_cb=on_error,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        # A node that hangs, or a cable that was pulled, closes no connection.
        ping_interval=settings.ping_seconds,
        pending_size=8 * 1024 * 1024,
        graceful_timeout=settings.stop_grace_seconds,
        logger=None,
    )


def mark_repeated_headers(client: Client) -> None:
    """Make the reading of headers safe: repeated ones are marked, malformed ones do no harm.

    A direct get adds `Nats-Subject` and `Nats-Stream` to every message. On one that the server had
    already stored for somebody (a forged reply subject) they then stand twice, and nats-py keeps
    only the last. And a block that nats-py cannot decode (the engine stores none, but core NATS
    hands it on) would end its reading of the connection, without a word. There is no public hook;
    tests on the real server hold this one.
    """
    process = client._process_headers  # noqa: SLF001 - see above

    async def reading(raw: bytes) -> dict[str, str] | None:
        if not raw:
            return None
        try:
            headers = dict(await process(raw) or {})
        except (ValueError, IndexError):
            headers = client._parse_header_lines(raw.partition(_LINE)[2])  # noqa: SLF001 - as above
        headers.pop(REPEATED, None)
        if _is_repeated(raw):
            headers[REPEATED] = "1"
        return headers or None

    client._process_headers = reading  # type: ignore[method-assign, assignment]  # noqa: SLF001


def _is_repeated(raw: bytes) -> bool:
    names = [line.partition(b":")[0].strip() for line in raw.split(_LINE)]
    return any(names.count(name) > 1 for name in _SERVER_NAMES)

"""Hosts and ports of URLs: what is shown of one, and nothing of its user or password."""

from urllib.parse import urlsplit

NATS_PORT = 4222
PORTS = {"http": 80, "https": 443, "nats": NATS_PORT, "tls": NATS_PORT}


def host_and_port(url: str, scheme: str = "nats") -> tuple[str, int]:
    """Where a URL leads; `scheme` is that of one that names none.

    Raises:
        ValueError: it names no host, or its port is none.
    """
    parts = urlsplit(url if "://" in url else f"{scheme}://{url}")
    if not parts.hostname:
        raise ValueError(f"no host in the URL ({parts.scheme}://...)")
    return parts.hostname, parts.port or PORTS.get(parts.scheme, NATS_PORT)


def shown(url: str) -> str:
    """`host:port`, or that there is none."""
    try:
        host, port = host_and_port(url)
    except ValueError:
        return "(a URL that does not parse)"
    return f"{host}:{port}"

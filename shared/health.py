"""The HTTP face of a service: alive, ready, and its metrics."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Troubles = Callable[[], list[str]]


def healthz() -> AsgiApp:
    """200 as long as the process serves."""
    return _answering(lambda: (200, b'{"status": "alive"}', "application/json"))


def readyz(troubles: Troubles) -> AsgiApp:
    """200 while the service hears its consumers; else 503 with what is wrong."""

    def answer() -> tuple[int, bytes, str]:
        found = troubles()
        body = json.dumps({"ready": not found, "troubles": found}).encode()
        return (503 if found else 200), body, "application/json"

    return _answering(answer)


def metrics() -> AsgiApp:
    """Prometheus text format."""
    return _answering(lambda: (200, generate_latest(), CONTENT_TYPE_LATEST))


def _answering(answer: Callable[[], tuple[int, bytes, str]]) -> AsgiApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        status, body, content_type = answer()
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app

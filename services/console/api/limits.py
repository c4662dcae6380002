"""What every request and answer is held to: a size, and headers that keep browsers careful."""

import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.errors import TooLarge

Headers = tuple[tuple[bytes, bytes], ...]

HEADERS: Headers = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    ),
)


class SafeHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Headers = HEADERS) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                more = [one for one in self._headers if one[0] not in known]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Refuses a body over the limit before anything parses it, whatever its length header says.

    `limits` are those of paths that take more than the others.
    """

    def __init__(
        self, app: ASGIApp, limit_bytes: int, limits: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._limits = limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limits.get(scope["path"], self._limit_bytes)
        messages: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > limit_bytes:
                await self._refuse(send, limit_bytes)
                return
        read = iter(messages)

        async def replay() -> Message:
            known = next(read, None)
            return await receive() if known is None else known

        await self._app(scope, replay, send)

    async def _refuse(self, send: Send, limit_bytes: int) -> None:
        error = TooLarge(f"the body is over {limit_bytes} bytes", "body_limit_bytes", "shorten it")
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"connection", b"close"),
            *HEADERS,
        ]
        status = {"type": "http.response.start", "status": error.status, "headers": headers}
        await send(status)
        await send({"type": "http.response.body", "body": json.dumps(error.problem()).encode()})

"""A server by streamable HTTP: headers from named variables, bodies of a bounded length."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from services.tool_executor.adapters.credentials.given import Given
from services.tool_executor.errors import ServerUnusable

from .declared import Http
from .wire import Flooded, Wire

CONNECT_SECONDS = 10.0


@asynccontextmanager
async def http_streams(http: Http, wire: Wire, given: Given) -> AsyncIterator[TransportStreams]:
    """Speak to the server. The SDK follows no redirect to another origin.

    Raises:
        ServerUnusable: a variable that a header is to be taken from is not set.
    """
    transport = _Bounded(httpx2.AsyncHTTPTransport(), wire)
    # How long an answer may take is the time limit of each call.
    timeout = httpx2.Timeout(CONNECT_SECONDS, read=None)
    async with (
        httpx2.AsyncClient(
            transport=transport, timeout=timeout, headers=_headers(http, given)
        ) as client,
        streamable_http_client(
            http.url, http_client=client, max_sse_event_size=wire.message_limit_bytes
        ) as streams,
    ):
        yield streams


def _headers(http: Http, given: Given) -> dict[str, str]:
    values = dict(given.values)
    missing = sorted({name for name in http.headers.values() if not values.get(name)})
    if missing:
        raise ServerUnusable(f"{', '.join(missing)} is not set, and a header is taken from it")
    taken = {header: values[name] for header, name in http.headers.items()}
    return {**taken, "Accept-Encoding": "identity"}


class _Bounded(httpx2.AsyncBaseTransport):
    """Counts what comes back."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        # Decoded it may be a thousand times as long as what is counted here.
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            self._wire.broke("it compressed its answer, and was asked not to")
            raise httpx2.ReadError("compressed")
        assert isinstance(response.stream, httpx2.AsyncByteStream), "it was asked for with await"
        response.stream = _Counted(response.stream, self._wire)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            try:
                self._wire.took(len(chunk))
            except Flooded as error:
                self._wire.broke(str(error))
                raise httpx2.ReadError(str(error)) from None
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()

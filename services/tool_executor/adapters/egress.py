"""The way out of a jail: an HTTP proxy that reaches the hosts of one tool, and no private address.

A name is resolved here, once, and the very address that was judged is connected to: a name that
points inside, now or a moment later, leads nowhere. What goes through a tunnel is not read, so who
shares an address with an allowed host, as on a content network, can be reached under its name.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.tool_executor.rules import (
    HEAD_LIMIT_BYTES,
    Denied,
    Destination,
    Host,
    asked_for,
    check_address,
    check_destination,
)

log = structlog.get_logger()

CONNECTIONS_LIMIT = 16
CHUNK_BYTES = 65_536
CONNECT_SECONDS = 10.0
HEAD_SECONDS = 10.0
REFUSE_SECONDS = 1.0
IDLE_SECONDS = 60.0

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as this machine has them.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class EgressLimits:
    """What may go through in one call, both ways together."""

    total_bytes: int
    connect_seconds: float = CONNECT_SECONDS
    idle_seconds: float = IDLE_SECONDS


class Egress:
    """One proxy, for one worker."""

    def __init__(
        self, hosts: Sequence[Host], limits: EgressLimits, resolve: Resolve = resolved
    ) -> None:
        self._hosts = tuple(hosts)
        self._limits = limits
        self._resolve = resolve
        self._left = limits.total_bytes
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, path: Path) -> AsyncIterator[None]:
        """Serve on a local socket for as long as the worker lives."""
        server = await asyncio.start_unix_server(self._serve, path, limit=HEAD_LIMIT_BYTES)
        try:
            yield
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a server calls it"
        self._serving.add(task)
        try:
            self._admit()
            await self._proxy(reader, writer)
        except Denied as denied:
            log.warning("executor.egress_denied", reason=str(denied))
            await _refuse(denied, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # Whoever asked is gone, or its worker is.
        finally:
            self._serving.discard(task)
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()

    def _admit(self) -> None:
        if len(self._serving) > CONNECTIONS_LIMIT:
            raise Denied(503, f"more than {CONNECTIONS_LIMIT} connections at once")

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = asked_for(await _head(reader))
        host = check_destination(asked.destination, self._hosts)
        there_reader, there_writer = await self._connect(asked.destination, host)
        try:
            if asked.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there_writer.write(asked.forwarded)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, there_writer))
                both.create_task(self._pass(there_reader, writer))
        except* (OSError, TimeoutError):
            pass
        finally:
            there_writer.close()

    async def _connect(
        self, destination: Destination, host: Host
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to an address that was judged.

        Raises:
            Denied: no address of the name may be reached, or none answers.
        """
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                addresses = await self._resolve(destination.name, destination.port)
                for address in addresses:
                    check_address(destination, address, host)
                for address in addresses:
                    with contextlib.suppress(OSError):
                        return await asyncio.open_connection(address, destination.port)
        except (OSError, TimeoutError) as error:
            raise Denied(502, f"{destination} does not answer: {error or 'too late'}") from None
        raise Denied(502, f"{destination} does not answer")

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(self._limits.idle_seconds):
                chunk = await source.read(CHUNK_BYTES)
            if not chunk:
                break
            self._left -= len(chunk)
            if self._left < 0:
                log.warning("executor.egress_flood", limit=self._limits.total_bytes)
                raise ConnectionAbortedError
            target.write(chunk)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Denied(431, f"a head of more than {HEAD_LIMIT_BYTES} bytes") from None


async def _refuse(
    denied: Denied, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer; and hear out who asked for a moment, since a close on unread bytes takes it back."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(REFUSE_SECONDS):
            writer.write(denied.answer())
            writer.write_eof()
            while await reader.read(CHUNK_BYTES):
                pass

"""An OTLP receiver that takes everything and keeps nothing but its size."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from infra.platform.ports import LOOPBACK

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Sink:
    """Where exporters send, and how much has come."""

    url: str = ""
    requests: int = 0
    bytes: int = 0


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Take OTLP/HTTP on a free port of this machine until the block is left."""
    told = Sink()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                told.requests += 1
                told.bytes += len(body)
                writer.write(ANSWER)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    told.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        server.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0

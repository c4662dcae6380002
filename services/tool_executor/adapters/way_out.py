"""Inside a jail: a port of its own network that leads to the executor's proxy, and nowhere else.

Programs speak to a proxy by TCP, and the only way through the wall of a network namespace is a
local socket. So a thread passes bytes from the one to the other; what they say is judged outside.
"""

import asyncio
import threading
from pathlib import Path

SOCKET = Path("/run/egress.sock")
PORT = 3128
PROXY = f"http://127.0.0.1:{PORT}"
# Each library has its own spelling.
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
CHUNK_BYTES = 65_536
OPEN_SECONDS = 5.0


def open_way_out() -> None:
    """Listen, before a tool is there to ask.

    Raises:
        OSError: the port cannot be had.
    """
    listening = threading.Event()
    threading.Thread(target=_run, args=(listening,), daemon=True, name="way-out").start()
    if not listening.wait(OPEN_SECONDS):
        raise OSError(f"nothing listens on {PROXY}")


def _run(listening: threading.Event) -> None:
    asyncio.run(_listen(listening))


async def _listen(listening: threading.Event) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", PORT)
    listening.set()
    async with server:
        await server.serve_forever()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there_reader, there_writer = await asyncio.open_unix_connection(SOCKET)
        await asyncio.gather(_pass(reader, there_writer), _pass(there_reader, writer))
    except OSError:
        pass
    finally:
        writer.close()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK_BYTES):
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()

"""A way to a server's socket that a test may close, as a cable that is pulled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

PIECE_BYTES = 65_536


class Gateway:
    """Passes connections on for as long as it is open."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._passing: set[asyncio.Task[None]] = set()
        self._is_open = True

    @property
    def connections(self) -> int:
        return len(self._passing)

    def close(self) -> None:
        """Drop every connection, and refuse others until `open`."""
        self._is_open = False
        for task in self._passing:
            task.cancel()

    def open(self) -> None:
        self._is_open = True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open:
            writer.close()
            return
        try:
            there_reader, there_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        ways = ((reader, there_writer), (there_reader, writer))
        task = asyncio.create_task(_both(ways))
        self._passing.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            self._passing.discard(task)
            # Here, for a task that is cancelled before it begins has no end of its own.
            writer.close()
            there_writer.close()

        task.add_done_callback(ended)


@asynccontextmanager
async def gateway(target: Path, at: Path) -> AsyncIterator[Gateway]:
    """From one socket's path to another's."""
    passing = Gateway(target)
    server = await asyncio.start_unix_server(passing.accept, at)
    try:
        yield passing
    finally:
        passing.close()
        server.close()


Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both(ways: tuple[Way, Way]) -> None:
    """Until one side ends; then the other one ends too."""
    tasks = [asyncio.create_task(_pass_on(*way)) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()

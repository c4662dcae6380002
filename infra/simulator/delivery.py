"""How an answer reaches the client: whole or streamed, at once or slowly, or never.

These are ASGI applications and not Starlette responses, because a cut answer must announce more
bytes than it sends, which a well-meaning response class does not let happen.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope, Send

from infra.simulator.faults import Fault
from infra.simulator.settings import SimulatorSettings

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An HTTP answer in pieces, and the fault it meets on its way."""

    status: int
    headers: dict[str, str]
    pieces: Sequence[bytes]
    settings: SimulatorSettings
    streamed: bool = False
    delay_seconds: float = 0.0
    fault: Fault | None = None

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        if self.delay_seconds:
            await _leave_waiting(receive, self.delay_seconds)
        match self.fault:
            case Fault(kind="hang", seconds=seconds):
                await _leave_waiting(receive, _or(seconds, self.settings.hang_seconds))
                # Without a start the server would answer 500; with one it closes the connection.
                await send(self._start(sum(map(len, self.pieces))))
            case Fault(kind="slow", seconds=seconds):
                await self._send_slowly(_or(seconds, self.settings.slow_seconds), send)
            case Fault(kind="cut_stream"):
                await self._send_cut(send)
            case Fault(kind="malformed_json"):
                await self._send(broken_json(self.pieces), send)
            case _:
                await self._send(self.pieces, send)

    async def _send(self, pieces: Sequence[bytes], send: Send) -> None:
        # A stream that nothing delays goes out in one write: the client cannot tell.
        body = b"".join(pieces)
        await send(self._start(len(body)))
        await send({"type": "http.response.body", "body": body})

    async def _send_cut(self, send: Send) -> None:
        """Half of the answer, and then the connection is closed on a client that expects more."""
        body = b"".join(self.pieces)
        await send(self._start(len(body)))
        half = body[: len(body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})

    async def _send_slowly(self, seconds: float, send: Send) -> None:
        await send(self._start(sum(map(len, self.pieces))))
        for piece in self.pieces:
            await asyncio.sleep(seconds / len(self.pieces))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _start(self, length: int) -> Message:
        headers = {"content-type": STREAM_TYPE if self.streamed else JSON_TYPE} | self.headers
        # Only a whole answer knows its length on the real wire; a stream is sent in chunks.
        if not self.streamed:
            headers["content-length"] = str(length)
        return {
            "type": "http.response.start",
            "status": self.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }


def broken_json(pieces: Sequence[bytes]) -> list[bytes]:
    """The same pieces with the JSON of the middle one cut in half, and ended properly."""
    middle = len(pieces) // 2
    broken = pieces[middle][: len(pieces[middle]) * 2 // 3].rstrip()
    framed = broken + b"\n\n" if len(pieces) > 1 else broken
    return [*pieces[:middle], framed, *pieces[middle + 1 :]]


def _or(seconds: float | None, default: float) -> float:
    return default if seconds is None else seconds


async def _leave_waiting(receive: Receive, seconds: float) -> None:
    """Wait, but no longer than the client does."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                continue
    except TimeoutError:
        return

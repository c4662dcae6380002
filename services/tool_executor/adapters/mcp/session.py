"""One session with one server: it serves one call at a time, and ends with a call that goes wrong.

The SDK's own contexts have to be left by the task that entered them, so a session has a task.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.client import Client
from mcp.client._transport import TransportStreams
from mcp.client.session import ClientSession, IncomingMessage
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from contracts.progress import Progress
from services.tool_executor.adapters.credentials.given import NOTHING, Given
from services.tool_executor.errors import ServerUnusable

from .declared import Server
from .http import http_streams
from .stdio import stdio_streams
from .wire import Wire

PAGES_LIMIT = 64
CLOSE_SECONDS = 8.0
IDEMPOTENCY_KEY = "interlock/idempotency-key"
REASON_LIMIT = 300


class SessionOver(Exception):
    """The connection ended before the answer came."""


class Session:
    """Opened by `open`, which lists the tools too. `usable` until something went wrong."""

    def __init__(self, server: Server, given: Given) -> None:
        self._server = server
        self.given = given
        self._wire = Wire(server.message_limit_bytes)
        self._leave = asyncio.Event()
        self._opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live())
        self._changed = False
        self.tools: tuple[types.Tool, ...] = ()
        self.listed_at = 0.0
        self.usable = False

    @classmethod
    async def open(cls, server: Server, given: Given = NOTHING) -> "Session":
        """A session that has listed its tools.

        Raises:
            ServerUnusable: it did not start, or did not list them, in time and within limits.
        """
        session = cls(server, given)
        try:
            async with asyncio.timeout(server.start_seconds):
                await asyncio.wait((session._opened,))
                await session._list(session._opened.result())
        except asyncio.CancelledError:
            await session.close()
            raise
        except Exception as error:  # noqa: BLE001 - the edge: whatever a server did, it is unusable
            # Asked before it is closed: by then its process has ended, whatever was wrong.
            unusable = session._unusable(error)
            await session.close()
            raise unusable from None
        session.usable = True
        return session

    async def refresh(self) -> None:
        """List the tools again.

        Raises:
            ServerUnusable: it does not answer any more.
        """
        try:
            async with asyncio.timeout(self._server.start_seconds):
                await self._list(self._opened.result())
        except Exception as error:  # noqa: BLE001 - as above
            self.usable = False
            raise self._unusable(error) from None

    @property
    def is_connected(self) -> bool:
        return self._wire.trouble is None and not self._task.done()

    @property
    def has_changed(self) -> bool:
        """Whether the server said that its list of tools is another one by now."""
        return self._changed

    @property
    def trouble(self) -> str | None:
        return self._wire.trouble

    async def call(
        self, remote: str, arguments: dict[str, Any], key: str, report: Callable[[Progress], None]
    ) -> types.CallToolResult:
        """Call a tool. The time limit is the caller's.

        Raises:
            SessionOver: the connection ended before the answer came.
            MCPError: the server answered with an error of the protocol.
            ValidationError: the answer is none to a call of a tool.
        """
        self._wire.begin()

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            report(Progress.told(progress, total, message or ""))

        asked = types.CallToolRequest(
            params=types.CallToolRequestParams(
                name=remote, arguments=arguments, _meta={IDEMPOTENCY_KEY: key}
            )
        )
        session = self._opened.result()
        # Not `call_tool`: that would hold the result to whatever schema the server lists, with
        # its regular expressions, and in this process.
        asking = asyncio.ensure_future(
            session.send_request(asked, types.CallToolResult, progress_callback=tell)
        )
        try:
            await asyncio.wait((asking, self._task), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise SessionOver
            return asking.result()
        except MCPError as error:
            if error.code == types.CONNECTION_CLOSED or self._wire.trouble is not None:
                raise SessionOver from None
            raise
        finally:
            asking.cancel()
            with contextlib.suppress(BaseException):
                await asyncio.wait((asking,))

    async def close(self) -> None:
        """End it, within a limit. A process that was started for it has ended then."""
        self.usable = False
        self._leave.set()
        with contextlib.suppress(Exception):
            await asyncio.wait((self._task,), timeout=CLOSE_SECONDS)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=CLOSE_SECONDS)

    async def _live(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(
                    Client(
                        _bare(self._streams()),
                        cache=None,
                        # Nothing is offered: a request for a sample, for what a person would have
                        # to fill in, or for our folders is answered with an error.
                        message_handler=self._hear,
                    )
                )
                self._opened.set_result(client.session)
                await self._leave.wait()
        except BaseException as error:
            self._wire.broke(_sentence(error))
            if not self._opened.done():
                self._opened.set_exception(ServerUnusable(_sentence(error)))
                self._opened.exception()  # Perhaps nobody waits for it any more.
            if isinstance(error, asyncio.CancelledError):
                raise

    def _streams(self) -> contextlib.AbstractAsyncContextManager[TransportStreams]:
        if self._server.stdio is not None:
            return stdio_streams(self._server.stdio, self._wire, self.given)
        assert self._server.http is not None, "it has one way"
        return http_streams(self._server.http, self._wire, self.given)

    async def _hear(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self._changed = True

    async def _list(self, session: ClientSession) -> None:
        self._wire.begin()
        found: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(PAGES_LIMIT):
            page = await session.list_tools(
                params=types.PaginatedRequestParams(cursor=cursor) if cursor else None
            )
            found += page.tools
            if len(found) > self._server.tools_limit:
                raise ServerUnusable(
                    f"it lists more than {self._server.tools_limit} tools; if it is meant, raise "
                    "its tools_limit"
                )
            cursor = page.next_cursor
            if not cursor:
                break
        else:
            raise ServerUnusable(f"its list of tools has more than {PAGES_LIMIT} pages")
        self.tools, self.listed_at, self._changed = tuple(found), time.monotonic(), False

    def _unusable(self, error: Exception) -> ServerUnusable:
        if isinstance(error, ServerUnusable) and self._wire.trouble is None:
            return error
        if isinstance(error, TimeoutError):
            return ServerUnusable(f"it did not answer within {self._server.start_seconds} s")
        return ServerUnusable(self._wire.trouble or _sentence(error))


@asynccontextmanager
async def _bare(
    streams: contextlib.AbstractAsyncContextManager[TransportStreams],
) -> AsyncIterator[TransportStreams]:
    """The streams as the one shape that the SDK takes."""
    async with streams as both:
        yield both


def _sentence(error: BaseException) -> str:
    """What went wrong at the bottom of it: the SDK's task groups wrap it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ServerUnusable):
        return str(error)
    if isinstance(error, ValidationError):
        return "its answer is none of the protocol"
    return f"{type(error).__name__}: {error}"[:REASON_LIMIT]

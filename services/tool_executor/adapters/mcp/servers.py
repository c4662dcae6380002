"""All MCP servers of an executor: their tools as ours, and a session for each call.

A session serves one call at a time. So a call that is stopped takes no other with it, and what a
server says meanwhile is about that call alone. Before each call the list of tools is no older than
`FRESH_SECONDS`: a server that tells of a tool differently by then has changed it, and it runs no
call of what it was.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from contracts.tool import ToolManifest
from services.tool_executor.adapters.credentials.broker import Broker
from services.tool_executor.adapters.credentials.given import Given
from services.tool_executor.adapters.registry import DeclaredTool, Registry, ToolsFile
from services.tool_executor.errors import (
    CredentialMissing,
    CredentialsUnavailable,
    ServerUnusable,
    ToolChanged,
)

from .declared import Server, our_names
from .invocation import RemoteInvocation
from .listing import listing_of
from .place import RemotePlace
from .session import Session

log = structlog.get_logger()

FRESH_SECONDS = 5.0
# A leased value outlasts this, or another is asked for; how long a call takes is not known here.
BEFORE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """Which servers could not be asked, and which declared tools could not be found; sentences."""

    failures: tuple[str, ...]
    findings: tuple[str, ...]


Told = Callable[[ToolManifest], None]


def _untold(_: ToolManifest) -> None:
    """Nobody asks."""


class McpServers:
    """Fills the registry with what servers list, and keeps it true."""

    def __init__(
        self,
        file: ToolsFile,
        registry: Registry,
        *,
        wait_seconds: float,
        broker: Broker,
        told: Told = _untold,
    ) -> None:
        self._file = file
        self._registry = registry
        self._told = told
        self._server_of = {ours: server for ours, server, _ in our_names(file.servers)}
        self._lenders = {
            name: _Lender(server, wait_seconds, broker) for name, server in file.servers.items()
        }
        self._findings: dict[str, tuple[str, ...]] = {}

    async def list_all(self) -> "Look":
        """Ask every server for its tools."""
        failures = await asyncio.gather(*map(self._look, self._lenders))
        found = [f"servers.{name}: {one}" for name, told in self._findings.items() for one in told]
        return Look(tuple(one for one in failures if one is not None), tuple(found))

    async def look_up(self, tool: str) -> None:
        """Have the tool in the registry, if a server declares it and could not be asked before.

        Raises:
            ServerUnusable: it cannot be asked now either.
        """
        server = self._server_of.get(tool)
        if server is None or tool in self._registry.tools or server in self._findings:
            return
        async with self._lend(server):
            return

    @asynccontextmanager
    async def place(self, tool: DeclaredTool) -> AsyncIterator[RemotePlace]:
        """A session for one call of the tool, which is what it was.

        Raises:
            ServerUnusable: there is none now.
            ToolChanged: the server tells of it differently by now.
        """
        assert isinstance(tool.invocation, RemoteInvocation), "it was listed by a server"
        name = tool.invocation.server
        async with self._lend(name) as session:
            own = self._registry.tools.get(tool.manifest.name)
            if own is None or own.manifest.sha256 != tool.manifest.sha256:
                raise ToolChanged(tool.manifest.name, name)
            yield RemotePlace(session)

    async def close(self) -> None:
        await asyncio.gather(*(lender.close() for lender in self._lenders.values()))

    async def _look(self, name: str) -> str | None:
        try:
            async with self._lend(name):
                return None
        except ServerUnusable as error:
            return str(error)

    @asynccontextmanager
    async def _lend(self, name: str) -> AsyncIterator[Session]:
        try:
            async with self._lenders[name].lend() as session:
                self._take_in(name, session)
                yield session
        except ServerUnusable as error:
            raise error.of(name) from None

    def _take_in(self, name: str, session: Session) -> None:
        """The registry is as the session lists the tools."""
        limits = {
            tool: one.model_dump(exclude_none=True) for tool, one in self._file.limits.items()
        }
        listing = listing_of(name, self._file.servers[name], session.tools, limits)
        for finding in set(listing.findings) - set(self._findings.get(name, ())):
            log.warning("executor.server_not_as_declared", server=name, reason=finding)
        self._findings[name] = listing.findings
        for tool, server in self._server_of.items():
            if server == name and tool not in listing.tools:
                self._registry.tools.pop(tool, None)
        for tool, offered in listing.tools.items():
            before = self._registry.tools.get(tool)
            if before is not None and before.manifest.sha256 == offered.manifest.sha256:
                continue
            if before is not None:
                log.warning("executor.tool_changed", tool=tool, server=name)
            self._registry.tools[tool] = DeclaredTool(offered.manifest, offered.invocation)
            self._told(offered.manifest)


class _Lender:
    """The sessions of one server: so many calls at once, each in a session of its own."""

    def __init__(self, server: Server, wait_seconds: float, broker: Broker) -> None:
        self._server = server
        self._wait_seconds = wait_seconds
        self._broker = broker
        self._free = asyncio.Semaphore(server.sessions)
        self._idle: list[Session] = []
        self._closed = False

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Session]:
        try:
            await asyncio.wait_for(self._free.acquire(), self._wait_seconds)
        except TimeoutError:
            raise ServerUnusable(
                f"all {self._server.sessions} sessions were busy for {self._wait_seconds:g} s"
            ) from None
        try:
            session = await self._take()
            try:
                yield session
            finally:
                if session.usable and session.is_connected and not self._closed:
                    self._idle.append(session)
                else:
                    await session.close()
        finally:
            self._free.release()

    async def close(self) -> None:
        self._closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.close() for session in idle))

    async def _take(self) -> Session:
        """An idle session that still answers, or a new one. Nothing was sent by then."""
        given = await self._values()
        while self._idle:
            session = self._idle.pop()
            try:
                if session.given != given:
                    await session.close()
                    continue
                if _is_stale(session):
                    await session.refresh()
            except ServerUnusable:
                await session.close()
                continue
            except asyncio.CancelledError:
                await session.close()
                raise
            return session
        return await Session.open(self._server, given)

    async def _values(self) -> Given:
        """What the server is given. Its sessions serve all tenants, so it is nobody's own."""
        try:
            return await self._broker.take(self._server.variables, None, BEFORE_SECONDS)
        except (CredentialMissing, CredentialsUnavailable) as error:
            raise ServerUnusable(str(error)) from None


def _is_stale(session: Session) -> bool:
    age = time.monotonic() - session.listed_at
    return session.has_changed or not session.is_connected or age > FRESH_SECONDS

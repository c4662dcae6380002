"""Runs tools, each in the sandbox that its manifest asks for. A fake that runs nothing is beside.

A place to run is taken before the call is claimed, so that a claim never waits for one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from contracts.tool import ToolContext, is_refusal
from services.tool_executor.errors import ServerUnusable
from services.tool_executor.rules import Ending, Expired, Oversized, Raised, Refused, Returned

from .credentials.broker import Broker
from .frames import HEAD_LIMIT, REASON_LIMIT, Call
from .invocation import Invocation
from .mcp.invocation import RemoteInvocation
from .pool import WorkerPool
from .process import WorkerProcess
from .programs.invocation import INSIDE, ProgramInvocation
from .registry import DeclaredTool
from .silence import Silence

# From the moment at which values are taken to the start of the call: a worker may be waited for.
BEFORE_SECONDS = 30.0


class Place(Protocol):
    """Where one call may run, now."""

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        """Run the call within the limits of its manifest, and tell how it ended."""
        ...


class Runner(Protocol):
    def place(
        self, tool: DeclaredTool, tenant: str | None = None
    ) -> AbstractAsyncContextManager[Place]:
        """A place for one call of the tool, with what it is given for that tenant.

        Raises:
            CredentialMissing: it has no value for one of its variables.
            CredentialsUnavailable: they cannot be read now.
            WorkersBusy: there is none now.
            WorkerUnusable: there is none, and none could be made.
            ServerUnusable: the same, of an MCP server.
            ToolChanged: a server tells of the tool differently by now.
        """
        ...


class Servers(Protocol):
    """The MCP servers of the executor."""

    async def look_up(self, tool: str) -> None:
        """Have a tool in the registry whose server could not be asked before.

        Raises:
            ServerUnusable: it cannot be asked now either.
        """
        ...

    def place(self, tool: DeclaredTool) -> AbstractAsyncContextManager[Place]:
        """A session for one call of the tool.

        Raises:
            ServerUnusable: there is none now.
            ToolChanged: the tool is not what it was.
        """
        ...


class NoServers:
    """None is declared."""

    async def look_up(self, tool: str) -> None:
        """No tool is of a server."""

    def place(self, tool: DeclaredTool) -> AbstractAsyncContextManager[Place]:
        raise ServerUnusable(f"none is declared for {tool.manifest.name}")


NO_SERVERS = NoServers()


class SandboxRunner:
    """Worker processes, the executor's own loop for what is trusted, and MCP servers."""

    def __init__(
        self, pool: WorkerPool, servers: Servers = NO_SERVERS, broker: Broker | None = None
    ) -> None:
        self._pool = pool
        self._servers = servers
        self._broker = broker or Broker()

    @asynccontextmanager
    async def place(self, tool: DeclaredTool, tenant: str | None = None) -> AsyncIterator[Place]:
        if isinstance(tool.invocation, RemoteInvocation):
            async with self._servers.place(tool) as session:
                yield session
            return
        if tool.manifest.sandbox == "in_process":
            yield InProcess()
            return
        seconds = tool.manifest.timeout_seconds + BEFORE_SECONDS
        given = await self._broker.take(tool.secrets, tenant, seconds)
        async with self._pool.lend(replace(tool.kind, given=given)) as worker:
            yield InWorker(worker)


@dataclass(frozen=True, slots=True)
class InWorker:
    """A process of its own: stopped from outside, with its own environment and limits."""

    worker: WorkerProcess

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        manifest, program = tool.manifest, None
        module, function = manifest.module, manifest.function
        if isinstance(tool.invocation, ProgramInvocation):
            program, module, function = tool.invocation, INSIDE, tool.invocation.function
            arguments_json = program.wrapped(arguments_json, manifest.output_limit_bytes)
        call = Call(
            module=module,
            function=function,
            arguments_json=arguments_json,
            context=context,
            time_limit_seconds=manifest.timeout_seconds,
            silent_seconds=manifest.silent_seconds,
            output_limit_bytes=manifest.output_limit_bytes,
        )
        ending = await self.worker.run(call, context.reported)
        return ending if program is None else program.held(ending)


class InProcess:
    """The executor's own loop: instant, and only for code that is trusted like the executor."""

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        manifest, invocation = tool.manifest, tool.invocation
        assert isinstance(invocation, Invocation), "only functions run here"
        silence = Silence(manifest.silent_seconds)
        told = context.telling(silence.broken_by(context.reported))
        try:
            async with asyncio.timeout(manifest.timeout_seconds) as limit, silence.limited():
                keywords = invocation.keywords(arguments_json, told)
                output, labels = invocation.output(await invocation.function(**keywords))
        except Exception as error:  # noqa: BLE001 - the edge: whatever a tool raises is its answer
            if silence.ending is not None:
                return silence.ending
            if limit.expired():
                return Expired(manifest.timeout_seconds)
            said = f"{type(error).__name__}: {error}"[:REASON_LIMIT]
            return Refused(said) if is_refusal(error) else Raised(said)
        if len(output) > manifest.output_limit_bytes:
            return Oversized(len(output), output[:HEAD_LIMIT].decode(errors="ignore"), labels)
        return Returned(output.decode(), labels)


@dataclass
class FakeRunner:
    """Runs nothing: remembers what it was asked to run, and gives the next of its endings."""

    endings: list[Ending] = field(default_factory=list)
    ran: list[tuple[str, str, ToolContext]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    refuses: Exception | None = None

    @asynccontextmanager
    async def place(self, tool: DeclaredTool, tenant: str | None = None) -> AsyncIterator[Place]:  # noqa: ARG002
        if self.refuses is not None:
            raise self.refuses
        self.places.append(tool.manifest.name)
        yield self

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        self.ran.append((tool.manifest.name, arguments_json, context))
        return self.endings.pop(0) if self.endings else Returned('"ok"')

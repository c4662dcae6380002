"""The MCP servers that `tools.yaml` declares, from their start to their end.

Importing the SDK takes a second, so it is imported where there is a server.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from contracts.tool import ToolManifest
from shared.errors import ConfigError

from .credentials.broker import Broker
from .registry import Registry
from .runner import NO_SERVERS, Servers
from .workers import brokering

log = structlog.get_logger()


@asynccontextmanager
async def serving(
    registry: Registry,
    wait_seconds: float,
    told: Callable[[ToolManifest], None],
    broker: Broker,
) -> AsyncIterator[Servers]:
    """The servers, asked for their tools; one that is not there is asked again by a call.

    Each tool that is new, or told of differently, is `told`.
    """
    if not registry.file.servers:
        yield NO_SERVERS
        return
    from .mcp.servers import McpServers  # noqa: PLC0415 - see above

    servers = McpServers(
        registry.file, registry, wait_seconds=wait_seconds, told=told, broker=broker
    )
    try:
        for failure in (await servers.list_all()).failures:
            log.warning("executor.server_unusable", reason=failure)
        yield servers
    finally:
        await servers.close()


async def list_servers(registry: Registry, path: Path) -> None:
    """Have the tools of all servers in the registry. What is declared and not there is logged.

    Raises:
        ConfigError: a server cannot be asked.
    """
    from .mcp.servers import McpServers  # noqa: PLC0415 - see above

    async with brokering(registry.file) as broker:
        servers = McpServers(registry.file, registry, wait_seconds=1.0, broker=broker)
        try:
            found = await servers.list_all()
        finally:
            await servers.close()
    if found.failures:
        raise ConfigError("; ".join(f"{path}: {one}" for one in found.failures))

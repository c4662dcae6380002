"""Do the MCP servers of `tools.yaml` answer, and have they the tools that are declared?

They are asked from here: with the variables of whoever asks, which may not be the executor's.
"""

from collections.abc import Sequence

from services.tool_executor.adapters.registry import TOOLS_FILE, Registry, ToolsFile
from services.tool_executor.adapters.workers import brokering
from shared.config import load_yaml

from .finding import Finding, fail, ok, warn
from .installation import Installation

WAIT_SECONDS = 1.0


async def look_at_servers(installation: Installation) -> Sequence[Finding]:
    """One finding for all that is well, and one for each that is not."""
    path = installation.config_dir / TOOLS_FILE
    file = load_yaml(path, ToolsFile)
    if not file.servers:
        return (ok("servers", f"{path} declares no MCP server"),)
    # The SDK takes a second to import.
    from services.tool_executor.adapters.mcp.servers import McpServers  # noqa: PLC0415 - see above

    registry = Registry({}, (), file)
    async with brokering(file) as broker:
        servers = McpServers(file, registry, wait_seconds=WAIT_SECONDS, broker=broker)
        try:
            found = await servers.list_all()
        finally:
            await servers.close()
    remedy = f"edit servers: in {path}, or start the server"
    wrong = [
        *(fail("servers", failure, remedy) for failure in found.failures),
        *(warn("servers", finding, f"edit servers: in {path}") for finding in found.findings),
    ]
    return wrong or (ok("servers", f"{len(file.servers)} answer, {len(registry.tools)} tools"),)

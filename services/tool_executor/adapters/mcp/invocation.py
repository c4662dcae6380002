"""One tool of an MCP server as it is called."""

from dataclasses import dataclass

from services.tool_executor.adapters.shaped import ShapedInvocation


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteInvocation(ShapedInvocation):
    """Which tool of which server."""

    server: str
    remote: str

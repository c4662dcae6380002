"""An MCP server with one tool that does nothing, on its pipes: `infra.bench.echo_server`."""

from mcp.server import MCPServer

server = MCPServer("echo")


@server.tool()
def echo(text: str) -> str:
    """Give a text back."""
    return text


if __name__ == "__main__":
    server.run("stdio")

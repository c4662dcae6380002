"""Parts for tests of MCP servers: a file that declares one, and an executor that talks to it."""

import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from services.tool_executor.adapters.credentials.broker import Broker
from services.tool_executor.adapters.mcp.servers import McpServers
from services.tool_executor.adapters.registry import Registry, ToolsFile
from tests.tool_executor.calling import CONTEXT

HOSTILE = str(Path(__file__).with_name("hostile_server.py"))
ECHO = {"effect": "write", "timeout": 20}
ARGUMENTS = '{"text": "hello"}'


def by_pipes(habit, environment=(), **changes):
    """`tools.yaml` with the hostile server `x`, started by us."""
    stdio = {
        "command": sys.executable,
        "args": [HOSTILE, habit],
        "environment": ["HOSTILE_STATE", *environment],
    }
    return declaring({"stdio": stdio}, **changes)


def declaring(way, tools=None, **changes):
    server = {**way, "start": 20, "message_limit_bytes": 1_000_000, **changes}
    return ToolsFile.model_validate(
        {"servers": {"x": {**server, "tools": tools or {"echo": ECHO}}}}
    )


@contextmanager
def on_loopback(habit):
    """The hostile server by HTTP; yields how to reach it."""
    command = [sys.executable, HOSTILE, habit, "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            port = int(process.stdout.readline())
            yield {"http": {"url": f"http://127.0.0.1:{port}/mcp"}}
        finally:
            process.kill()


class Talk:
    """The servers of a file, asked for their tools."""

    def __init__(self, file):
        self.told = []
        self.registry = Registry({}, (), file)
        self.servers = McpServers(
            file,
            self.registry,
            wait_seconds=5,
            told=self.told.append,
            broker=Broker(file.credentials),
        )

    async def call(self, arguments=ARGUMENTS, tool="x_echo", context=CONTEXT):
        declared = self.registry.tools[tool]
        async with self.servers.place(declared) as place:
            return await place.run(declared, arguments, context)


@asynccontextmanager
async def talking(file):
    talk = Talk(file)
    try:
        talk.look = await talk.servers.list_all()
        yield talk
    finally:
        await talk.servers.close()

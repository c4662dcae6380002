"""The doctor starts the MCP servers that are declared, and says what is wrong with which."""

import json
import sys
from types import SimpleNamespace

import pytest

from infra.doctor.mcp_servers import look_at_servers
from tests.tool_executor.mcp.serving import HOSTILE

ECHO = "echo: {effect: read}"


def declared(command, tools, args=(HOSTILE, "behaves")):
    stdio = json.dumps({"command": command, "args": list(args)})
    return f"servers: {{x: {{stdio: {stdio}, tools: {{{tools}}}}}}}"


@pytest.mark.parametrize(
    ("yaml", "level", "said"),
    [
        ("modules: []", "ok", "declares no MCP server"),
        (declared(sys.executable, ECHO), "ok", "1 answer, 1 tools"),
        (declared("gone", ECHO), "fail", "the MCP server x: there is no program gone"),
        (
            declared(sys.executable, f"{ECHO}, fly: {{effect: read}}"),
            "warn",
            "servers.x: it has no tool fly; it has echo, undeclared",
        ),
    ],
)
async def test_a_server_is_told_of_as_it_is(tmp_path, yaml, level, said):
    (tmp_path / "tools.yaml").write_text(yaml)

    (finding,) = await look_at_servers(SimpleNamespace(config_dir=tmp_path))

    assert (finding.name, finding.state) == ("servers", level)
    assert said in finding.detail

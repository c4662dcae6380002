"""`tools.yaml` says of each MCP server how to reach it, and of each of its tools what it may do."""

import json
import subprocess
import sys

import pytest

from services.tool_executor.__main__ import main
from services.tool_executor.adapters.registry import load_registry
from shared.config import load_manifests
from shared.errors import ConfigError
from tests.tool_executor import sample_tools
from tests.tool_executor.mcp.serving import HOSTILE, by_pipes, talking

SERVER = "{stdio: {command: x}, tools: {echo: {effect: read}}}"


def written(tmp_path, yaml):
    (tmp_path / "tools.yaml").write_text(yaml)
    return tmp_path


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("x: {tools: {echo: {effect: read}}}", "servers.x: Value error, say how to reach it"),
        ("x: {stdio: {command: x}, tools: {echo: {}}}", "servers.x.tools.echo.effect: Field req"),
        ("x: {stdio: {command: x}, tools: {}}", "servers.x.tools: Dictionary should have at least"),
        ("x: {stdio: {command: x}}", "servers.x.tools: Field required"),
        ("x: {http: {url: 'ftp://x'}, tools: {echo: {effect: read}}}", "servers.x.http.url"),
        ("x: {http: {url: 'http://a:b@x'}, tools: {echo: {effect: read}}}", "servers.x.http.url"),
        (
            "x: {http: {url: 'http://x', headers: {A: sk-1}}, tools: {echo: {effect: read}}}",
            "servers.x.http.headers.A: String should match",
        ),
        (
            "x: {stdio: {command: x}, tools: {echo: {effect: read, sandbox: jail}}}",
            "sandbox: Extra",
        ),
        ("x: {stdio: {command: x}, tools: {a.b: {effect: read}}}", "'x_a.b' is no name for a tool"),
        (
            "x: {stdio: {command: x}, tools: {echo: {effect: read, name: double}}}",
            f"servers.x.tools.echo: the name 'double' is taken by module {sample_tools.__name__}",
        ),
        (
            f"x: {SERVER}, y: {SERVER.replace('read', 'read, name: x_echo')}",
            "servers.y.tools.echo: the name 'x_echo' is taken by servers.x.tools.echo",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(tmp_path, yaml, said):
    folder = written(tmp_path, f"modules: [{sample_tools.__name__}]\nservers: {{{yaml}}}")

    with pytest.raises(ConfigError, match=r"tools\.yaml: ") as refused:
        load_registry(folder)

    assert said in str(refused.value)


def test_the_names_of_tools_are_known_before_a_server_is_asked(tmp_path):
    registry = load_registry(written(tmp_path, f"servers: {{x: {SERVER}}}"))

    assert (registry.tools, registry.names) == ({}, {"x_echo"})


def test_a_limit_may_be_for_a_tool_of_a_server(tmp_path):
    folder = written(tmp_path, f"servers: {{x: {SERVER}}}\nlimits: {{x_echo: {{timeout: 5s}}}}")

    assert load_registry(folder).file.limits["x_echo"].timeout_seconds == 5


async def test_a_manifest_is_what_the_server_says_and_what_the_file_says(monkeypatch):
    echo = {
        "effect": "egress",
        "name": "say",
        "sinks": {"text": "destination"},
        "payload": ["text"],
        "idempotent": True,
        "output_trust": "internal",
        "readers": ["@example.com"],
        "scopes": ["talk"],
        "price_usd": "0.01",
        "timeout": 7,
    }

    async with talking(by_pipes("behaves", tools={"echo": echo})) as talk:
        manifest = talk.registry.manifests["say"]

    assert manifest.description == "Say it again."
    assert manifest.parameters["required"] == ["text"]
    assert (manifest.module, manifest.function) == ("mcp:x", "echo")
    assert (manifest.effect, manifest.idempotent, manifest.timeout_seconds) == ("egress", True, 7)
    assert (manifest.sinks, manifest.payload) == ({"text": "destination"}, ("text",))
    assert manifest.readers == ("@example.com",)


async def test_a_sink_that_is_no_argument_of_the_tool_makes_it_unusable():
    tools = {"echo": {"effect": "money", "sinks": {"amount": "amount"}}}

    async with talking(by_pipes("behaves", tools=tools)) as talk:
        assert talk.registry.tools == {}
        assert talk.look.findings == (
            "servers.x: echo cannot be used: amount: declared, and no argument of it; it has text",
        )


def test_the_manifests_command_writes_the_tools_of_servers(tmp_path, monkeypatch):
    stdio = json.dumps({"command": sys.executable, "args": [HOSTILE, "behaves"]})
    folder = written(
        tmp_path, f"servers: {{x: {{stdio: {stdio}, tools: {{echo: {{effect: read}}}}}}}}"
    )
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(folder))

    main(["manifests", "--out", str(tmp_path / "lock.json")])

    assert list(load_manifests(tmp_path / "lock.json")) == ["x_echo"]


def test_the_manifests_command_says_which_server_is_not_there(tmp_path, monkeypatch):
    folder = written(tmp_path, "servers: {x: {stdio: {command: gone}, tools: {e: {effect: read}}}}")
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(folder))

    with pytest.raises(SystemExit) as said:
        main(["manifests", "--out", str(tmp_path / "lock.json")])

    assert "the MCP server x: there is no program gone; install it" in str(said.value)
    assert not (tmp_path / "lock.json").exists()


def test_where_no_server_is_declared_the_sdk_is_not_imported():
    imports = "import sys, services.tool_executor.__main__; print('mcp' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", imports], check=True, capture_output=True, text=True
    )

    assert done.stdout == "False\n"

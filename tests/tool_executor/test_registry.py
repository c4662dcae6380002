"""Tools are found by the modules of tools.yaml; what cannot work is refused at the start."""

import json
import sys

import pytest

from contracts.tool import manifest_of
from services.tool_executor.__main__ import main
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import load_registry
from services.tool_executor.errors import ArgumentsInvalid
from services.tool_executor.rules import Host
from shared.config import load_manifests
from shared.errors import ConfigError
from tests.tool_executor import sample_tools

SAMPLES = sample_tools.__name__
TOOL = '''
from contracts.tool import tool


@tool({arguments})
def double(x: int) -> int:
    """Twice the number."""
    return x
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes tools.yaml, and modules beside it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(yaml: str, **modules: str):
        (tmp_path / "tools.yaml").write_text(yaml)
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
            monkeypatch.delitem(sys.modules, name, raising=False)
        return tmp_path

    return write


def test_every_declared_tool_of_a_module_is_loaded(written):
    registry = load_registry(written(f"modules: [{SAMPLES}]"))

    assert registry.manifests["double"] == manifest_of(sample_tools.double)


def test_limits_of_the_file_replace_those_of_the_tool_and_change_what_is_pinned(written):
    yaml = f"modules: [{SAMPLES}]\nlimits: {{double: {{timeout: 5s, output_limit_bytes: 10}}}}"

    manifest = load_registry(written(yaml)).manifests["double"]

    assert (manifest.timeout_seconds, manifest.output_limit_bytes) == (5.0, 10)
    assert manifest.sha256 != manifest_of(sample_tools.double).sha256


JAILED = TOOL.format(arguments='sandbox="jail", scopes=["erp:read"]')


def test_hosts_go_to_the_jailed_tools_that_declare_the_scope(written):
    yaml = """
modules: [jailed_tools]
hosts: {"weather:*": [api.example.com], "erp:*": [status.example.com]}
private_hosts: {"erp:read": ["erp.internal:8443"]}
"""
    tool = load_registry(written(yaml, jailed_tools=JAILED)).tools["double"]

    inside = Host.parse("erp.internal:8443", private=True)
    assert tool.kind.hosts == (inside, Host.parse("status.example.com"))


@pytest.mark.parametrize("host", ["https://api.example.com", "*", "api.example.com:x"])
def test_a_host_that_is_none_is_refused_with_its_line(written, host):
    with pytest.raises(ConfigError, match=r"hosts\.weather:\*"):
        load_registry(written(f'modules: []\nhosts: {{"weather:*": ["{host}"]}}'))


def test_secrets_go_to_the_tools_that_declare_the_scope(written):
    yaml = f'modules: [{SAMPLES}]\nsecrets: {{"vault:*": [SAMPLE_SECRET]}}'

    tools = load_registry(written(yaml)).tools

    assert tools["leak"].secrets == ("SAMPLE_SECRET",)
    assert tools["double"].secrets == ()


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("modules: [no.such.module]", "no.such.module cannot be imported"),
        ("modules: [json]", "json declares no tool"),
        (f"modules: [{SAMPLES}]\nlimits: {{dubble: {{timeout: 5}}}}", "dubble: no module"),
        (f"modules: [{SAMPLES}, twin]", "both declare the tool 'double'"),
        ("modules: [blocking]", "make it `async def`"),
        ("module: [x]", "tools.yaml: module: Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused_with_the_file_and_the_remedy(written, yaml, said):
    folder = written(
        yaml, twin=TOOL.format(arguments=""), blocking=TOOL.format(arguments='sandbox="in_process"')
    )

    with pytest.raises(ConfigError, match=r"tools\.yaml") as refused:
        load_registry(folder)

    assert said in str(refused.value)


def test_the_manifests_command_needs_no_server_and_writes_the_same_bytes_again(
    written, monkeypatch, tmp_path
):
    monkeypatch.setenv("INTERLOCK_CONFIG_DIR", str(written(f"modules: [{SAMPLES}]")))
    first, second = tmp_path / "first.json", tmp_path / "second.json"

    main(["manifests", "--out", str(first)])
    main(["manifests", "--out", str(second)])

    assert first.read_bytes() == second.read_bytes()
    assert load_manifests(first)["double"] == manifest_of(sample_tools.double)
    assert [tool["name"] for tool in json.loads(first.read_text())["tools"]] == sorted(
        tool["name"] for tool in json.loads(first.read_text())["tools"]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{}", "x: Field required"),
        ('{"x": "21"}', "x: Input should be a valid integer"),
        ('{"x": 1, "y": 2}', "y: Extra inputs"),
        ('{"x": 1, "x": 2}', "x: given more than once"),
        ("[1]", "arguments: "),
        ("{", "Expecting"),
    ],
)
def test_arguments_that_do_not_fit_are_told_by_field(arguments, said):
    with pytest.raises(ArgumentsInvalid) as refused:
        invocation_of(sample_tools.double).parse(arguments)

    assert said in str(refused.value)


def test_a_refused_argument_is_not_repeated_in_the_message():
    with pytest.raises(ArgumentsInvalid) as refused:
        invocation_of(sample_tools.double).parse('{"x": "4111 1111 1111 1111"}')

    assert "4111" not in str(refused.value)

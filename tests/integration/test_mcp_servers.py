"""Two of the reference servers of MCP, installed as anybody would, by pipes and by HTTP.

Each call goes the whole way of the executor: cleared, claimed, run in a session, told.
"""

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

from contracts.pins import pin_of
from contracts.tool import ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.adapters.runner import SandboxRunner
from services.tool_executor.handlers import Desk, run_call
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.tool_executor.calling import NOON, Cleared
from tests.tool_executor.mcp.serving import declaring, talking

pytestmark = pytest.mark.timeout(90)

TIME = {"stdio": {"command": "mcp-server-time", "args": ["--local-timezone", "Etc/UTC"]}}
TIME_TOOLS = {"convert_time": {"effect": "read", "output_trust": "internal"}}
TOKYO = {"source_timezone": "Etc/UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
# The reference server itself, as its SDK serves it by HTTP: on a port that is told.
SERVE = """
import asyncio, socket, uvicorn
from mcp_server_time.server import create_server
sock = socket.create_server(("127.0.0.1", 0)); print(sock.getsockname()[1], flush=True)
app = create_server("Etc/UTC").streamable_http_app()
asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="error")).serve(sockets=[sock]))
"""


@contextmanager
def time_by_http():
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield {"http": {"url": f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"}}
        finally:
            process.kill()


async def outcome_of(talk, tool, arguments, pins=None):
    """What the executor says of one cleared call."""
    cleared = Cleared(talk.registry.tools[tool], json.dumps(arguments))
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*cleared.history.facts)
    desk = Desk(talk.registry, SandboxRunner(None, talk.servers), servers=talk.servers, pins=pins)
    await run_call(Heard(cleared.fact, 1, last=False), bus, desk)
    return bus.facts[-1].body


@pytest.fixture(params=["stdio", "http"])
def time_server(request):
    if request.param == "stdio":
        yield TIME
        return
    with time_by_http() as way:
        yield way


async def test_the_time_server_answers_a_cleared_call(time_server):
    async with talking(declaring(time_server, TIME_TOOLS)) as talk:
        outcome = await outcome_of(talk, "x_convert_time", TOKYO)

    assert isinstance(outcome, ToolSucceeded), outcome
    assert outcome.trust == "internal"
    answer = json.loads(outcome.output_json)
    assert answer["target"]["timezone"] == "Asia/Tokyo"
    assert "T21:00:00+09:00" in answer["target"]["datetime"]


async def test_what_the_time_server_has_beside_is_not_offered(time_server):
    async with talking(declaring(time_server, TIME_TOOLS)) as talk:
        assert list(talk.registry.tools) == ["x_convert_time"]
        assert talk.look.findings == ()


async def test_arguments_that_do_not_fit_its_schema_never_reach_it(time_server):
    wrong = {**TOKYO, "time": 12, "zone": "UTC"}

    async with talking(declaring(time_server, TIME_TOOLS)) as talk:
        strange = await outcome_of(talk, "x_convert_time", wrong)
        mistyped = await outcome_of(talk, "x_convert_time", {**TOKYO, "time": 12})

    assert (strange.kind, mistyped.kind) == ("invalid_arguments", "invalid_arguments")
    assert "zone: there is no such argument" in strange.reason
    assert "time: is not of type string" in mistyped.reason


async def test_what_it_refuses_is_a_failure_that_the_model_reads(time_server):
    async with talking(declaring(time_server, TIME_TOOLS)) as talk:
        outcome = await outcome_of(talk, "x_convert_time", {**TOKYO, "target_timezone": "Mars"})

    assert isinstance(outcome, ToolFailed)
    assert outcome.kind == "error"
    assert "Mars" in outcome.reason


async def test_a_tool_that_is_not_as_it_was_pinned_runs_no_call(time_server):
    async with talking(declaring(time_server, TIME_TOOLS)) as talk:
        manifest = talk.registry.tools["x_convert_time"].manifest
        before = pin_of(manifest.model_copy(update={"description": "Convert a time."}))
        outcome = await outcome_of(talk, "x_convert_time", TOKYO, pins={"x_convert_time": before})

    assert outcome.kind == "refused"
    assert "its description changed; it is in quarantine" in outcome.reason


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    (tmp_path / "poem.txt").write_text("roses")
    git("add", ".")
    git("commit", "-m", "Plant roses")
    return tmp_path


def git_tools(repository):
    way = {"stdio": {"command": "mcp-server-git", "args": ["--repository", str(repository)]}}
    branch = {"effect": "write", "sinks": {"branch_name": "id"}, "payload": []}
    return declaring(way, {"git_log": {"effect": "read"}, "git_create_branch": branch})


async def test_the_git_server_reads_a_repository(repository):
    async with talking(git_tools(repository)) as talk:
        outcome = await outcome_of(talk, "x_git_log", {"repo_path": str(repository)})

    assert isinstance(outcome, ToolSucceeded), outcome
    assert "Plant roses" in outcome.output_json
    assert outcome.trust == "external"


async def test_the_git_server_changes_a_repository_and_of_what_it_will_not_nobody_is_sure(
    repository,
):
    asked = {"repo_path": str(repository), "branch_name": "tulips"}

    async with talking(git_tools(repository)) as talk:
        outcome = await outcome_of(talk, "x_git_create_branch", asked)
        again = await outcome_of(talk, "x_git_create_branch", asked)

    assert isinstance(outcome, ToolSucceeded), outcome
    assert (repository / ".git/refs/heads/tulips").exists()
    assert isinstance(again, ToolUnknown)

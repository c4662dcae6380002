"""Whatever an MCP server does, its call ends within its limits, and says what is known of it."""

import json
from contextlib import ExitStack

import psutil
import pytest

from services.tool_executor.errors import ServerUnusable, ToolChanged
from services.tool_executor.rules import Expired, Raised, Refused, Returned, Vanished
from tests.tool_executor.calling import CONTEXT
from tests.tool_executor.mcp import serving
from tests.tool_executor.mcp.serving import ECHO, by_pipes, declaring, on_loopback, talking

SHORT = {"echo": {**ECHO, "timeout": 1}}


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """What the server counts, over its lives."""
    monkeypatch.setenv("HOSTILE_STATE", str(tmp_path))
    return tmp_path


@pytest.fixture(params=["stdio", "http"])
def way(request):
    """A server of a habit, by either transport."""
    with ExitStack() as stack:

        def reach(habit, **changes):
            if request.param == "stdio":
                return by_pipes(habit, **changes)
            return declaring(stack.enter_context(on_loopback(habit)), **changes)

        yield reach


async def test_a_server_that_behaves_answers_and_its_session_is_kept(way, state):
    async with talking(way("behaves")) as talk:
        assert await talk.call() == Returned('"hello"')
        assert await talk.call() == Returned('"hello"')

    assert (state / "listed").read_text() == "1"


async def test_a_tool_that_is_listed_and_not_declared_is_not_offered(way):
    async with talking(way("behaves")) as talk:
        assert list(talk.registry.tools) == ["x_echo"]


async def test_a_tool_that_is_declared_and_not_listed_is_a_finding(way):
    tools = {"echo": ECHO, "gone": {"effect": "read"}}

    async with talking(way("behaves", tools=tools)) as talk:
        assert talk.look.findings == ("servers.x: it has no tool gone; it has echo, undeclared",)
        assert list(talk.registry.tools) == ["x_echo"]


async def test_a_call_that_hangs_is_stopped_at_its_limit_with_all_it_started(way, state):
    file = way("hangs", tools=SHORT)

    async with talking(file) as talk:
        assert await talk.call() == Expired(1.0)
        if file.servers["x"].stdio is not None:
            assert not is_alive(int((state / "started").read_text()))


def is_alive(pid):
    """A zombie is dead; nobody has looked yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_server_that_dies_in_a_call_is_started_again_for_the_next_and_not_for_this(state):
    async with talking(by_pipes("dies")) as talk:
        assert await talk.call() == Vanished("its process ended")
        assert await talk.call() == Vanished("its process ended")

    assert (state / "called").read_text() == "2"


async def test_a_server_that_goes_away_in_a_call_cuts_it_off(way):
    async with talking(way("dies")) as talk:
        assert isinstance(await talk.call(), Vanished)


async def test_a_flood_of_notices_ends_the_call(state):
    async with talking(by_pipes("floods")) as talk:
        ending = await talk.call()

    assert isinstance(ending, Vanished)
    assert "messages" in ending.reason


async def test_a_message_longer_than_its_limit_ends_the_call(way):
    async with talking(way("long")) as talk:
        assert isinstance(await talk.call(), Vanished)


async def test_a_result_that_is_not_of_its_declared_schema_is_none(way):
    async with talking(way("lies")) as talk:
        ending = await talk.call()

    assert ending == Raised("its result is not what its schema says: n: is not of type integer")


async def test_an_answer_that_is_none_is_none(way):
    async with talking(way("nonsense")) as talk:
        assert await talk.call() == Raised("its answer is none to a call of a tool")


async def test_a_tool_that_is_told_of_differently_in_another_listing_runs_no_call(
    way, state, monkeypatch
):
    monkeypatch.setattr("services.tool_executor.adapters.mcp.servers.FRESH_SECONDS", 0)

    async with talking(way("changes")) as talk:
        with pytest.raises(ToolChanged, match="x tells of it differently by now"):
            await talk.call()

        assert [one.description[:13] for one in talk.told] == ["Say it again.", "Say it again,"]
    assert not (state / "called").exists()


@pytest.mark.parametrize(
    ("habit", "changes", "said"),
    [
        ("many", {"message_limit_bytes": 8_000_000}, "it lists more than 256 tools"),
        ("many", {}, "byte"),
        ("endless", {}, "its list of tools has more than 64 pages"),
        ("silent", {"start": 1}, "it did not answer within 1 s"),
    ],
)
async def test_a_server_whose_list_has_no_end_is_not_used(way, habit, changes, said):
    async with talking(way(habit, **changes)) as talk:
        (failure,) = talk.look.failures
        assert said in failure
        assert failure.startswith("the MCP server x: ")
        assert talk.registry.tools == {}


async def test_what_is_compressed_is_not_unpacked():
    with on_loopback("compresses") as way:
        async with talking(declaring(way)) as talk:
            assert "it compressed its answer, and was asked not to" in talk.look.failures[0]


async def test_a_schema_that_refers_to_another_document_fetches_none_and_is_refused(way):
    async with talking(way("refers")) as talk:
        (finding,) = talk.look.findings
        assert "echo cannot be used: it refers to another document" in finding


async def test_a_server_asks_for_a_sample_a_person_or_folders_in_vain(state):
    async with talking(by_pipes("asks")) as talk:
        ending = await talk.call()

    answers = json.loads(ending.output_json)
    assert len(answers) == 3
    assert all("error" in one and "result" not in one for one in answers)


async def test_an_error_of_a_tool_with_effects_does_not_say_that_nothing_happened(way):
    async with talking(way("errs")) as talk:
        assert isinstance(await talk.call(), Raised)


async def test_an_error_of_a_tool_that_then_has_done_nothing_is_a_refusal(way):
    tools = {"echo": {**ECHO, "errors_do_nothing": True}}

    async with talking(way("errs", tools=tools)) as talk:
        assert isinstance(await talk.call(), Refused)


async def test_a_server_sees_the_variables_that_are_named_and_quotes_none_to_the_model(monkeypatch):
    monkeypatch.setenv("HOSTILE_TOKEN", "correct horse")
    monkeypatch.setenv("OTHER_SECRET", "battery staple")

    async with talking(by_pipes("environment", ["HOSTILE_TOKEN"])) as talk:
        seen = json.loads((await talk.call()).output_json)
    async with talking(by_pipes("errs", ["HOSTILE_TOKEN"])) as talk:
        told = await talk.call()

    assert seen["HOSTILE_TOKEN"] == "correct horse"
    assert not {"OTHER_SECRET", "USER", "LOGNAME"} & seen.keys()
    assert "interlock-mcp-" in seen["HOME"]
    assert told == Raised("hello [redacted]")


async def test_headers_come_from_named_variables(monkeypatch):
    monkeypatch.setenv("X_TOKEN", "open sesame")
    with on_loopback("guarded") as way:
        way["http"]["headers"] = {"X-Token": "X_TOKEN"}
        async with talking(declaring(way)) as talk:
            assert await talk.call() == Returned('"hello"')
        monkeypatch.delenv("X_TOKEN")
        async with talking(declaring(way)) as talk:
            assert "X_TOKEN is not set" in talk.look.failures[0]


async def test_progress_is_passed_on(way):
    told = []

    async with talking(way("progresses")) as talk:
        await talk.call(context=CONTEXT.telling(told.append))

    assert [(one.done, one.total, one.note) for one in told] == [(1, 2, "half")]


async def test_a_server_that_came_late_is_asked_by_the_call(monkeypatch, tmp_path):
    late = tmp_path / "late.py"
    file = by_pipes("behaves")
    stdio = file.servers["x"].stdio.model_copy(update={"args": (str(late), "behaves")})
    server = file.servers["x"].model_copy(update={"stdio": stdio})
    file = file.model_copy(update={"servers": {"x": server}})

    async with talking(file) as talk:
        with pytest.raises(ServerUnusable):
            await talk.servers.look_up("x_echo")
        late.symlink_to(serving.HOSTILE)
        await talk.servers.look_up("x_echo")

        assert await talk.call() == Returned('"hello"')

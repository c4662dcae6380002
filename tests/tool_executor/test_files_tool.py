"""Files of a run: `write_file`, `read_file` and `list_files`, as calls that an executor hears."""

import json

import pytest

from contracts.guardrail import ToolBlocked
from contracts.history import Run
from contracts.tool import ToolFailed, ToolRefused, ToolSucceeded, manifest_of
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.pool import WorkerPool
from services.tool_executor.adapters.registry import DeclaredTool, Registry
from services.tool_executor.adapters.runner import SandboxRunner
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules.workspace import (
    ALL_LIMIT_BYTES,
    FILE_LIMIT_BYTES,
    FILES_LIMIT,
    MODULE,
    files_of,
)
from services.tool_executor.tools import files
from services.tool_executor.tools.files import list_files, read_file, write_file
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import VERDICT, result_cleared, tool_requested
from tests.histories import History
from tests.tool_executor.calling import CONTEXT, NOON, declared

TOOLS = {
    one.__name__: DeclaredTool(manifest_of(one), invocation_of(one))
    for one in (write_file, read_file, list_files)
}
# Named like ours, and by somebody else.
STRANGER = declared("greet").manifest.model_copy(update={"name": "write_file"})


def no_worker(_):
    raise AssertionError("these run in the executor's own process")


class Filing:
    """A run that works with files; every call is heard by an executor that was started for it."""

    def __init__(self, *manifests):
        self.history = History()
        known = [one.manifest for one in TOOLS.values()]
        self.last = self.history.begin(*(manifests or known))

    async def call(self, name, **arguments):
        """What became of a call."""
        bus = MemoryBus(clock=FixedClock(NOON))
        fact = self.clear(name, **arguments)
        bus.given(*self.history.facts)
        pool = WorkerPool(no_worker, workers=1, calls_per_worker=1, wait_seconds=1.0)
        await run_call(Heard(fact, 1, last=False), bus, Desk(Registry(TOOLS), SandboxRunner(pool)))
        for each in bus.facts[len(self.history.facts) :]:
            self.last = self.history.repeat(each)
        outcome = self.last
        self.history.say(result_cleared(outcome.body.call), outcome)
        return outcome.body

    def clear(self, name, **arguments):
        responded = self.history.step(self.last, calls=[(name, json.dumps(arguments))])
        asked = tool_requested(responded.body.step, 1, responded.body.tool_calls[0])
        pinned = asked.model_copy(update={"manifest_sha256": TOOLS[name].manifest.sha256})
        requested = self.history.say(pinned, responded)
        fact = self.history.clear(requested)
        return self.rewritten(fact, manifest_sha256=TOOLS[name].manifest.sha256)

    def rewritten(self, fact, **changes):
        self.history.facts.pop()
        return self.history.say(fact.body.model_copy(update=changes), fact.cause_id)

    async def read(self, name, **arguments):
        outcome = await self.call(name, **arguments)
        assert isinstance(outcome, ToolSucceeded), outcome
        return json.loads(outcome.output_json)


async def test_what_one_executor_wrote_another_reads():
    run = Filing()

    written = await run.read("write_file", path="notes/plan.md", text="First, ask.")

    assert written == {"path": "notes/plan.md", "characters": 11}
    assert await run.read("list_files") == [written]
    assert await run.read("read_file", path="notes/plan.md") == {
        "path": "notes/plan.md",
        "text": "First, ask.",
        "more": False,
    }


async def test_a_file_is_replaced_or_continued():
    run = Filing()
    await run.call("write_file", path="a", text="one")

    await run.call("write_file", path="a", text=" two", append=True)
    continued = await run.read("read_file", path="a")
    await run.call("write_file", path="a", text="three")

    assert continued["text"] == "one two"
    assert (await run.read("read_file", path="a"))["text"] == "three"


async def test_a_long_file_is_read_in_parts():
    run = Filing()
    await run.call("write_file", path="a", text="0123456789")

    part = await run.read("read_file", path="a", start=2, length=3)
    end = await run.read("read_file", path="a", start=8, length=100)

    assert (part["text"], part["more"]) == ("234", True)
    assert (end["text"], end["more"]) == ("89", False)


async def test_another_run_has_none_of_its_files():
    one, other = Filing(), Filing()

    await one.call("write_file", path="a", text="mine")

    assert await other.read("list_files") == []
    assert "has written no file a" in (await other.call("read_file", path="a")).reason


async def test_a_run_that_continues_another_has_its_files():
    run = Filing()
    await run.call("write_file", path="a", text="from before")
    later = Run("acme", "r-2", ancestor=run.history.run)

    assert files_of(later) == {"a": "from before"}


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../b", ".env", "a//b", "a/", "a\n", "a b", "~/x", "c" * 201],
)
async def test_a_path_that_is_none_is_refused(path):
    run = Filing()

    outcome = await run.call("write_file", path=path, text="x")

    assert isinstance(outcome, ToolFailed)
    assert (outcome.kind, "is no path" in outcome.reason) == ("refused", True)
    assert files_of(run.history.run) == {}


async def test_a_call_that_did_not_succeed_has_written_nothing():
    run = Filing()
    denied = run.clear("write_file", path="a", text="x")
    run.history.facts.pop()
    run.history.say(
        ToolBlocked(**VERDICT, call="1-1", attempt=1, tool="write_file"), denied.cause_id
    )

    assert files_of(run.history.run) == {}


async def test_a_tool_of_that_name_by_somebody_else_writes_no_file():
    run = Filing(STRANGER)
    fact = run.clear("write_file", path="a", text="x")
    run.history.run_tool(fact)

    assert files_of(run.history.run) == {}


def given(**held):
    return files.WorkspaceContext(**CONTEXT.model_dump(), files=held)


async def test_a_file_and_all_files_have_limits():
    full = {f"f{number}": "" for number in range(FILES_LIMIT)}
    large = {f"f{number}": "x" * FILE_LIMIT_BYTES for number in range(8)}
    assert sum(map(len, large.values())) == ALL_LIMIT_BYTES

    with pytest.raises(ToolRefused, match=f"at most {FILE_LIMIT_BYTES} bytes"):
        await write_file("a", "é" * (FILE_LIMIT_BYTES // 2) + "x", call=given())
    with pytest.raises(ToolRefused, match=f"at most {FILE_LIMIT_BYTES} bytes"):
        await write_file("a", "x", append=True, call=given(a="x" * FILE_LIMIT_BYTES))
    with pytest.raises(ToolRefused, match=f"there are {FILES_LIMIT} files"):
        await write_file("one-more", "", call=given(**full))
    with pytest.raises(ToolRefused, match=f"at most {ALL_LIMIT_BYTES} bytes together"):
        await write_file("one-more", "x", call=given(**large))
    assert (await write_file("f0", "y", call=given(**full))).characters == 1
    assert (await write_file("f0", "y", call=given(**large))).characters == 1


async def test_the_longest_part_fits_into_what_a_tool_may_return():
    tool = TOOLS["read_file"]
    text = "\x01" * files.LENGTH_LIMIT_CHARACTERS

    part = await read_file("a", call=given(a=text + "x"))

    output, _ = tool.invocation.output(part)
    assert part.more
    assert len(output) <= tool.manifest.output_limit_bytes


async def test_outside_of_a_run_there_are_no_files():
    assert await list_files(call=CONTEXT) == []


def test_the_module_is_the_one_whose_calls_are_files():
    assert {tool.manifest.module for tool in TOOLS.values()} == {MODULE}


def test_what_was_written_vouches_for_nothing_and_touches_nothing():
    for tool in TOOLS.values():
        assert (tool.manifest.effect, tool.manifest.output_trust) == ("read", "external")
        assert not tool.manifest.fields

"""Tools in real processes: they hang, flood, print, die, and look around for secrets."""

import asyncio
import json
import statistics
import time
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from services.tool_executor.adapters.frames import Call
from services.tool_executor.adapters.pool import WorkerPool
from services.tool_executor.adapters.process import WorkerLimits, WorkerProcess
from services.tool_executor.adapters.runner import SandboxRunner
from services.tool_executor.errors import WorkersBusy, WorkerUnusable
from services.tool_executor.rules import Expired, Oversized, Raised, Returned, Vanished
from tests.tool_executor import sample_tools
from tests.tool_executor.calling import CONTEXT, declared

LIMITS = WorkerLimits(
    start_seconds=30.0,
    memory_bytes=1 << 30,
    cpu_seconds=10,
    open_files=256,
    file_bytes=1 << 20,
    egress_bytes=0,
)
WARM_P50_LIMIT_MS = 50.0


@asynccontextmanager
async def running(**changes):
    """A pool of workers for the sample tools, and a runner on it."""
    shape = {"workers": 1, "calls_per_worker": 100, "wait_seconds": 10.0, **changes}
    modules = shape.pop("modules", (sample_tools.__name__,))

    def start(kind):
        return WorkerProcess.start(modules, LIMITS, kind)

    pool = WorkerPool(start, **shape)
    try:
        yield SandboxRunner(pool)
    finally:
        await pool.close()


async def run(runner, name, arguments="{}", secrets=(), **changes):
    tool = declared(name, secrets, **changes)
    async with runner.place(tool) as place:
        return await place.run(tool, arguments, CONTEXT)


def exists(folder: str) -> bool:
    return Path(folder).exists()


async def who(runner) -> list[str]:
    return json.loads((await run(runner, "who")).output_json).split()


async def test_a_tool_returns_its_output_as_json():
    async with running() as runner:
        assert await run(runner, "double", '{"x": 21}') == Returned("42")


async def test_a_tool_is_told_of_its_call():
    async with running() as runner:
        key, _, _ = await who(runner)

    assert key == CONTEXT.idempotency_key


async def test_a_warm_worker_is_used_again():
    async with running() as runner:
        assert (await who(runner))[1] == (await who(runner))[1]


async def test_a_worker_is_replaced_after_so_many_calls():
    async with running(calls_per_worker=1) as runner:
        assert (await who(runner))[1] != (await who(runner))[1]


async def test_the_time_limit_kills_a_tool_that_hangs_and_the_next_call_runs():
    async with running() as runner:
        await run(runner, "double", '{"x": 1}')
        started = time.monotonic()
        ending = await run(runner, "hang")
        took = time.monotonic() - started
        after = await run(runner, "double", '{"x": 21}')

    assert ending == Expired(0.3)
    assert took < 5
    assert after == Returned("42")


async def test_what_a_stopped_tool_started_is_stopped_with_it():
    async with running() as runner:
        folder = Path((await who(runner))[2])
        tool = declared("hang")
        async with runner.place(tool) as place:
            await place.run(tool, "{}", CONTEXT)
            child = int((folder / "child.pid").read_text())

    gone = not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert gone


async def test_a_worker_whose_executor_died_stops_the_call_itself():
    worker = await WorkerProcess.start((sample_tools.__name__,), LIMITS)
    manifest = declared("hang").manifest
    call = Call(
        module=manifest.module,
        function=manifest.function,
        arguments_json="{}",
        context=CONTEXT,
        time_limit_seconds=0.3,
        output_limit_bytes=100,
    )
    try:
        async with asyncio.timeout(5):
            # Past the executor's own clock: nobody outside stops the call.
            with pytest.raises(asyncio.IncompleteReadError):
                await worker._converse(call)
    finally:
        await worker.close()


async def test_a_flood_is_stopped_and_measured():
    async with running() as runner:
        ending = await run(runner, "flood", '{"size": 10000000}')
        after = await run(runner, "double", '{"x": 21}')

    assert isinstance(ending, Oversized)
    assert ending.size_bytes == 10_000_002
    assert len(ending.head) == 500
    assert after == Returned("42")


async def test_what_a_tool_prints_does_not_disturb_its_answer():
    async with running() as runner:
        assert await run(runner, "chatter", '{"lines": 5000}') == Returned('"done"')
        assert await run(runner, "double", '{"x": 21}') == Returned("42")


async def test_a_tool_sees_no_environment_that_is_not_named(monkeypatch):
    monkeypatch.setenv("INTERLOCK_TOOL_EXECUTOR_NKEY_FILE", "/keys/executor.nkey")
    monkeypatch.setenv("SAMPLE_SECRET", "hush-hush")
    async with running() as runner:
        ending = await run(runner, "environment")

    seen = json.loads(ending.output_json)
    assert seen.keys() <= {
        *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HOME", "TMPDIR", "PYTHONPATH"),
    }


async def test_a_tool_sees_the_secrets_of_its_own_scopes_alone(monkeypatch):
    monkeypatch.setenv("SAMPLE_SECRET", "hush-hush")
    async with running(workers=2) as runner:
        with_it = await run(runner, "environment", secrets=("SAMPLE_SECRET",))
        without = await run(runner, "environment")

    assert json.loads(with_it.output_json)["SAMPLE_SECRET"] == "hush-hush"
    assert "hush-hush" not in without.output_json


async def test_a_secret_in_an_error_is_not_told_to_the_model(monkeypatch):
    monkeypatch.setenv("SAMPLE_SECRET", "hush-hush")
    async with running() as runner:
        ending = await run(runner, "leak", secrets=("SAMPLE_SECRET",))

    assert ending == Raised("RuntimeError: cannot reach [redacted]")


async def test_a_worker_that_dies_is_told_from_a_tool_that_fails():
    async with running() as runner:
        ending = await run(runner, "crash")
        after = await run(runner, "double", '{"x": 21}')

    assert ending == Vanished("its worker ended (SIGKILL)")
    assert after == Returned("42")


async def test_memory_is_limited():
    async with running() as runner:
        ending = await run(runner, "gobble", '{"size": 4000000000}')

    assert isinstance(ending, Raised | Vanished)


async def test_a_call_waits_for_a_free_worker_only_so_long():
    async with running(wait_seconds=0.05) as runner, runner.place(declared("double")):
        with pytest.raises(WorkersBusy):
            await run(runner, "double", '{"x": 21}')


async def test_more_calls_than_workers_take_their_turn():
    async with running(workers=2) as runner:
        calls = [run(runner, "double", f'{{"x": {x}}}') for x in range(12)]
        endings = await asyncio.gather(*calls)

    assert endings == [Returned(str(2 * x)) for x in range(12)]


async def test_a_cancelled_call_is_killed_and_its_worker_not_used_again():
    async with running() as runner:
        before = (await who(runner))[1]
        task = asyncio.create_task(run(runner, "hang", timeout_seconds=60.0))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert (await who(runner))[1] != before


async def test_a_module_that_cannot_be_imported_makes_no_worker():
    async with running(modules=("no.such.module",)) as runner:
        with pytest.raises(WorkerUnusable):
            await run(runner, "double", '{"x": 21}')


async def test_no_process_and_no_folder_is_left_behind():
    async with running() as runner:
        _, pid, folder = await who(runner)

    assert not psutil.pid_exists(int(pid))
    assert not exists(folder)


async def test_a_tool_in_process_is_stopped_at_its_time_limit():
    async with running() as runner:
        assert await run(runner, "nap", '{"seconds": 60}') == Expired(0.2)
        assert await run(runner, "nap", '{"seconds": 0}') == Returned('"rested"')


async def test_a_warm_call_is_fast(record_property):
    async with running() as runner:
        await run(runner, "double", '{"x": 1}')
        taken = []
        for x in range(200):
            started = time.perf_counter()
            await run(runner, "double", f'{{"x": {x}}}', timeout_seconds=10.0)
            taken.append((time.perf_counter() - started) * 1000)

    p50 = statistics.median(taken)
    record_property("warm_call_p50_ms", round(p50, 2))
    assert p50 < WARM_P50_LIMIT_MS


@pytest.mark.parametrize("name", ["misdeclared", "misdeclared_here"])
async def test_a_result_that_is_not_as_declared_is_told_and_not_shown(name):
    async with running() as runner:
        ending = await run(runner, name, '{"value": "a secret of somebody"}')

    assert isinstance(ending, Raised)
    assert "what it does not declare" in ending.reason
    assert "a secret of somebody" not in ending.reason

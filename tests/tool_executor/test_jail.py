"""A tool in a jail runs, ends within its limits, and leaves nothing behind."""

import asyncio
import os
import time

import psutil
import pytest

from services.tool_executor.adapters.jail import Jail
from services.tool_executor.adapters.kinds import WorkerKind
from services.tool_executor.adapters.process import WorkerProcess
from services.tool_executor.errors import JailUnavailable, WorkerUnusable
from services.tool_executor.rules import Expired, Oversized, Returned, Vanished
from tests.tool_executor import hostile_tools
from tests.tool_executor.jailed import LIMITS, attempt, jailed, said


async def test_a_tool_in_a_jail_answers():
    assert await said("print(6 * 7)") == "42\n"


async def test_its_threads_and_its_event_loop_work():
    code = """
import asyncio, threading
async def main():
    return await asyncio.to_thread(threading.active_count)
print(asyncio.run(main()) > 1)
"""
    assert await said(code) == "True\n"


async def test_it_can_signal_nobody_outside():
    code = """
import os, signal
for pid in range(1, 5000):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
print("alive")
"""
    async with jailed() as runner:
        first = await attempt(runner, code)
        after = await attempt(runner, "print(1)")

    # Killing the keeper of its own jail ends the jail, and nothing else.
    assert isinstance(first, Returned | Vanished)
    assert after == Returned('"1\\n"')


async def test_a_flood_of_threads_ends_in_an_error():
    code = """
import threading, time
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
except RuntimeError as error:
    print("stopped")
"""
    assert await said(code) == "stopped\n"


async def test_memory_ends_in_an_error():
    assert (await said("b = bytearray(4 << 30)")).startswith("MemoryError")


async def test_its_folder_is_full_before_the_disk_is():
    code = """
for number in range(64):
    with open(f"/tmp/{number}", "wb") as file:
        file.write(bytes(1 << 20))
"""
    assert "No space left on device" in await said(code)


async def test_a_folder_of_links_leads_nowhere_and_ends_with_the_call():
    code = """
import os
import subprocess
import sys
os.makedirs("/tmp/a/b"); os.symlink("../../../../../../etc", "/tmp/a/b/c")
print(sorted(os.listdir("/tmp/a/b/c")))
"""
    assert await said(code) == "['ld.so.cache']\n"


async def test_what_one_call_leaves_the_next_one_does_not_find():
    async with jailed() as runner:
        await attempt(runner, "open('/tmp/left', 'w').write('x'); import json; json.left = 1")
        files = await attempt(runner, "import os; print(os.listdir('/tmp'))")
        memory = await attempt(runner, "import json; print(hasattr(json, 'left'))")

    assert "left" not in files.output_json
    assert memory == Returned('"False\\n"')


async def test_a_loop_is_ended_by_its_time_limit_and_leaves_no_process():
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    async with jailed() as runner:
        began = time.monotonic()
        ending = await attempt(runner, "while True: pass", timeout_seconds=0.5)
        took = time.monotonic() - began
    after = {one.pid for one in psutil.Process().children(recursive=True)}

    assert ending == Expired(0.5)
    assert took < 10
    assert after <= before


async def test_it_cannot_outlive_an_alarm_that_it_takes_away():
    code = """
import signal
signal.setitimer(signal.ITIMER_REAL, 0)
for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
while True:
    pass
"""
    async with jailed() as runner:
        assert await attempt(runner, code, timeout_seconds=0.5) == Expired(0.5)


async def test_a_flood_of_output_is_cut():
    async with jailed() as runner:
        ending = await attempt(runner, "print('x' * 5_000_000)")

    assert isinstance(ending, Oversized)


async def test_what_it_writes_on_the_pipe_itself_is_no_answer():
    code = """
import os
import subprocess
import sys
for number in range(3, 64):
    try:
        os.write(number, b"\\x00\\x00\\x00\\x02{}" * 100)
    except OSError:
        pass
"""
    async with jailed() as runner:
        ending = await attempt(runner, code)
        after = await attempt(runner, "print(1)")

    assert isinstance(ending, Vanished)
    assert after == Returned('"1\\n"')


async def test_a_jail_ends_with_the_executor_that_made_it():
    worker = await WorkerProcess.start(
        (), LIMITS, WorkerKind(jailed=hostile_tools.__name__), Jail.found()
    )
    inside = psutil.Process(worker._process.pid).children(recursive=True)
    assert inside
    worker.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, inside, 5)
    await worker.close()

    assert alive == []


async def test_the_next_worker_is_warm_before_it_is_asked_for():
    async with jailed(workers=2) as runner:
        await attempt(runner, "print(1)")
        (_, coming) = runner._pool._idle[-1]
        assert (await coming).usable


async def test_where_no_jail_can_be_made_the_reason_is_said(tmp_path, monkeypatch):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no permissions to make a namespace >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(JailUnavailable, match="no permissions to make a namespace"):
        Jail.found()


async def test_a_tool_that_wants_a_jail_runs_in_nothing_less():
    with pytest.raises(WorkerUnusable, match="want a jail"):
        await WorkerProcess.start((), LIMITS, WorkerKind(jailed=hostile_tools.__name__))

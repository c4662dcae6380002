"""The supervisor, with real processes."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from infra.platform.child import (
    Child,
    ChildEvent,
    ExitedBySignal,
    ExitedWithCode,
    GaveUp,
    Restarted,
    RestartPolicy,
    Started,
)
from infra.platform.errors import ChildExists
from infra.platform.processes import Supervisor
from tests.infra.platform.waiting import is_running, until

SLEEP = "import time; time.sleep(60)"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(60)
"""
SOON = RestartPolicy(first_pause_seconds=0.01, longest_pause_seconds=0.05, crashes_in_a_row=3)


@pytest.fixture
async def watched():
    """A supervisor and the events it said."""
    events: list[ChildEvent] = []
    async with Supervisor(events.append, restarts=SOON) as supervisor:
        yield supervisor, events


async def test_a_started_child_runs_and_is_reported(watched, python_child):
    supervisor, events = watched

    await supervisor.start(python_child(SLEEP))

    pid = supervisor.pid("child")
    assert events == [Started("child", pid)]
    assert is_running(pid)


async def test_a_child_writes_both_streams_to_its_log(watched, python_child):
    supervisor, _ = watched
    child = python_child("import sys, time; print('out', flush=True); sys.exit('err')")

    await supervisor.start(child)

    await until(lambda: child.log_file.exists() and "err" in child.log_file.read_text())
    assert "out" in child.log_file.read_text()


async def test_an_oversized_log_is_rotated_at_start(watched, python_child):
    supervisor, _ = watched
    child = python_child(SLEEP)
    child.log_file.parent.mkdir()
    with child.log_file.open("wb") as log:
        log.truncate(11 * 1024 * 1024)

    await supervisor.start(child)

    assert child.log_file.stat().st_size == 0
    assert child.log_file.with_name("child.log.1").stat().st_size == 11 * 1024 * 1024


async def test_a_killed_child_comes_back(watched, python_child):
    supervisor, events = watched
    await supervisor.start(python_child(SLEEP))
    first = supervisor.pid("child")

    os.kill(first, signal.SIGKILL)

    await until(lambda: len(events) == 3)
    assert events[1] == ExitedBySignal("child", first, signal.SIGKILL, asked=False)
    assert events[2] == Restarted("child", supervisor.pid("child"), 1, 0.01)
    assert is_running(supervisor.pid("child"))


async def test_a_child_that_ends_by_itself_with_zero_comes_back_too(watched, python_child):
    supervisor, events = watched

    await supervisor.start(python_child("pass"))

    await until(lambda: any(isinstance(event, Restarted) for event in events))
    assert isinstance(events[1], ExitedWithCode)
    assert (events[1].code, events[1].asked) == (0, False)


async def test_giving_up_is_said_with_the_end_of_the_log(watched, python_child):
    supervisor, events = watched

    await supervisor.start(python_child("raise SystemExit('no such table')"))

    await until(lambda: supervisor.has_given_up("child"))
    assert isinstance(events[-1], GaveUp)
    assert events[-1].crashes == 4
    assert "no such table" in events[-1].reason
    assert sum(isinstance(event, Restarted) for event in events) == 3


async def test_a_program_that_does_not_exist_is_explained_in_the_reason(watched, tmp_path):
    supervisor, events = watched
    child = Child("ghost", ("/no/such/program",), {}, tmp_path, tmp_path / "ghost.log")

    await supervisor.start(child)

    await until(lambda: supervisor.has_given_up("ghost"))
    assert "cannot run /no/such/program" in events[-1].reason


async def test_two_children_of_one_name_are_refused(watched, python_child):
    supervisor, _ = watched
    await supervisor.start(python_child(SLEEP))

    with pytest.raises(ChildExists, match="child"):
        await supervisor.start(python_child(SLEEP))


async def test_children_stop_in_reverse_order(watched, python_child):
    supervisor, events = watched
    for name in ("first", "second", "third"):
        await supervisor.start(python_child(SLEEP, name=name))
    events.clear()

    await supervisor.stop_all()

    assert [event.name for event in events] == ["third", "second", "first"]
    assert all(event.asked for event in events)


async def test_a_child_deaf_to_sigterm_is_killed_after_its_grace(watched, python_child):
    supervisor, events = watched
    child = python_child(DEAF, grace_seconds=0.2)
    await supervisor.start(child)
    pid = supervisor.pid("child")
    await until(lambda: "deaf" in child.log_file.read_text())

    await supervisor.stop("child")

    assert events[-1] == ExitedBySignal("child", pid, signal.SIGKILL, asked=True)
    assert not is_running(pid)


async def test_stopping_also_ends_grandchildren_that_left_the_group(watched, python_child):
    supervisor, _ = watched
    child = python_child(
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    await supervisor.start(child)
    await until(lambda: child.log_file.read_text().strip())
    grandchild = int(child.log_file.read_text())

    await supervisor.stop_all()

    await until(lambda: not is_running(grandchild))


async def test_stopping_during_the_pause_before_a_restart_starts_nothing(python_child):
    events: list[ChildEvent] = []
    slow = RestartPolicy(first_pause_seconds=60, longest_pause_seconds=60)
    supervisor = Supervisor(events.append, restarts=slow)
    await supervisor.start(python_child("pass"))
    await until(lambda: len(events) == 2)

    await asyncio.wait_for(supervisor.stop_all(), 5)

    assert not any(isinstance(event, Restarted) for event in events)


async def test_a_listener_that_fails_does_not_end_the_watch(python_child):
    def fail(event: ChildEvent) -> None:
        raise RuntimeError(event.name)

    child = python_child(SLEEP)
    async with Supervisor(fail, restarts=SOON) as supervisor:
        await supervisor.start(child)
        first = supervisor.pid("child")
        os.kill(first, signal.SIGKILL)

        await until(lambda: supervisor.pid("child") not in (first, None))

    assert "on_event failed" in child.log_file.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_a_killed_supervisor_leaves_no_child(tmp_path: Path):
    script = tmp_path / "supervise.py"
    script.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from infra.platform.child import Child\n"
        "from infra.platform.processes import Supervisor\n"
        "async def main():\n"
        "    here = Path(sys.argv[1]); s = Supervisor(lambda e: None)\n"
        "    for name in ('a', 'b'):\n"
        f"        argv = (sys.executable, '-c', {DEAF!r})\n"
        "        await s.start(Child(name, argv, dict(os.environ), here, here / name))\n"
        "    print(s.pid('a'), s.pid('b'), flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    pids = [int(word) for word in (await supervisor.stdout.readline()).split()]
    assert len(pids) == 2
    await until(lambda: all("deaf" in (tmp_path / name).read_text() for name in "ab"))

    supervisor.kill()
    await supervisor.wait()

    await until(lambda: not any(is_running(pid) for pid in pids), limit_seconds=5)


def test_pauses_double_up_to_a_limit_and_then_end():
    policy = RestartPolicy(first_pause_seconds=1, longest_pause_seconds=5, crashes_in_a_row=5)

    assert [policy.pause_seconds(n) for n in range(1, 7)] == [1, 2, 4, 5, 5, None]

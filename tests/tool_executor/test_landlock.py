"""What a tool in a worker process tries on the executor and on other workers, whose user it is."""

import json
import os
import subprocess
import sys

import pytest

from services.tool_executor.adapters import landlock, workers
from services.tool_executor.adapters.mcp.stdio import apart
from services.tool_executor.adapters.registry import Registry
from services.tool_executor.settings import Settings
from tests.tool_executor.calling import declared, registry_of
from tests.tool_executor.jailed import attempt, hostile, jailed, said

VERSION = landlock.version()
pytestmark = pytest.mark.skipif(VERSION == 0, reason="the kernel has no Landlock")
FREE = {"sandbox": "process"}

# As root, environments and maps are read all the same.
LOOKS = {
    "its memory": "open('/proc/{pid}/mem', 'rb')",
    "where it works": "import os; os.readlink('/proc/{pid}/cwd')",
    "what it has open": "import os; os.readlink('/proc/{pid}/fd/1')",
    "its files by its root": "import os; os.listdir('/proc/{pid}/root')",
    # Seized, and not attached to: where it can be done the executor goes on.
    "its memory by a call": "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); "
    "libc.ptrace(0x4206, {pid}, 0, 0) and (_ for _ in ()).throw("
    "OSError(ctypes.get_errno(), 'PTRACE_SEIZE'))",
}
TRY_ALL = """
import json
found = {{}}
for what, code in json.loads({codes!r}).items():
    try:
        exec(code, {{}})
        found[what] = "done"
    except OSError as error:
        found[what] = type(error).__name__
print(json.dumps(found))
"""


def trying(codes, pid):
    filled = {what: code.format(pid=pid) for what, code in codes.items()}
    return TRY_ALL.format(codes=json.dumps(filled))


async def test_it_looks_into_no_process_of_the_executor():
    tried = json.loads(await said(trying(LOOKS, os.getpid()), **FREE))

    assert tried == dict.fromkeys(LOOKS, "PermissionError")


async def test_it_looks_into_no_other_worker():
    async with jailed(workers=2) as runner, runner.place(hostile(**FREE)) as other:
        code = trying(LOOKS, other.worker._process.pid)
        ending = await attempt(runner, code, **FREE)

    assert json.loads(json.loads(ending.output_json)) == dict.fromkeys(LOOKS, "PermissionError")


@pytest.mark.skipif(VERSION < landlock.FIRST_WITH_SCOPES, reason="this Landlock knows no signals")
async def test_it_ends_no_process_but_its_own():
    codes = {
        "the executor": "import os; os.kill({pid}, 0)",
        "the first of all": "import os; os.kill(1, 0)",
    }
    own = "import subprocess as s; p = s.Popen(['sleep', '60']); p.kill(); print(p.wait())"

    tried = json.loads(await said(trying(codes, os.getpid()), **FREE))

    assert tried == dict.fromkeys(codes, "PermissionError")
    assert await said(own, **FREE) == "-9\n"


async def test_it_gains_no_rights_by_running_a_program():
    code = "print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])"

    assert await said(code, **FREE) == "1\n"


def test_an_mcp_server_is_set_apart_too():
    talk = f"import os; os.readlink('/proc/{os.getpid()}/cwd')"
    command = [*apart(sys.executable), "-c", talk]

    tried = subprocess.run(command, capture_output=True, text=True, check=False, env={})

    assert "PermissionError" in tried.stderr


async def test_what_it_starts_is_held_to_it_too():
    look = f"import os; os.readlink('/proc/{os.getpid()}/cwd')"
    code = (
        "import subprocess, sys; print(subprocess.run([sys.executable, '-c', "
        f"{look!r}], capture_output=True, text=True).stderr[-200:])"
    )

    assert "PermissionError" in await said(code, **FREE)


def test_it_is_set_apart_by_an_older_kernel_too():
    code = (
        "from services.tool_executor.adapters import landlock; landlock.version = lambda: 5; "
        f"landlock.set_apart(); import os; os.readlink('/proc/{os.getpid()}/cwd')"
    )

    tried = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "PermissionError" in tried.stderr


def test_a_kernel_that_lets_nobody_set_apart_starts_no_worker():
    """Where it says that it can, and then refuses, nothing is run as if it had."""
    code = (
        "from services.tool_executor.adapters import landlock; landlock.RESTRICT_SELF = 9999; "
        "landlock.set_apart()"
    )

    tried = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "OSError" in tried.stderr


@pytest.mark.parametrize(
    ("version", "said_of_it"),
    [(0, "has no Landlock"), (5, "knows no signals"), (6, None), (7, None)],
)
def test_what_is_missing_is_told(version, said_of_it):
    found = landlock.remark(version)

    assert (found is None) if said_of_it is None else (said_of_it in found)


@pytest.mark.parametrize(
    ("registry", "times"),
    [(registry_of(declared("double")), 1), (Registry({}), 0)],
)
async def test_an_executor_says_at_its_start_what_its_kernel_lacks(monkeypatch, registry, times):
    warned = []
    monkeypatch.setattr(workers, "version", lambda: 0)
    monkeypatch.setattr(
        workers.log, "warning", lambda event, **_: warned.append(event), raising=False
    )

    async with workers.pooled(registry, Settings()):
        pass

    assert warned == ["executor.not_set_apart"] * times

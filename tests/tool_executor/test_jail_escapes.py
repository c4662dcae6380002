"""What a hostile tool tries from inside its jail, and that it comes nowhere."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.tool_executor.adapters.jail import Jail
from services.tool_executor.adapters.kinds import WorkerKind
from services.tool_executor.adapters.process import WorkerProcess
from services.tool_executor.adapters.runner import InWorker
from services.tool_executor.rules import Returned
from tests.tool_executor import hostile_tools, sample_tools
from tests.tool_executor.calling import CONTEXT
from tests.tool_executor.jailed import LIMITS, hostile, said

REFUSED = ("PermissionError", "FileNotFoundError", "OSError")

ESCAPES = {
    "a socket to the internet": "import socket; socket.create_connection(('1.1.1.1', 53), 2)",
    "a socket to this machine": "import socket; socket.create_connection(('127.0.0.1', 22), 2)",
    "a local socket": "import socket; socket.socket(socket.AF_UNIX)",
    "a raw socket": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a listener": "import socket; socket.create_server(('127.0.0.1', 0))",
    "another program": "import subprocess; subprocess.run(['/bin/true'])",
    "its own program again": "import os, sys; os.execv(sys.executable, [sys.executable])",
    "a child": "import os; os.fork()",
    "a process of multiprocessing": "import multiprocessing as m; m.Process(target=print).start()",
    "a file of root": "import os; os.listdir('/root/.ssh')",
    "the passwords": "open('/etc/shadow')",
    "the name of users": "open('/etc/passwd')",
    "the process table": "import os; os.listdir('/proc')",
    "the environment of process 1": "open('/proc/1/environ')",
    "the kernel": "open('/sys/kernel/notes')",
    "a disk": "open('/dev/sda')",
    "memory of the machine": "open('/dev/mem')",
    "a program that others run": "import sys; open(sys.executable, 'ab')",
    "a library that others load": "import pydantic; open(pydantic.__file__, 'a')",
    "its own source": "import tests.tool_executor.hostile_tools as m; open(m.__file__, 'a')",
    "a file beside": "open('/x', 'w')",
    "a file among devices": "open('/dev/shm/x', 'w')",
    "a device": "import os, stat; os.mknod('/tmp/d', stat.S_IFCHR | 0o666, os.makedev(1, 1))",
    "a folder of root by way of a link": "import os; os.symlink('/root', '/tmp/r'); "
    "os.listdir('/tmp/r/.ssh')",
    "a file of root by way of its own root": "import os; os.chroot('/tmp')",
}


async def test_it_reaches_nothing_of_all_this():
    """One jail for all of them, and one call."""
    reached = json.loads(await said(TRY_ALL.format(codes=ESCAPES)))

    assert {what: how for what, how in reached.items() if how not in REFUSED} == {}


TRY_ALL = """
import json
told = dict()
for what, code in {codes}.items():
    try:
        exec(code, dict())
        told[what] = "reached"
    except BaseException as error:
        told[what] = type(error).__name__
print(json.dumps(told))
"""

KERNEL = {
    "a namespace of its own": "unshare(0x10000000)",
    "a mount": "mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "the memory of another process": "ptrace(16, 1, 0, 0)",
    "a clone in a new namespace": "syscall(56, 0x10000000, 0, 0, 0, 0)",
    "the newer clone": "syscall(435, 0, 0)",
    "a ring of requests": "syscall(425, 8, 0)",
    "a program for the kernel": "syscall(321, 0, 0, 0)",
    "the keys of the kernel": "syscall(250, 0, 0, 0, 0, 0)",
    "a key": "syscall(248, b'user', b'x', b'y', 1, -1)",
    "a debugger": "syscall(298, 0, 0, 0, 0, 0)",
    "another personality": "personality(0x0040000)",
}


async def test_the_kernel_refuses_all_of_this():
    calls = "\n".join(
        f"ctypes.set_errno(0); libc.{call}; print(ctypes.get_errno())" for call in KERNEL.values()
    )
    told = await said(f"import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n{calls}")
    refused = dict.fromkeys(KERNEL, errno.EPERM) | {"the newer clone": errno.ENOSYS}

    assert dict(zip(KERNEL, map(int, told.split()), strict=True)) == refused


async def test_it_has_no_rights_and_gets_none():
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(os.getuid(), os.geteuid(), libc.prctl(39, 0, 0, 0, 0))
try:
    os.setuid(0)
except OSError:
    print("refused")
"""
    assert await said(code) == "65534 65534 1\nrefused\n"


async def test_the_folder_of_a_project_is_not_seen_but_for_its_packages():
    project = Path(__file__).parents[2]
    code = f"import os; print(sorted(os.listdir({str(project)!r})))"
    seen = json.loads((await said(code)).replace("'", '"'))

    assert set(seen) <= {"contracts", "services", "tests", ".venv"}


async def test_it_sees_no_variable_of_the_executor(monkeypatch):
    monkeypatch.setenv("EXECUTOR_SECRET", "hunter2-hunter2")
    seen = await said("import os; print(sorted(os.environ))")

    assert "EXECUTOR_SECRET" not in seen
    assert "hunter2" not in seen


async def test_no_module_of_another_tool_is_imported_beside_it():
    kind = WorkerKind(jailed=hostile_tools.__name__)
    worker = await WorkerProcess.start((sample_tools.__name__,), LIMITS, kind, Jail.found())
    ending = await InWorker(worker).run(
        hostile(), json.dumps({"code": "import sys; print('sample' in str(sys.modules))"}), CONTEXT
    )
    await worker.close()

    assert ending == Returned('"False\\n"')


def outside_worker(code: str) -> str:
    """What the walls alone let through: a program in the jail that no filter was put on."""
    command = Jail.found().command(
        hostile_tools.__name__, LIMITS.file_bytes, [sys.executable, "-P", "-c", code]
    )
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=30, check=False)
    return (done.stdout + done.stderr.strip().rpartition("\n")[2]).strip()


BEHIND_WALLS = {
    "a socket to the internet": ("OSError", ESCAPES["a socket to the internet"]),
    "a socket to this machine": ("ConnectionRefusedError", ESCAPES["a socket to this machine"]),
    "a namespace": ("-1", "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))"),
    "a mount": ("-1", "import ctypes; print(ctypes.CDLL(None).mount(b'', b'/tmp', b'tmpfs', 0))"),
    "a file beside": ("OSError", ESCAPES["a file beside"]),
    "a right, one day": (
        "[]",
        "import ctypes; print([n for n in range(41) if ctypes.CDLL(None).prctl(23, n)])",
    ),
    "processes of others": ("1", "import os; os.kill(1, 0); print(max(1, os.getppid()))"),
}


@pytest.mark.parametrize(("answer", "code"), BEHIND_WALLS.values(), ids=BEHIND_WALLS.keys())
def test_the_walls_hold_where_no_filter_does(answer, code):
    assert outside_worker(code).startswith(answer)

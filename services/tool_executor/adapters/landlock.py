"""Sets a process apart from the others of the same user: Landlock, a part of Linux since 5.13.

Whatever is done here cannot be undone, and holds for all that the process starts. It may look into
no process but its own (`/proc`, `ptrace`): not into the memory, the environment or the files of the
executor or of another worker. It gains no rights by running a program, and, where the kernel knows
how, sends no signal to others. As root it reads environments all the same.

Two calls of the kernel; the package of that name is a preview, and knows files alone. As a script,
`python landlock.py PROGRAM ARGUMENTS` becomes that program, set apart.
"""

import ctypes
import os
import sys
from typing import Final

CREATE_RULESET: Final = 444
RESTRICT_SELF: Final = 446
SET_NO_NEW_PRIVS: Final = 38
ASK_VERSION: Final = 1

SCOPE_SIGNAL: Final = 1 << 1
# Something has to be ruled. Before signals could be it is this, which nobody misses; with a rule on
# files the kernel refuses mounts as well, which other sandboxes need.
MAKE_DEVICES: Final = 1 << 6 | 1 << 11
FIRST_WITH_SCOPES = 6


class _Rules(ctypes.Structure):
    """`struct landlock_ruleset_attr`, whose last field came with version 6."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def version() -> int:
    """Which one the kernel has, from 1; 0 where it has none, or does not let us use it."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(CREATE_RULESET, None, 0, ASK_VERSION)))


def remark(known: int) -> str | None:
    """What is missing of it on a machine with this version, as a sentence."""
    if known == 0:
        return (
            "the kernel has no Landlock: a tool of `sandbox: process` can look into other "
            "processes of the executor's user"
        )
    if known < FIRST_WITH_SCOPES:
        return (
            f"Landlock {known} knows no signals (it takes {FIRST_WITH_SCOPES}, Linux 6.12): a tool "
            "of `sandbox: process` can end other processes of the executor's user"
        )
    return None


def set_apart() -> None:
    """From here on, for this process and all that it starts; nothing where there is no Landlock.

    To be called before there are threads: others of the process would not be held to it.

    Raises:
        OSError: the kernel has it, and refused.
    """
    known = version()
    if known == 0:
        return
    if known >= FIRST_WITH_SCOPES:
        rules, size = _Rules(0, 0, SCOPE_SIGNAL), ctypes.sizeof(_Rules)
    else:
        rules, size = _Rules(MAKE_DEVICES, 0, 0), _Rules.handled_access_net.offset
    handle = _called("landlock_create_ruleset", CREATE_RULESET, ctypes.byref(rules), size, 0)
    try:
        if _libc().prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise _error("prctl")
        _called("landlock_restrict_self", RESTRICT_SELF, handle, 0)
    finally:
        os.close(handle)


def _called(name: str, number: int, *arguments: object) -> int:
    found = int(_libc().syscall(number, *arguments))
    if found < 0:
        raise _error(name)
    return found


def _error(name: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{name}: {os.strerror(number)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    set_apart()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the words of tools.yaml, which no shell reads

"""Become a supervised child: tie this process to its parent's life, drop root, run the program.

Run as a script by `processes`, between fork and exec, where Python code of a threaded parent
would not be safe:

    launch.py PARENT_PID ORPHAN_SIGNAL UID GID PROGRAM ARGUMENT...     (UID -1: stay who you are)

Only the standard library, since it runs isolated and without site-packages.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_RUN = 127


def main(arguments: list[str]) -> None:
    parent_pid, orphan_signal, uid, gid = map(int, arguments[:4])
    argv = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of account, which would clear it.
    _die_with_parent(orphan_signal)
    if os.getppid() != parent_pid:
        # It died before the kernel was asked to tell us.
        sys.exit("launch: the supervisor is gone")
    # Python ignores these two, and an ignored signal stays ignored in the next program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execv(argv[0], argv)  # noqa: S606  the program is the caller's, there is no shell
    except OSError as error:
        sys.stderr.write(f"launch: cannot run {argv[0]}: {error}\n")
        sys.exit(CANNOT_RUN)


def _die_with_parent(orphan_signal: int) -> None:
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0) != 0:
        sys.exit(f"launch: prctl failed: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])

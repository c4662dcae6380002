"""What code in a jail may not ask of the kernel. Applied from inside, before a tool is imported.

A list of what is refused, not of what is allowed: the latter breaks with every new C library, while
what climbs out of namespaces, starts processes or opens sockets has names that are known.
"""

import errno
from typing import Final

CLONE_THREAD: Final = 0x00010000

REFUSED: Final = (
    # Other programs and processes. A thread is a clone of its own kind, below.
    *("execve", "execveat", "fork", "vfork"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "pidfd_open"),
    # Namespaces and mounts.
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("name_to_handle_at", "open_by_handle_at"),
    # Large and little used parts of the kernel, where most of its holes were found.
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter"),
    *("io_uring_register", "add_key", "request_key", "keyctl", "personality"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("reboot", "swapon", "swapoff", "acct", "quotactl", "syslog", "nfsservctl"),
    # The clock, and memory that no limit counts.
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "memfd_create", "shmget"),
)

# What is there already, and a pair of its own, stays.
SOCKETS: Final = ("socket", "connect", "bind", "listen", "accept", "accept4")


def confine(*, sockets: bool) -> None:
    """Refuse them from here on, for this process and its threads; sockets, if it needs none.

    Raises:
        OSError, ImportError, ValueError: libseccomp is not there, or too old to know a name.
    """
    import pyseccomp  # noqa: PLC0415 - for Linux alone, and only a jailed worker pays for it

    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    for name in REFUSED if sockets else (*REFUSED, *SOCKETS):
        rules.add_rule(refuse, name)
    no_thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    rules.add_rule(refuse, "clone", no_thread)
    # Its flags lie in memory, where no filter looks; without it a C library takes `clone`.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.load()

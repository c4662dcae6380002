"""What can go wrong while the embedded platform starts, runs and stops.

PlatformError                says what, where, and what to do
├── HomeInUse                somebody else runs on this home: stop them, or choose another
├── HomeUnusable             the home cannot hold state: mend the folder
├── KeyFileCorrupt           a key on disk is not a key: ask a person, never overwrite
├── ProgramMissing           a binary is not installed: install it
├── ConfigRefused            a server refuses its configuration: mend what was passed in
├── LogElsewhere             this home holds a log of another kind: choose its mode, or a new home
├── NoFreePort               this machine has no port to give: try again
├── NotReady                 a server did not answer in time: look at its log
├── ChildExists              two children of one name: a mistake in the caller
├── ChildSurvived            a process outlived SIGKILL: ask a person
└── PostgresUnusable         the cluster on disk, or the account to run it, does not serve
"""

from pathlib import Path


class PlatformError(Exception):
    """The root of the family."""


class HomeInUse(PlatformError):
    """Another process holds the lock of this home."""

    def __init__(self, home: Path, pid: int | None) -> None:
        self.home = home
        self.pid = pid
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(
            f"{home} is in use by {holder}; stop it first (Ctrl-C in its terminal), "
            "or set INTERLOCK_HOME to another folder"
        )


class HomeUnusable(PlatformError):
    """The state folder cannot be created, written or read."""

    def __init__(self, home: Path, reason: str) -> None:
        self.home = home
        super().__init__(
            f"{home} cannot hold the platform's state: {reason}; "
            "mend it, or set INTERLOCK_HOME to a folder of yours on a local disk"
        )


class KeyFileCorrupt(PlatformError):
    """A key file exists and does not hold a usable key."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"key file {path}: {reason}; it is never overwritten: restore it from a copy, "
            "or move it away and start again (whatever the old key signed stays unverifiable)"
        )


class ProgramMissing(PlatformError):
    """A program of the platform is not installed where it is looked for."""

    def __init__(self, program: str, remedy: str) -> None:
        self.program = program
        self.remedy = remedy
        super().__init__(f"{program} was not found; {remedy}")


class ConfigRefused(PlatformError):
    """A server read its configuration file and said no."""

    def __init__(self, path: Path, answer: str) -> None:
        self.path = path
        super().__init__(f"{path} was refused: {answer}")


class LogElsewhere(PlatformError):
    """The log in this home is kept by one node, and three are asked for; or the other way round."""

    def __init__(self, home: Path, asked: str, kept_by: int, fitting: str) -> None:
        self.home = home
        super().__init__(
            f"{home} holds a log that is kept by {kept_by} node{'s' if kept_by > 1 else ''}; "
            f"durability {asked} would begin an empty one beside it. Start with {fitting}, "
            "or set INTERLOCK_HOME to another folder"
        )


class NoFreePort(PlatformError):
    """The operating system has no port left to give."""


class NotReady(PlatformError):
    """A server was started and did not answer in time."""

    def __init__(self, name: str, waited_seconds: float, cause: str, log: str) -> None:
        self.name = name
        self.waited_seconds = waited_seconds
        super().__init__(
            f"{name} did not become ready within {waited_seconds:.1f} s ({cause}); "
            f"the end of its log:\n{log or '(empty)'}"
        )


class ChildExists(PlatformError):
    """A child of this name is supervised already."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"a child named {name!r} is supervised already; give each its own name")


class ChildSurvived(PlatformError):
    """A process is still there after SIGKILL, so the kernel holds it (a hung disk, usually)."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.pid = pid
        super().__init__(f"{name} (process {pid}) is still there after SIGKILL; look at its disk")


class PostgresUnusable(PlatformError):
    """The embedded PostgreSQL cannot run here as it is."""

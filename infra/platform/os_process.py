"""What the operating system knows about a process, asked by pid and safe against reused pids."""

from pathlib import Path
from signal import Signals

import psutil


class OsProcess:
    """A process that was there when it was found; acting on one that ended does nothing."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.pid: int = process.pid

    def send(self, signal: Signals) -> None:
        try:
            self._process.send_signal(signal)
        except psutil.NoSuchProcess:
            return

    def ends_within(self, timeout_seconds: float) -> bool:
        try:
            self._process.wait(timeout_seconds)
        except psutil.TimeoutExpired:
            return False
        return True


def born_at(pid: int) -> float | None:
    """When this process started, in seconds since the epoch; None if there is none."""
    try:
        created: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
    return created


def descendants(pid: int) -> list[OsProcess]:
    """Every process below this one; empty if it is gone."""
    try:
        return [OsProcess(child) for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def find(pid: int, *, program: str, cwd: Path) -> OsProcess | None:
    """The process `pid` if it runs `program` in the folder `cwd`, else None."""
    try:
        process = psutil.Process(pid)
        is_it = process.name() == program and Path(process.cwd()) == cwd.resolve()
    except psutil.Error:
        return None
    return OsProcess(process) if is_it else None

"""Keep children running: start, log, restart with a growing pause, and stop without leftovers.

Each child leads its own session, so that Ctrl-C in the terminal reaches the supervisor alone and
the order of stopping is ours. If the supervisor is killed, the kernel ends them (see `launch`).
"""

import asyncio
import os
import time
import traceback
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from signal import SIGKILL
from types import TracebackType
from typing import Self

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
from infra.platform.errors import ChildExists, ChildSurvived, PlatformError
from infra.platform.logs import tail
from infra.platform.os_process import descendants
from infra.platform.spawn import spawn

# The kernel ends a process at once unless it waits for a disk.
KILL_WAIT_SECONDS = 5.0

OnEvent = Callable[[ChildEvent], None]


class Supervisor:
    """Owns its children: `start` them in order, `stop_all` ends them in reverse.

    Call it from the main thread: the kernel ties a child to the thread that started it.
    """

    def __init__(self, on_event: OnEvent, *, restarts: RestartPolicy | None = None) -> None:
        self._on_event = on_event
        self._restarts = restarts or RestartPolicy()
        self._keepers: dict[str, _Keeper] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop_all()

    async def start(self, child: Child) -> None:
        """Start `child` and keep it running; it runs when this returns, it may not be ready."""
        if child.name in self._keepers:
            raise ChildExists(child.name)
        keeper = _Keeper(child, self._restarts, self._on_event)
        self._keepers[child.name] = keeper
        try:
            await keeper.start()
        except OSError:
            del self._keepers[child.name]
            raise

    async def stop(self, name: str) -> None:
        """End one child and forget it; nothing happens if there is none of that name."""
        if keeper := self._keepers.pop(name, None):
            await keeper.stop()

    async def stop_all(self) -> None:
        """End every child, the last started first; each gets its turn even if one resists."""
        survivors: list[PlatformError] = []
        while self._keepers:
            _, keeper = self._keepers.popitem()
            try:
                await keeper.stop()
            except ChildSurvived as error:
                survivors.append(error)
        if survivors:
            raise survivors[0]

    def kill(self, name: str, reason: str) -> None:
        """End a child's process at once; as after any crash, it comes back. The log says why."""
        if (keeper := self._keepers.get(name)) is not None:
            keeper.kill(reason)

    def pid(self, name: str) -> int | None:
        """The process of this child, or None while it is down."""
        keeper = self._keepers.get(name)
        return keeper.pid if keeper else None

    def has_given_up(self, name: str) -> bool:
        """Whether this child stays down; it was said through `on_event` when it happened."""
        keeper = self._keepers.get(name)
        return keeper is None or keeper.gave_up


class _Keeper:
    """The life of one child, across its processes."""

    def __init__(self, child: Child, restarts: RestartPolicy, report: OnEvent) -> None:
        self._child = child
        self._restarts = restarts
        self._on_event = report
        self._stopping = asyncio.Event()
        # Held while a process is made or ended, so that a stop never misses a restart.
        self._changing = asyncio.Lock()
        self._process: Process | None = None
        self._started_at = 0.0
        self._crashes = 0
        self._task: asyncio.Task[None] | None = None
        self.gave_up = False

    @property
    def pid(self) -> int | None:
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        process = await self._spawn()
        self._report(Started(self._child.name, process.pid))
        self._task = asyncio.create_task(self._keep(process), name=f"keep {self._child.name}")

    def kill(self, reason: str) -> None:
        self._say_in_log(reason)
        if (pid := self.pid) is not None:
            _kill_group(pid)

    async def stop(self) -> None:
        self._stopping.set()
        async with self._changing:
            # Of a process that ended earlier, the pid may be somebody else's by now.
            if self._process is not None and self._process.returncode is None:
                await _end(self._child, self._process)
        if self._task is not None:
            await self._task

    async def _keep(self, process: Process) -> None:
        current: Process | None = process
        while current is not None:
            code = await current.wait()
            # What it started must not outlive it: a port or a file may still be held.
            _kill_group(current.pid)
            self._report(_exit_of(self._child.name, current, code, asked=self._stopping.is_set()))
            current = await self._bring_back()

    async def _bring_back(self) -> Process | None:
        """The next process after a crash; None when stopping or giving up."""
        while not self._stopping.is_set():
            self._count_crash()
            pause = self._restarts.pause_seconds(self._crashes)
            if pause is None:
                self._give_up(f"it ended {self._crashes} times in a row")
                return None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            async with self._changing:
                if self._stopping.is_set():
                    return None
                try:
                    process = await self._spawn()
                except OSError as error:
                    self._say_in_log(f"cannot be started: {error}")
                    continue
            self._report(Restarted(self._child.name, process.pid, self._crashes, pause))
            return process
        return None

    def _count_crash(self) -> None:
        was_well = time.monotonic() - self._started_at >= self._restarts.well_after_seconds
        self._crashes = 1 if was_well else self._crashes + 1
        self._started_at = time.monotonic()

    def _report(self, event: ChildEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  a listener's mistake must not leave a child unwatched
            self._say_in_log(f"on_event failed at {event}:\n{traceback.format_exc()}")

    def _give_up(self, reason: str) -> None:
        self.gave_up = True
        last_words = tail(self._child.log_file, lines=5)
        reason = f"{reason}; see {self._child.log_file}, which ends:\n{last_words}"
        self._report(GaveUp(self._child.name, self._crashes, reason))

    def _say_in_log(self, sentence: str) -> None:
        with suppress(OSError), self._child.log_file.open("a", encoding="utf-8") as log:
            log.write(f"supervisor: {sentence}\n")

    async def _spawn(self) -> Process:
        self._process = await spawn(self._child)
        self._started_at = time.monotonic()
        return self._process


async def _end(child: Child, process: Process) -> None:
    """Ask, wait the grace, then kill the process and everything below it."""
    family = descendants(process.pid)
    with suppress(ProcessLookupError):
        process.send_signal(child.stop_signal)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), child.grace_seconds)
    if process.returncode is None:
        family += descendants(process.pid)
    for member in family:
        member.send(SIGKILL)
    _kill_group(process.pid)
    try:
        await asyncio.wait_for(process.wait(), KILL_WAIT_SECONDS)
    except TimeoutError:
        raise ChildSurvived(child.name, process.pid) from None


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, SIGKILL)


def _exit_of(
    name: str, process: Process, code: int, *, asked: bool
) -> ExitedWithCode | ExitedBySignal:
    if code < 0:
        return ExitedBySignal(name, process.pid, -code, asked)
    return ExitedWithCode(name, process.pid, code, asked)

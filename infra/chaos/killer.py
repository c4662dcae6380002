"""Deals the blows of the plan, and keeps a record of each.

A full disk is played by RLIMIT_FSIZE = 0 on the running nats-server: from then on every write of
it fails, as on a full disk (EFBIG in place of ENOSPC; measured: the server takes both the same
way), and no other process of the machine is touched. The limit is lifted after some seconds.
"""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.dev.assembly import service_of
from infra.platform.processes import Supervisor

from .plan import DISK_FULL, FREEZE, INFRASTRUCTURE, Blow

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
NOTHING = (0, resource.RLIM_INFINITY)
# Restarted, recovered, every client connected again, and its retries spent.
INFRASTRUCTURE_BACK_SECONDS = 8.0


# Returns once a replica hears again.
Back = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Strike:
    """A blow that hit a running process. `over_at` is None until it has no more effect.

    `is_single` says that no other was dealt before it was over.
    """

    kind: str
    target: str
    at: datetime
    over_at: datetime | None = None
    is_single: bool = False


class Killer:
    """Strikes until it is cancelled; then what it froze or filled is as before."""

    def __init__(self, supervisor: Supervisor, back: Back) -> None:
        self._supervisor = supervisor
        self._back = back
        self.strikes: list[Strike] = []

    async def strike(self, blows: Iterator[Blow]) -> None:
        """Deal one blow after the other; those that last overlap with the next."""
        async with asyncio.TaskGroup() as lasting:
            for blow in blows:
                await asyncio.sleep(blow.pause_seconds)
                pid = self._supervisor.pid(blow.target)
                if pid is None:
                    continue  # It is down already.
                strike = Strike(blow.kind, blow.target, now())
                self.strikes.append(strike)
                lasting.create_task(self._deal(blow, strike, pid))

    async def strike_alone(self, target: str) -> None:
        """SIGKILL one worker, and return once it hears again."""
        pid = self._supervisor.pid(target)
        if pid is None:
            return  # It is down already.
        strike = Strike(service_of(target), target, now(), is_single=True)
        self.strikes.append(strike)
        _send(pid, signal.SIGKILL)
        await self._back(target)
        strike.over_at = now()

    async def heard_again(self, target: str) -> None:
        """Return once a replica hears."""
        await self._back(target)

    async def _deal(self, blow: Blow, strike: Strike, pid: int) -> None:
        match blow.kind:
            case "freeze":
                await self._freeze(pid, blow)
            case "disk_full":
                await self._fill_disk(pid, blow)
            case _:
                _send(pid, signal.SIGKILL)
        if blow.kind in INFRASTRUCTURE:
            await asyncio.sleep(INFRASTRUCTURE_BACK_SECONDS)
        else:
            await self._back(blow.target)
        strike.over_at = now()

    async def _freeze(self, pid: int, blow: Blow) -> None:
        _send(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(blow.seconds)
        finally:
            # Of a process that was killed meanwhile, the pid may be somebody else's by now.
            if self._supervisor.pid(blow.target) == pid:
                _send(pid, signal.SIGCONT)

    async def _fill_disk(self, pid: int, blow: Blow) -> None:
        _limit(pid, NOTHING)
        try:
            await asyncio.sleep(blow.seconds)
        finally:
            if self._supervisor.pid(blow.target) == pid:
                _limit(pid, UNLIMITED)


def impossible_here(kind: str) -> str | None:
    """Why a kind of blow cannot be dealt on this machine; None if it can."""
    if kind == DISK_FULL and sys.platform != "linux":
        return "only Linux can limit the files of a running process (prlimit)"
    if kind == FREEZE and not hasattr(signal, "SIGSTOP"):
        return "this system cannot stop a process"
    return None


def now() -> datetime:
    """The clock that the log's timestamps are of, too: one machine."""
    return datetime.now(UTC)


def _send(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _limit(pid: int, limits: tuple[int, int]) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

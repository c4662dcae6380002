"""One worker process, from the outside: started, given a call, killed with all its children."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from contracts.progress import Progress
from services.tool_executor.errors import FrameBroken, WorkerUnusable
from services.tool_executor.rules import (
    Ending,
    Expired,
    Oversized,
    Raised,
    Refused,
    Returned,
    Vanished,
)

from .credentials.given import Given
from .frames import LENGTH, REPLY_LIMIT_BYTES, SAID, Call, Reply, Told, framed
from .jail import Jail
from .kinds import WorkerKind
from .silence import Silence
from .surroundings import Room, surroundings

log = structlog.get_logger()

WORKER = "services.tool_executor.adapters.worker"
CHUNK_BYTES = 65_536
TAIL_BYTES = 2_000
REAP_SECONDS = 5.0
EXIT_SECONDS = 0.5
ANY = WorkerKind()


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a worker process may use."""

    start_seconds: float
    memory_bytes: int
    cpu_seconds: int
    open_files: int
    file_bytes: int
    egress_bytes: int

    @property
    def room(self) -> Room:
        """How much of the disk and of the network it has."""
        return Room(self.file_bytes, self.egress_bytes)

    def argument(self, modules: Sequence[str], kind: WorkerKind) -> str:
        """The worker's one argument. In a jail no module is imported but the tool's own."""
        return json.dumps(
            {
                "modules": [kind.jailed] if kind.jailed else list(modules),
                "secrets": list(kind.secrets),
                "jailed": bool(kind.jailed),
                "egress": bool(kind.hosts),
                "memory_bytes": self.memory_bytes,
                "cpu_seconds": self.cpu_seconds,
                "open_files": self.open_files,
                "file_bytes": self.file_bytes,
            }
        )


def _unheard(_: Progress) -> None:
    """Nobody listens."""


class WorkerProcess:
    """A warm worker. It is `usable` while its last call ended with a proper answer."""

    def __init__(self, process: Process, around: AsyncExitStack, given: Given) -> None:
        self._process = process
        self._given = given
        self._around = around
        self._tail = b""
        self._draining = asyncio.create_task(self._drain())
        self._usable = False
        self.calls = 0

    @property
    def usable(self) -> bool:
        return self._usable and self._process.returncode is None

    @property
    def _said(self) -> str:
        """The end of what it printed, for the log alone."""
        return self._given.redacted(self._tail.decode(errors="replace"))

    @classmethod
    async def start(
        cls,
        modules: Sequence[str],
        limits: WorkerLimits,
        kind: WorkerKind = ANY,
        jail: Jail | None = None,
    ) -> "WorkerProcess":
        """A worker that has imported the tools and waits for calls.

        Raises:
            WorkerUnusable: it ended, or was not ready in time, or wants a jail and there is none.
        """
        inner = [sys.executable, "-P", "-m", WORKER, limits.argument(modules, kind)]
        async with AsyncExitStack() as around:
            made = surroundings(kind, inner, limits.room, jail)
            place = await around.enter_async_context(made)
            process = await asyncio.create_subprocess_exec(
                *place.command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=place.folder,
                env=place.environment,
                # A group of its own, so that what a tool starts ends with it.
                start_new_session=True,
            )
            worker = cls(process, around.pop_all(), kind.given)
        return await worker._ready(limits.start_seconds)

    async def _ready(self, within_seconds: float) -> "WorkerProcess":
        try:
            async with asyncio.timeout(within_seconds):
                await self._frame(REPLY_LIMIT_BYTES)
        except (TimeoutError, FrameBroken, OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise self._unusable(error) from None
        except asyncio.CancelledError:
            await self.close()
            raise
        self._usable = True
        return self

    def _unusable(self, error: Exception) -> WorkerUnusable:
        log.error("executor.worker_unusable", error=repr(error), said=self._said)
        return WorkerUnusable(type(error).__name__)

    async def run(self, call: Call, report: Callable[[Progress], None] = _unheard) -> Ending:
        """Run one call within its limits. Whatever goes wrong, the process does not outlive it."""
        # Until a proper answer proves otherwise; being cancelled in between counts as well.
        self._usable = False
        self.calls += 1
        silence = Silence(call.silent_seconds)
        try:
            async with asyncio.timeout(call.time_limit_seconds), silence.limited():
                ending = await self._converse(call, silence.broken_by(report))
        except TimeoutError:
            self.kill()
            return silence.ending or Expired(call.time_limit_seconds)
        except (FrameBroken, ValidationError, OSError, asyncio.IncompleteReadError) as error:
            return await self._vanished(error)
        self._usable = True
        return ending

    async def _converse(self, call: Call, report: Callable[[Progress], None] = _unheard) -> Ending:
        assert self._process.stdin is not None, "started with pipes"
        self._process.stdin.write(framed(call.model_dump_json().encode()))
        await self._process.stdin.drain()
        reply = await self._reply(report)
        match reply.kind:
            case "returned":
                output = await self._frame(call.output_limit_bytes)
                return Returned(output.decode(), reply.labels)
            case "oversized":
                return Oversized(reply.size_bytes, reply.text, reply.labels)
            case "refused":
                return Refused(reply.text)
            case "raised":
                return Raised(reply.text)

    async def _reply(self, report: Callable[[Progress], None]) -> Reply:
        """The reply, after what the tool tells of itself; how often it may, its time limit says."""
        while isinstance(said := SAID.validate_json(await self._frame(REPLY_LIMIT_BYTES)), Told):
            report(said.progress)
        return said

    async def _frame(self, limit_bytes: int) -> bytes:
        assert self._process.stdout is not None, "started with pipes"
        head = await self._process.stdout.readexactly(LENGTH.size)
        (length,) = LENGTH.unpack(head)
        if length > limit_bytes:
            raise FrameBroken(f"a frame of {length} bytes, where {limit_bytes} are allowed")
        return await self._process.stdout.readexactly(length)

    async def _vanished(self, error: Exception) -> Vanished:
        # Dead by itself, it is about to tell its own exit code; what it started may still live.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), EXIT_SECONDS)
        self.kill()
        code = self._process.returncode
        log.error("executor.worker_vanished", error=repr(error), exit_code=code, said=self._said)
        return Vanished(f"its worker ended ({_exit_words(code)})")

    async def _drain(self) -> None:
        """Read what tools print, so that they never block on it; keep its end for the log."""
        assert self._process.stderr is not None, "started with pipes"
        while chunk := await self._process.stderr.read(CHUNK_BYTES):
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]

    def kill(self) -> None:
        """End the worker and everything it started, now."""
        self._usable = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Kill it, reap it, and remove what it lived in."""
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), REAP_SECONDS)
        if self._process.returncode is None:
            log.error("executor.worker_not_reaped", pid=self._process.pid)
        await self._stop_draining()
        await self._around.aclose()

    async def _stop_draining(self) -> None:
        # A grandchild that left the group may hold the pipe open for as long as it likes.
        await asyncio.wait([self._draining], timeout=0.1)
        self._draining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._draining


def _exit_words(code: int | None) -> str:
    if code is None:
        return "still ending"
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"

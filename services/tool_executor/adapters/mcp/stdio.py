"""A server as our process: with named variables alone, a private folder, and bounded lines.

The SDK has such a transport too. It reads a line of any length, and passes on HOME and USER.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

from services.tool_executor.adapters import landlock
from services.tool_executor.adapters.credentials.given import Given
from services.tool_executor.errors import ServerUnusable

from .declared import Stdio
from .wire import Flooded, Wire, parsed

log = structlog.get_logger()

SHARED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
CHUNK_BYTES = 65_536
TAIL_BYTES = 2_000
EXIT_SECONDS = 0.5
REAP_SECONDS = 5.0


def server_environment(ours: Mapping[str, str], given: Given, folder: str) -> dict[str, str]:
    """The whole environment of a server: nothing is inherited that is not named."""
    own = {name: ours[name] for name in SHARED_VARIABLES if name in ours}
    return {**own, "HOME": folder, "TMPDIR": folder, **dict(given.values)}


def program(command: str) -> str:
    """Where a command is: on the PATH, or beside our own interpreter.

    Raises:
        ServerUnusable: nowhere.
    """
    beside = Path(sys.executable).parent
    found = shutil.which(command, path=os.pathsep.join((os.environ.get("PATH", ""), str(beside))))
    if found is None:
        raise ServerUnusable(f"there is no program {command}; install it, or write its whole path")
    return str(Path(found).absolute())


def apart(program: str) -> tuple[str, ...]:
    """How it is started so that it looks into no process of ours."""
    # By its path: the server's environment does not say where our packages lie.
    return (sys.executable, "-I", "-S", landlock.__file__, program)


@asynccontextmanager
async def stdio_streams(stdio: Stdio, wire: Wire, given: Given) -> AsyncIterator[TransportStreams]:
    """Start the server; when this is left, it and everything it started has ended.

    Raises:
        ServerUnusable: there is no such program.
        OSError: it cannot be started.
    """
    command = program(stdio.command)
    folder = tempfile.mkdtemp(prefix="interlock-mcp-")
    try:
        process = await asyncio.create_subprocess_exec(
            *apart(command),
            *stdio.args,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=wire.message_limit_bytes,
            cwd=folder,
            env=server_environment(os.environ, given, folder),
            # A group of its own, so that what it starts ends with it.
            start_new_session=True,
        )
        async with _pumped(process, wire, given) as streams:
            yield streams
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _pumped(process: Process, wire: Wire, given: Given) -> AsyncIterator[TransportStreams]:
    come, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, go = anyio.create_memory_object_stream[SessionMessage](0)
    pumps = [
        asyncio.create_task(_read(process, come, wire)),
        asyncio.create_task(_write(process, go)),
        asyncio.create_task(_drain(process, given)),
    ]
    try:
        yield incoming, outgoing
    finally:
        await asyncio.shield(_end(process))
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps, timeout=REAP_SECONDS)
        for stream in (come, incoming, outgoing, go):
            stream.close()


async def _read(
    process: Process, come: MemoryObjectSendStream[SessionMessage | Exception], wire: Wire
) -> None:
    """Pass on messages until the server ends, or says too much. Then the session is over."""
    assert process.stdout is not None, "started with pipes"
    # Whoever waits for an answer is told by the end of the stream.
    async with come:
        try:
            while line := await process.stdout.readline():
                wire.took(len(line))
                if (message := parsed(line)) is not None:
                    await come.send(message)
            wire.broke("its process ended")
        except ValueError:
            wire.broke(f"it sent a message of more than {wire.message_limit_bytes} bytes")
            kill(process)
        except Flooded as error:
            wire.broke(str(error))
            kill(process)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # The session is over already.


async def _write(process: Process, go: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None, "started with pipes"
    with contextlib.suppress(OSError, anyio.ClosedResourceError):
        async for said in go:
            text = said.message.model_dump_json(by_alias=True, exclude_unset=True)
            process.stdin.write(text.encode() + b"\n")
            await process.stdin.drain()


async def _drain(process: Process, given: Given) -> None:
    """Read what it prints, so that it never blocks on it; the end of it is for the log."""
    assert process.stderr is not None, "started with pipes"
    tail = b""
    try:
        while chunk := await process.stderr.read(CHUNK_BYTES):
            tail = (tail + chunk)[-TAIL_BYTES:]
    finally:
        if process.returncode and tail:
            log.warning("executor.server_said", said=given.redacted(tail.decode(errors="replace")))


def kill(process: Process) -> None:
    """End the server and everything it started, now."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: Process) -> None:
    """By the closing of its input, as the protocol has it; what does not end then is killed."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), EXIT_SECONDS)
    # Also when it has ended: what it started may live.
    kill(process)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), REAP_SECONDS)
    if process.returncode is None:
        log.error("executor.server_not_reaped", pid=process.pid)
    # What it started may hold the pipes open, and nothing public closes our ends of them.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - as above

"""The inside of a worker process: reads a call, runs it, answers; until its input ends.

Run as `python -P -m services.tool_executor.adapters.worker LIMITS`. Its environment was made for
it: there is no secret of the executor here to be found. Standard output becomes standard error,
so that a tool that prints says nothing to the executor.
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Literal

from contracts.progress import Progress
from contracts.tool import is_refusal

from .credentials.given import REDACTED, SHORTEST_SECRET
from .frames import CALL_LIMIT_BYTES, HEAD_LIMIT, LENGTH, REASON_LIMIT, Call, Reply, Told, framed
from .invocation import Invocation, invocation_of
from .landlock import set_apart
from .syscalls import confine
from .teller import FrameTeller
from .way_out import open_way_out

# The executor stops a call at its limit. If the executor died meanwhile, the worker does it
# itself, well within the margin after which others call the outcome unknown.
ALARM_SLACK_SECONDS = 0.2


def main() -> None:
    limits: dict[str, Any] = json.loads(sys.argv[1])
    calls, replies = _take_pipes()
    # A jail has walls of its own: no other process is seen from inside.
    if not limits["jailed"]:
        set_apart()
    _limit_resources(limits)
    if limits["egress"]:
        open_way_out()
    if limits["jailed"]:
        confine(sockets=limits["egress"])
    for module in limits["modules"]:
        importlib.import_module(module)
    _write(replies, b"{}")
    while (content := _read(calls)) is not None:
        call = Call.model_validate_json(content)
        _limit_processor(limits["cpu_seconds"])
        signal.setitimer(signal.ITIMER_REAL, call.time_limit_seconds + ALARM_SLACK_SECONDS)
        teller = _teller(replies, limits["secrets"])
        reply, output = _answer(call, limits["secrets"], teller)
        teller.close()
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(replies, reply.model_dump_json().encode())
        if reply.kind == "returned":
            _write(replies, output)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for ourselves, where neither a tool nor its children find them by number."""
    calls, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(calls, "rb"), os.fdopen(replies, "wb")


def _read(calls: BinaryIO) -> bytes | None:
    """The next frame; None where the executor has closed the pipe."""
    head = calls.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > CALL_LIMIT_BYTES:
        return None
    content = calls.read(length)
    return content if len(content) == length else None


def _write(replies: BinaryIO, content: bytes) -> None:
    replies.write(framed(content))
    replies.flush()


def _teller(replies: BinaryIO, secrets: list[str]) -> FrameTeller:
    """What a tool tells of itself may quote a secret, as an error may."""

    def write(progress: Progress) -> None:
        told = Told(
            progress=progress.model_copy(update={"note": _redacted(progress.note, secrets)})
        )
        _write(replies, told.model_dump_json().encode())

    return FrameTeller(write)


def _answer(call: Call, secrets: list[str], teller: FrameTeller) -> tuple[Reply, bytes]:
    begun = False
    try:
        invocation, keywords = _prepared(call, teller)
        begun = True
        output, labels = invocation.output(_invoke(invocation.function, keywords))
    except Exception as error:  # noqa: BLE001 - the edge: whatever a tool raises is its answer
        kind: Literal["refused", "raised"] = (
            "raised" if begun and not is_refusal(error) else "refused"
        )
        return Reply(kind=kind, text=_sentence(error, secrets)), b""
    size = len(output)
    if size > call.output_limit_bytes:
        head = output[:HEAD_LIMIT].decode(errors="ignore")
        return Reply(kind="oversized", size_bytes=size, text=head, labels=labels), b""
    return Reply(kind="returned", size_bytes=size, labels=labels), output


def _prepared(call: Call, teller: FrameTeller) -> tuple[Invocation, dict[str, Any]]:
    invocation = invocation_of(find_function(call.module, call.function))
    context = call.context.telling(teller)
    return invocation, invocation.keywords(call.arguments_json, context)


def _invoke(function: Callable[..., Any], keywords: dict[str, Any]) -> object:
    if inspect.iscoroutinefunction(function):
        # A loop for each call: what a tool leaves running is cancelled before it is answered for.
        return asyncio.run(function(**keywords))
    return function(**keywords)


def find_function(module: str, function: str) -> Callable[..., Any]:
    """The declared function by its qualified name."""
    found: Any = importlib.import_module(module)
    for name in function.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]  # a module's content has no type


def _sentence(error: Exception, secrets: list[str]) -> str:
    """The error for the model to read, without the secrets that its text may quote."""
    return _redacted(f"{type(error).__name__}: {error}", secrets)[:REASON_LIMIT]


def _redacted(text: str, secrets: list[str]) -> str:
    for name in secrets:
        value = os.environ.get(name, "")
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, REDACTED)
    return text


def _limit_resources(limits: dict[str, Any]) -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    for name, limit in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_AS", limits["memory_bytes"]),
        ("RLIMIT_NOFILE", limits["open_files"]),
        ("RLIMIT_FSIZE", limits["file_bytes"]),
    ):
        # A mac refuses RLIMIT_AS; the time limit still holds there.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))


def _limit_processor(cpu_seconds: int) -> None:
    """Processor time counts from the start of the process, so the limit moves with every call."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + cpu_seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    main()

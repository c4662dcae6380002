"""Tools that behave, and tools that do not."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from contracts.labels import Labelled
from contracts.tool import ToolContext, tool


@tool(effect="read", idempotent=True, output_trust="internal")
def double(x: int) -> int:
    """Twice the number."""
    return 2 * x


@tool(effect="read", output_trust="internal")
def recall(*, call: ToolContext) -> Labelled:
    """Give back what was stored, with the labels of who stored it: here those of the call."""
    return Labelled(value={"note": "42"}, labels=call.labels)


@tool(effect="read", output_trust="internal", sandbox="in_process")
async def recall_here(*, call: ToolContext) -> Labelled:
    """The same in the executor's own process."""
    return Labelled(value={"note": "42"}, labels=call.labels)


@tool(effect="read", sandbox="in_process", timeout_seconds=0.2)
async def nap(seconds: float) -> str:
    """Sleep in the executor's own process."""
    await asyncio.sleep(seconds)
    return "rested"


@tool(effect="read", timeout_seconds=0.3)
def hang() -> str:
    """Never come back, and leave a child that does not either."""
    child = subprocess.Popen(["sleep", "60"])
    Path("child.pid").write_text(str(child.pid))
    time.sleep(60)
    return "late"


@tool(effect="read", output_limit_bytes=1000)
def flood(size: int) -> str:
    """Say far too much."""
    return "x" * size


@tool(effect="read")
def chatter(lines: int) -> str:
    """Print a lot, everywhere."""
    for _ in range(lines):
        print("x" * 100)  # noqa: T201 - what this tool is about
        sys.stderr.write("y" * 100 + "\n")
    os.write(1, b"\x00\x00\x00\x05false")
    subprocess.run(["echo", "from a child"], check=True)
    return "done"


@tool(effect="read")
def environment() -> dict[str, str]:
    """Everything that a tool can see of its environment."""
    return dict(os.environ)


@tool(effect="read", scopes=["vault:read"])
def leak() -> str:
    """Fail with a secret in the error."""
    raise RuntimeError(f"cannot reach {os.environ['SAMPLE_SECRET']}")


@tool(effect="read", scopes=["vault:read"])
def die_telling() -> str:
    """Print a secret, and die."""
    sys.stderr.write(f"with {os.environ['SAMPLE_SECRET']}\n")
    sys.stderr.flush()
    os._exit(3)


@tool(effect="money")
def crash() -> str:
    """Die in the middle."""
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


@tool(effect="read")
def gobble(size: int) -> int:
    """Ask for more memory than there is."""
    return len(bytearray(size))


@tool(effect="read")
async def who(*, call: ToolContext) -> str:
    """Tell the key of the call, and where it runs."""
    return f"{call.idempotency_key} {os.getpid()} {Path.cwd()}"


@tool(effect="read")
def count_to(number: int, pause_seconds: float, *, call: ToolContext) -> str:
    """Tell of each step, then return."""
    for done in range(1, number + 1):
        call.progress(done, number, f"step {done}")
        time.sleep(pause_seconds)
    return "counted"


@tool(effect="read")
def tell_then_hush(seconds: float, *, call: ToolContext) -> str:
    """Tell twice at once, then work in silence."""
    call.progress(1, 2, "first")
    call.progress(2, 2, f"last with {os.environ.get('SAMPLE_SECRET', 'nothing')}")
    time.sleep(seconds)
    return "done"


@tool(effect="read")
def tell_too_late(*, call: ToolContext) -> str:
    """Leave a thread that tells after the call has ended."""

    def tell() -> None:
        for _ in range(20):
            time.sleep(0.02)
            call.progress(note="too late")

    threading.Thread(target=tell, daemon=True).start()
    return "done"


@tool(effect="read", sandbox="in_process")
async def tell_in_process(times: int, pause_seconds: float, *, call: ToolContext) -> str:
    """Tell of each step, in the executor's own process."""
    for done in range(1, times + 1):
        call.progress(done, times)
        await asyncio.sleep(pause_seconds)
    return "told"


@tool(effect="read", output_trust="internal")
def misdeclared(value: str) -> list[int]:
    """Give back a text that the annotation knows nothing of."""
    return value  # type: ignore[return-value]


@tool(effect="read", output_trust="internal", sandbox="in_process")
async def misdeclared_here(value: str) -> list[int]:
    """The same in the executor's own process."""
    return value  # type: ignore[return-value]


@tool(effect="read")
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello {len(name)}"

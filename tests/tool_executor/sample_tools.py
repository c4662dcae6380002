"""Tools that behave, and tools that do not."""

import asyncio
import os
import signal
import subprocess
import sys
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

"""Waiting in tests: for a condition, never for longer than a limit."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

LIMIT_SECONDS = 15.0


async def until(condition: Callable[[], object], limit_seconds: float = LIMIT_SECONDS) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit_seconds, f"not within {limit_seconds} s"
        await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    """A zombie has ended; it only waits for its parent to ask."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"

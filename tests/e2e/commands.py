"""The program `interlock`, typed beside a running platform."""

import asyncio
import os
import sys
from pathlib import Path

COMMAND_SECONDS = 60.0
SUITE_SECONDS = 240.0


async def interlock(home: Path, *arguments: str) -> str:
    """What the command prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.cli",
        *arguments,
        env={**os.environ, "INTERLOCK_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def typed(home, *arguments, said_to="", **environment):
    """Exit code and output of `interlock eval` with these arguments, told this on its input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.cli",
        "eval",
        *arguments,
        env={**os.environ, "INTERLOCK_HOME": str(home), **environment},
        stdin=asyncio.subprocess.PIPE if said_to else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(said_to.encode() or None), SUITE_SECONDS)
    return process.returncode, said.decode()

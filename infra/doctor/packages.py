"""Is every Python package that the platform asks for here, in the version of the lock?

Only what our own members ask for by name is looked at: the rest came with it. Another version than
the locked one is a warning, since newer SDKs are tried on purpose.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from infra.dev.assembly import REPOSITORY

from .check import aside
from .errors import Unexaminable
from .finding import Finding, fail, ok, warn
from .installation import Installation

LOCK = REPOSITORY / "uv.lock"
OWN = "interlock"
SYNC = "uv sync --frozen"

# By name, every version that the lock allows: it may have several, for several platforms.
Wanted = Mapping[str, frozenset[str]]


async def look_at_packages(_installation: Installation) -> Sequence[Finding]:
    return await aside(lambda: tuple(judge(wanted(LOCK))))


def wanted(lock: Path) -> Wanted:
    """What our members ask for, with its locked versions.

    Raises:
        Unexaminable: there is no lock here, as in an image that holds one service.
    """
    try:
        packages: list[dict[str, Any]] = tomllib.loads(lock.read_text("utf-8"))["package"]
    except FileNotFoundError:
        raise Unexaminable(f"{lock} is not here, so nobody knows which versions it wants") from None
    asked = {
        one["name"]
        for package in packages
        if package["name"].startswith(OWN)
        for one in package.get("dependencies", ())
        if not one["name"].startswith(OWN)
    }
    return {
        name: frozenset(one["version"] for one in packages if one["name"] == name) for name in asked
    }


def judge(packages: Wanted) -> Iterator[Finding]:
    """A finding for each package that is not as locked, or one for all of them."""
    amiss = [one for name in sorted(packages) if (one := _amiss(name, packages[name]))]
    yield from amiss or (ok("packages", f"{len(packages)} as locked"),)


def _amiss(name: str, locked: frozenset[str]) -> Finding | None:
    shown = " or ".join(sorted(locked))
    try:
        found = version(name)
    except PackageNotFoundError:
        return fail(name, f"not installed; the lock has {shown}", SYNC)
    if found not in locked:
        return warn(name, f"{found} is installed; the lock has {shown}", SYNC)
    return None

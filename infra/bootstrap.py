"""Prepare what services find in place: keys and configuration first, streams and tables later.

`python -m infra.bootstrap keys` needs no server; `python -m infra.bootstrap setup` needs both.
The embedded platform does the same in one process (`infra/dev/platform.py`).
"""

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import nats

from contracts.tenancy import TENANTS_VARIABLE, tenants_in
from infra.demo.shop.database import prepare as prepare_shop
from infra.deployment.certificates import ensure_certificates
from infra.deployment.handing_out import hand_out
from infra.deployment.roles import ensure_passwords, ensure_service_roles, ensure_tools_role
from infra.dev.assembly import SIGNING_OWNERS
from infra.dev.people import ensure_token
from infra.dev.platform import write_manifests
from infra.generate.permissions import INFRA, permissions_conf, users
from infra.migrations.run import migrate
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.nats_identity import ensure_canary_key, ensure_nats_users, ensure_signers
from infra.streams import ensure_streams
from shared.connection import CA_VARIABLE, servers_of, tls_to

HAND_OUT_VARIABLE = "INTERLOCK_HAND_OUT_DIR"
TOOLS_PASSWORD_VARIABLE = "INTERLOCK_TOOLS_PASSWORD"  # noqa: S105 - its name
NKEY_VARIABLE = "INTERLOCK_INFRA_NKEY_FILE"


async def make_keys(home: Home, config_dir: Path, tenants: Sequence[str] = ()) -> None:
    """Keys, passwords, users of nats-server, pinned tool manifests, and a first person's token.

    Raises:
        ValueError: a tenant is 1 to 64 of A-Z a-z 0-9 _ -, and one of these is not.
    """
    names = [user.name for user in users(tenants)]
    home.create()
    made = ensure_nats_users(home, names)
    ensure_signers(home, SIGNING_OWNERS)
    public = {name: user.public_key for name, user in made.items()}
    replace_file(home.nats / "authorization.conf", permissions_conf(public, tenants))
    ensure_canary_key(home)
    ensure_passwords(home.keys)
    ensure_certificates(home.path / "tls")
    await write_manifests(home.run / "tools.lock.json", config_dir)
    ensure_token(home.keys / "tokens.json")


async def set_up(home: Home, durability: str, environment: Mapping[str, str] = os.environ) -> None:
    """Streams, consumers, roles and tables. Doing it again changes nothing.

    Raises:
        ValueError: a tenant that is named is no token of a subject, or they are too many.
    """
    ca_file = environment.get(CA_VARIABLE)
    tls = tls_to(Path(ca_file) if ca_file else None)
    client = await nats.connect(
        servers_of(environment["INTERLOCK_NATS_URL"]),
        nkeys_seed=environment.get(NKEY_VARIABLE) or str(home.keys / f"{INFRA}.nkey"),
        inbox_prefix=f"_INBOX_{INFRA}".encode(),
        tls=tls,
        tls_handshake_first=tls is not None,
    )
    tenants = tenants_in(environment.get(TENANTS_VARIABLE, ""))
    try:
        for change in await ensure_streams(client.jetstream(), durability, tenants=tenants):
            print(change)
    finally:
        await client.close()
    postgres_dsn = environment["INTERLOCK_POSTGRES_DSN"]
    # Before the tables: whoever migrates gives each role that there is its rights.
    await ensure_service_roles(postgres_dsn, _keys_of(home, environment))
    await migrate(postgres_dsn)
    if password := environment.get(TOOLS_PASSWORD_VARIABLE):
        await ensure_tools_role(postgres_dsn, password)
    await prepare_shop(postgres_dsn)


def _keys_of(home: Home, environment: Mapping[str, str]) -> Path:
    """Where the key of whoever prepares lies, and the passwords of roles beside it."""
    nkey = environment.get(NKEY_VARIABLE)
    return Path(nkey).parent if nkey else home.keys


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bootstrap", description=__doc__)
    parser.add_argument("what", choices=["keys", "setup"])
    claimed = os.environ.get("INTERLOCK_DURABILITY", "durable")
    parser.add_argument("--durability", default=claimed, help="fast, durable or replicated")
    options = parser.parse_args()
    home = Home.from_environment()
    if options.what == "setup":
        asyncio.run(set_up(home, options.durability))
        return
    config_dir = Path(os.environ.get("INTERLOCK_CONFIG_DIR", "infra/config"))
    tenants = tenants_in(os.environ.get(TENANTS_VARIABLE, ""))
    asyncio.run(make_keys(home, config_dir, tenants))
    if to := os.environ.get(HAND_OUT_VARIABLE):
        hand_out(home, Path(to), tenants)


if __name__ == "__main__":
    main()

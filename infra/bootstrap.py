"""Prepare what services find in place: keys and configuration first, streams and tables later.

`python -m infra.bootstrap keys` needs no server; `python -m infra.bootstrap setup` needs both.
The embedded platform does the same in one process (`infra/dev/platform.py`).
"""

import argparse
import asyncio
import os
from pathlib import Path

import nats

from infra.demo.shop.database import prepare as prepare_shop
from infra.dev.assembly import SIGNING_OWNERS
from infra.dev.people import ensure_token
from infra.dev.platform import write_manifests
from infra.generate.permissions import INFRA, USERS, permissions_conf
from infra.migrations.run import migrate
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.nats_identity import ensure_nats_users, ensure_signers
from infra.streams import ensure_streams
from shared.connection import servers_of


async def make_keys(home: Home, config_dir: Path) -> None:
    """Keys, the users of nats-server, pinned tool manifests, and a first person's token."""
    home.create()
    users = ensure_nats_users(home, USERS)
    ensure_signers(home, SIGNING_OWNERS)
    public = {name: user.public_key for name, user in users.items()}
    replace_file(home.nats / "authorization.conf", permissions_conf(public))
    await write_manifests(home.run / "tools.lock.json", config_dir)
    ensure_token(home.keys / "tokens.json")


async def set_up(home: Home, nats_url: str, postgres_dsn: str, durability: str) -> None:
    """Streams, consumers and tables. Doing it again changes nothing."""
    client = await nats.connect(
        servers_of(nats_url),
        nkeys_seed=str(home.keys / f"{INFRA}.nkey"),
        inbox_prefix=f"_INBOX_{INFRA}".encode(),
    )
    try:
        for change in await ensure_streams(client.jetstream(), durability):
            print(change)
    finally:
        await client.close()
    await migrate(postgres_dsn)
    await prepare_shop(postgres_dsn)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bootstrap", description=__doc__)
    parser.add_argument("what", choices=["keys", "setup"])
    claimed = os.environ.get("INTERLOCK_DURABILITY", "durable")
    parser.add_argument("--durability", default=claimed, help="fast, durable or replicated")
    options = parser.parse_args()
    home = Home.from_environment()
    if options.what == "keys":
        config_dir = Path(os.environ.get("INTERLOCK_CONFIG_DIR", "infra/config"))
        asyncio.run(make_keys(home, config_dir))
        return
    nats_url = os.environ["INTERLOCK_NATS_URL"]
    postgres_dsn = os.environ["INTERLOCK_POSTGRES_DSN"]
    asyncio.run(set_up(home, nats_url, postgres_dsn, options.durability))


if __name__ == "__main__":
    main()

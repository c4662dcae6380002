"""A home with the keys of an installation, and nothing that runs."""

from pathlib import Path

import pytest

from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import USERS, permissions_conf
from infra.platform.home import Home
from infra.platform.nats_identity import ensure_nats_users, ensure_signers


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / ".interlock")
    home.create()
    return home


@pytest.fixture
def keyed(home: Home) -> Home:
    """With every key, and with what nats-server is told of them."""
    users = ensure_nats_users(home, USERS)
    ensure_signers(home, SIGNING_OWNERS)
    public = {name: user.public_key for name, user in users.items()}
    (home.nats / "authorization.conf").write_text(permissions_conf(public))
    return home

"""What is examined: the platform that runs in the home, a deployment that is named, or neither.

`INTERLOCK_NATS_URL` or `INTERLOCK_POSTGRES_DSN` name a deployment and win over what runs in the
home: whoever sets them means them. Keys and configuration are found as the services find theirs.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contracts.tenancy import TENANTS_VARIABLE, tenants_in
from infra.dev.assembly import REPOSITORY
from infra.dev.configuration import CONFIG_VARIABLE
from infra.generate.permissions import users
from infra.platform.home import Endpoints, Home
from shared.connection import servers_of

from .addresses import shown
from .errors import Unexaminable

NATS_VARIABLE = "INTERLOCK_NATS_URL"
POSTGRES_VARIABLE = "INTERLOCK_POSTGRES_DSN"
MONITORING_VARIABLE = "INTERLOCK_NATS_MONITORING_URL"  # several with commas between
DURABILITY_VARIABLE = "INTERLOCK_DURABILITY"
KEYRING_VARIABLE = "INTERLOCK_KEYRING_FILE"
MANIFESTS_VARIABLE = "INTERLOCK_TOOL_MANIFESTS"

Kind = Literal["platform", "deployment", "nothing"]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the parts are. What is not known is empty, and `kind` says why."""

    kind: Kind
    home: Home
    nats_urls: tuple[str, ...] = ()
    monitoring_urls: tuple[str, ...] = ()
    postgres_dsn: str = ""
    durability: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def found(cls, home: Home, environment: Mapping[str, str] = os.environ) -> "Installation":
        """As the environment names it, else as the platform of the home wrote it down.

        Raises:
            HomeUnusable: the home holds something that no platform wrote.
        """
        nats_urls = tuple(servers_of(environment.get(NATS_VARIABLE, "")))
        dsn = environment.get(POSTGRES_VARIABLE, "")
        if nats_urls or dsn:
            return cls._named(home, nats_urls, dsn, environment)
        if (running := home.endpoints()) is not None:
            return cls._running(home, running, environment)
        return cls._named(home, (), "", environment)

    @classmethod
    def _named(
        cls, home: Home, nats_urls: tuple[str, ...], dsn: str, environment: Mapping[str, str]
    ) -> "Installation":
        return cls(
            "deployment" if nats_urls or dsn else "nothing",
            home,
            nats_urls,
            tuple(servers_of(environment.get(MONITORING_VARIABLE, ""))),
            dsn,
            environment.get(DURABILITY_VARIABLE, ""),
            environment=environment,
        )

    @classmethod
    def _running(
        cls, home: Home, running: Endpoints, environment: Mapping[str, str]
    ) -> "Installation":
        monitoring = environment.get(MONITORING_VARIABLE) or running.nats_monitoring_url
        return cls(
            "platform",
            home,
            tuple(servers_of(running.nats_url)),
            tuple(servers_of(monitoring)),
            running.postgres_dsn,
            environment.get(DURABILITY_VARIABLE) or running.durability,
            running.services,
            environment,
        )

    @property
    def title(self) -> str:
        """What is examined, for people."""
        match self.kind:
            case "platform":
                return f"the platform that runs in {self.home.path}"
            case "deployment":
                named = (
                    ", ".join(map(shown, self.nats_urls)),
                    POSTGRES_VARIABLE if self.postgres_dsn else "",
                )
                return f"the deployment at {' and '.join(one for one in named if one)}"
            case "nothing":
                return f"this machine: nothing runs in {self.home.path}"

    @property
    def config_dir(self) -> Path:
        default = REPOSITORY / "infra" / "config"
        return Path(self.environment.get(CONFIG_VARIABLE) or default).absolute()

    @property
    def tenants(self) -> tuple[str, ...]:
        """Those that are named; the platform of a home names none.

        Raises:
            Unexaminable: the setting cannot be read.
        """
        if self.kind == "platform":
            return ()
        try:
            return tenants_in(self.environment.get(TENANTS_VARIABLE, ""))
        except ValueError as error:
            raise Unexaminable(f"{TENANTS_VARIABLE}: {error}") from None

    @property
    def users(self) -> tuple[str, ...]:
        """Every user of nats-server."""
        return tuple(user.name for user in users(self.tenants))

    @property
    def keyring_file(self) -> Path:
        return Path(self.environment.get(KEYRING_VARIABLE) or self.home.keys / "keyring.json")

    @property
    def manifests_file(self) -> Path:
        named = self.environment.get(MANIFESTS_VARIABLE)
        return Path(named or self.home.run / "tools.lock.json")

    def nkey_file(self, user: str) -> Path:
        """Who `user` is to nats-server."""
        named = self.environment.get(f"INTERLOCK_{user.upper()}_NKEY_FILE")
        return Path(named or self.home.keys / f"{user}.nkey")

    def seed_file(self, owner: str) -> Path:
        """What `owner` signs with."""
        named = self.environment.get(f"INTERLOCK_{owner.upper()}_SIGNING_KEY_FILE")
        return Path(named or self.home.keys / f"{owner}.seed")

    def required_nats(self) -> tuple[str, ...]:
        """The servers of the log.

        Raises:
            Unexaminable: none is known.
        """
        if not self.nats_urls:
            raise Unexaminable(self._unknown(NATS_VARIABLE))
        return self.nats_urls

    def required_postgres(self) -> str:
        """The database.

        Raises:
            Unexaminable: none is known.
        """
        if not self.postgres_dsn:
            raise Unexaminable(self._unknown(POSTGRES_VARIABLE))
        return self.postgres_dsn

    def _unknown(self, variable: str) -> str:
        if self.kind == "nothing":
            return f"nothing runs here; start `interlock dev`, or set {variable}"
        return f"{variable} is not set"

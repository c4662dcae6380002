"""Who asks: people by API keys, and by bearer tokens of a file, for one machine only.

A file of tokens is no login: whoever reads it is that person, and they travel without TLS. So it is
taken on a loopback address only, unless an operator says that nobody else reaches the other one.
"""

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from contracts.access import TENANTS_LIMIT, Access, KeyCreated
from contracts.ids import is_service
from contracts.shape import Token, Written
from services.console.settings import Settings
from shared.errors import ConfigError

log = structlog.get_logger()

Asked = Access | Literal["own"]  # of a route; what is their own is open to whoever was invited


class Person(Written):
    """An authenticated person. One with tenants sees and does nothing outside of them."""

    principal: str
    roles: tuple[Token, ...]
    tenants: tuple[Token, ...] = Field((), max_length=TENANTS_LIMIT)
    key_id: Token | None = Field(None, description="The API key that they came with, if one")
    is_invited: bool = Field(False, description="They may make a key of their own, and no more")

    @model_validator(mode="before")
    @classmethod
    def _one_tenant(cls, told: Any) -> Any:
        """`tenant` is short for one."""
        if not isinstance(told, dict) or "tenant" not in told:
            return told
        rest = {name: value for name, value in told.items() if name != "tenant"}
        if "tenants" in rest:
            raise ValueError("give tenant or tenants, not both")
        return rest if told["tenant"] is None else {**rest, "tenants": (told["tenant"],)}

    @classmethod
    def of_key(cls, key: KeyCreated) -> "Person":
        return cls(
            principal=key.principal,
            roles=key.roles,
            tenants=key.tenants,
            key_id=key.key_id,
            is_invited=key.is_invitation,
        )

    @property
    def is_confined(self) -> bool:
        """Whether there are tenants that they see nothing of."""
        return bool(self.tenants)

    @property
    def where(self) -> str:
        """Where they belong, in words."""
        if not self.tenants:
            return f"{self.principal} belongs to no tenant alone"
        kind = "tenant" if len(self.tenants) == 1 else "tenants"
        return f"{self.principal} belongs to the {kind} {', '.join(self.tenants)}"

    def reaches(self, tenant: str) -> bool:
        """Whether they may look at what is this tenant's."""
        return not self.tenants or tenant in self.tenants

    def may(self, access: Asked) -> bool:
        """Whether a route that asks for this is open to them.

        An approver answers what people are asked, and each question names the roles that may: so
        that is any person with more than the role to look.
        """
        if self.is_invited:
            return access == "own"
        match access:
            case "own":
                return not is_service(self.principal)
            case "viewer":
                return True
            case "approver":
                is_person = not is_service(self.principal)
                return is_person and any(role != "viewer" for role in self.roles)
            case "operator":
                return "operator" in self.roles or "admin" in self.roles
            case "admin":
                return "admin" in self.roles


People = Mapping[str, Person]
_FILE = TypeAdapter(dict[str, Person])


def load_people(settings: Settings) -> People:
    """The people of the tokens file.

    Raises:
        ConfigError: there is no such file, it does not parse, or the address is not loopback.
    """
    path = settings.tokens_file
    if settings.keys_only:
        return _nobody(path)
    if path is None:
        raise ConfigError(
            "INTERLOCK_CONSOLE_TOKENS_FILE is not set: nobody could log in; `interlock dev` makes "
            'one, or write {"<token>": {"principal": "you@example.org", "roles": ["viewer"]}}'
        )
    if not _is_loopback(settings.http_host):
        _check_allowed(settings, path)
    return _read(path)


def _nobody(path: Path | None) -> People:
    if path is not None:
        raise ConfigError(
            f"INTERLOCK_CONSOLE_KEYS_ONLY and INTERLOCK_CONSOLE_TOKENS_FILE={path} are both set: "
            "take one away"
        )
    return {}


def _check_allowed(settings: Settings, path: Path) -> None:
    if not settings.allow_tokens_beyond_loopback:
        raise ConfigError(
            f"INTERLOCK_CONSOLE_HTTP_HOST={settings.http_host} is not a loopback address, and "
            f"the static tokens of {path} are for one machine only; bind 127.0.0.1, or "
            "make API keys (interlock keys create) and set INTERLOCK_CONSOLE_KEYS_ONLY=true with "
            "no tokens file, behind a proxy that speaks TLS. In a container whose port is "
            "published on loopback, set INTERLOCK_CONSOLE_ALLOW_TOKENS_BEYOND_LOOPBACK=true"
        )
    log.warning(
        "console.tokens_beyond_loopback",
        http_host=settings.http_host,
        remedy="whoever reaches this address and reads a token is that person: "
        "publish the port on loopback only",
    )


def _read(path: Path) -> People:
    try:
        return _FILE.validate_python(json.loads(path.read_text("utf-8")))
    except ValidationError as error:
        # The places in the error would hold the tokens themselves.
        kinds = sorted({str(one["msg"]) for one in error.errors(include_input=False)})
        raise ConfigError(f"tokens {path}: {'; '.join(kinds)}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"tokens {path}: {error}; `interlock dev` makes one") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

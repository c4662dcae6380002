"""Who asks: bearer tokens of a file, for one machine only.

A file of tokens is no login: whoever reads it is that person, and they travel without TLS. So it is
taken on a loopback address only, unless an operator says that nobody else reaches the other one.
"""

import hmac
import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter, ValidationError

from contracts.shape import Token, Written
from services.console.errors import Forbidden, Unauthenticated
from services.console.settings import Settings
from shared.errors import ConfigError

log = structlog.get_logger()

OPERATOR = "operator"


class Person(Written):
    """An authenticated person. One with a tenant sees and does nothing outside of it."""

    principal: str
    roles: tuple[Token, ...]
    tenant: Token | None = None


People = Mapping[str, Person]
_FILE = TypeAdapter(dict[str, Person])


def load_people(settings: Settings) -> People:
    """The people of the tokens file.

    Raises:
        ConfigError: there is no such file, it does not parse, or the address is not loopback.
    """
    path = settings.tokens_file
    if path is None:
        raise ConfigError(
            "INTERLOCK_CONSOLE_TOKENS_FILE is not set: nobody could log in; `interlock dev` makes "
            'one, or write {"<token>": {"principal": "you@example.org", "roles": ["viewer"]}}'
        )
    if not _is_loopback(settings.http_host):
        _check_allowed(settings, path)
    return _read(path)


def _check_allowed(settings: Settings, path: Path) -> None:
    if not settings.allow_tokens_beyond_loopback:
        raise ConfigError(
            f"INTERLOCK_CONSOLE_HTTP_HOST={settings.http_host} is not a loopback address, and "
            f"the static tokens of {path} are for one machine only; bind 127.0.0.1, and put a "
            "proxy that authenticates people in front of it. In a container whose port is "
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


_bearer = HTTPBearer(auto_error=False, description="A token of the tokens file")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def viewer(request: Request, credentials: Credentials) -> Person:
    """Whoever has a token may look."""
    if credentials is None:
        raise Unauthenticated("no token", "header Authorization", "send: Bearer <token>")
    people: People = request.app.state.desk.people
    given = credentials.credentials.encode()
    # Every token is compared, in constant time, so that the time taken tells nothing.
    found = [who for token, who in people.items() if hmac.compare_digest(token.encode(), given)]
    if not found:
        raise Unauthenticated(
            "nobody has this token", "header Authorization", "take one of the tokens file"
        )
    return found[0]


def operator(person: Annotated[Person, Depends(viewer)]) -> Person:
    """Who may submit and cancel."""
    if OPERATOR not in person.roles:
        raise Forbidden(
            f"{person.principal} has the roles {', '.join(person.roles) or 'none'}",
            "roles",
            f"ask somebody with the role {OPERATOR}",
        )
    return person


Viewer = Annotated[Person, Depends(viewer)]
Operator = Annotated[Person, Depends(operator)]

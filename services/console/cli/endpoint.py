"""Where the API is, and who we are to it: the environment, or the platform of this machine."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.console.cli.errors import DENIED, CommandFailed, not_running

HOME_VARIABLE = "INTERLOCK_HOME"
URL_VARIABLE = "INTERLOCK_URL"
TOKEN_VARIABLE = "INTERLOCK_TOKEN"  # noqa: S105 - a name, not a token
DEFAULT_HOME = ".interlock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    url: str
    token: str


def find_endpoint(
    environment: Mapping[str, str] = os.environ, principal: str | None = None
) -> Endpoint:
    """The endpoint to talk to, as one of the people of this machine where a `principal` is named.

    Raises:
        CommandFailed: none is named, no platform runs here, or it has no such person.
    """
    home = Path(environment.get(HOME_VARIABLE) or DEFAULT_HOME)
    url = environment.get(URL_VARIABLE) or _url_of_running(home)
    if url is None:
        raise not_running()
    people = _read(home / "keys" / "tokens.json")
    if principal is not None:
        return Endpoint(url.rstrip("/"), _token_of(people, principal))
    token = environment.get(TOKEN_VARIABLE) or next(iter(people), "")
    return Endpoint(url.rstrip("/"), token)


def _token_of(people: Mapping[str, object], principal: str) -> str:
    names = {
        str(person.get("principal")): token
        for token, person in people.items()
        if isinstance(person, dict)
    }
    if principal not in names:
        known = ", ".join(names) or "nobody"
        raise CommandFailed(
            f"This machine knows no {principal}.",
            f"it knows {known}; elsewhere set {TOKEN_VARIABLE} to your own token",
            DENIED,
        )
    return names[principal]


def _url_of_running(home: Path) -> str | None:
    """Where the platform of this home answers; None where the one that wrote it has ended."""
    written = _read(home / "run" / "endpoints.json")
    url, pid = written.get("console_url"), written.get("pid")
    if not isinstance(url, str) or not isinstance(pid, int):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it runs, under another account
    return url


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

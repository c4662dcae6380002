"""The people of a platform on one machine, and the tokens by which its console knows them."""

import json
import secrets
from pathlib import Path

# Two, for nobody approves what they asked for: one hands tasks in, the other answers reviews.
DEV_PERSON, DEV_APPROVER = "dev@localhost", "lead@localhost"
DEV_PEOPLE = {
    DEV_PERSON: ("viewer", "operator", "approver", "admin", "support-lead"),
    DEV_APPROVER: ("viewer", "operator", "approver", "support-lead"),
}


def ensure_token(path: Path) -> str:
    """The bearer token of the person at this machine. Whoever has none yet gets one."""
    path.touch(mode=0o600)
    people: dict[str, dict[str, object]] = json.loads(path.read_text() or "{}")
    known = {one["principal"] for one in people.values()}
    missing = {
        secrets.token_urlsafe(24): {"principal": principal, "roles": roles}
        for principal, roles in DEV_PEOPLE.items()
        if principal not in known
    }
    if missing:
        path.write_text(json.dumps({**people, **missing}, indent=2))
    return next(iter({**people, **missing}))


def token_of(path: Path, principal: str) -> str | None:
    """The token of one person, if the file has them."""
    people: dict[str, dict[str, object]] = json.loads(path.read_text())
    return next((key for key, one in people.items() if one["principal"] == principal), None)

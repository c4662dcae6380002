"""Every route of the console, and a request for it: a new one without an entry here is noticed."""

from dataclasses import dataclass, field
from typing import Any

from services.console.api.access import PUBLIC, RouteAccess, routes_of
from services.console.api.app import PREFIX, make_api
from services.console.settings import Settings

REASON = {"reason": "asked to"}
LABEL = {"metric": "kind", "passed": True}

# What stands in a path, where it is of the tenant acme.
PLACES = {
    "run_id": "r-1",
    "other": "r-1",
    "step": "1",
    "number": "1",
    "key_id": "k-acme",
}
# Of an agent, which serves every tenant.
SHARED_PLACES = {"label": "canary"}
BODIES: dict[str, Any] = {
    "POST /tasks": {"agent": "support", "input": "Where is it?"},
    "POST /tasks/batch": {"name": "b", "tasks": [{"agent": "support", "input": "Where?"}]},
    "POST /runs/cancel": {"tenant": "acme", "limit": 10, "rate": 1000, **REASON},
    "POST /runs/pause": {"tenant": "acme", "limit": 10, "rate": 1000},
    "POST /runs/resume": {"tenant": "acme", "limit": 10, "rate": 1000},
    "POST /schedules/{name}/backfill": {"from": "2026-03-01T00:00:00Z"},
    "POST /runs/{run_id}/fork": {},
    "POST /runs/{run_id}/input": {"text": "and 1043?"},
    "POST /runs/{run_id}/labels": LABEL,
    "POST /runs/{run_id}/delete": REASON,
    "POST /reviews/{name}/edit": {"arguments": {}},
    "POST /reviews/{name}/respond": {"response": "wait"},
    "POST /people/forget": {"tenant": "acme", "customer": "c-1", **REASON},
    "POST /dead-letters/discard": REASON,
    "POST /dead-letters/{number}/discard": REASON,
    "POST /dead-letters/redrive": {},
    "POST /control": {"scope": "tenant", "name": "acme", "state": "paused"},
    "POST /agents/{name}/releases/approve": {"nonce": "n"},
    "POST /agents/{name}/releases/refuse": {"nonce": "n"},
    "POST /agents/{name}/releases/rollback": REASON,
    "POST /keys": {"principal": "service:a", "roles": ["viewer"], "tenants": ["acme"]},
    "POST /keys/invitations": {"principal": "a@b.org", "roles": ["viewer"], "tenants": ["acme"]},
    "POST /keys/own": {},
}


@dataclass(frozen=True)
class Call:
    """One route as it is asked: `name` is `METHOD /path` below the prefix."""

    name: str
    method: str
    path: str
    route: RouteAccess = field(repr=False)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def body(self) -> Any:
        return BODIES.get(self.name)

    @property
    def at(self) -> str:
        """The path, with what is there of the tenant acme in its places."""
        kind = self.path.split("/")[1]
        name = {"agents": "support", "schedules": "nightly"}.get(kind, "r-1.1-1-1")
        places = PLACES | SHARED_PLACES | {"name": name}
        return self.path.format(**places)

    @property
    def asked(self) -> dict[str, Any]:
        return {} if self.body is None else {"json": self.body}


def calls() -> list[Call]:
    """One for each method of each route, but those that anybody may read."""
    return [
        Call(f"{method} {path}", method, path, route)
        for route in routes_of(make_api(Settings()))
        if route.path not in PUBLIC
        for path in [route.path.removeprefix(PREFIX)]
        for method in sorted(route.methods - {"HEAD"})
    ]

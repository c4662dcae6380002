"""Which role a route asks for, and who comes in: every route declares one, or the API is not made.

Whoever shows a key or token that nobody has is counted by their address, everybody else by what
they showed; whoever asks too often is told when to come again.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from contracts.shape import sha256_hex
from services.console.api.desk import Desk
from services.console.api.people import Asked, People, Person
from services.console.api.rates import Limit
from services.console.errors import Forbidden, TooMany, Unauthenticated
from services.console.rules.api_keys import key_id_of, opens

# What anybody may read: how the API is used, and nothing of what it holds.
PUBLIC = frozenset({"/api/docs", "/api/openapi.json"})
HEADER = "header Authorization"

_bearer = HTTPBearer(auto_error=False, description="An API key, or a token of the tokens file")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def caller(request: Request, credentials: Credentials) -> Person:
    """Who asks, if they may ask now.

    Raises:
        Unauthenticated: nobody we know.
        TooMany: they asked too often.
    """
    desk: Desk = request.app.state.desk
    person = None if credentials is None else known(desk, credentials.credentials)
    if credentials is None or person is None:
        # By address, which may be that of a proxy: so whoever has a key is not held to it.
        address = request.client.host if request.client is not None else "unknown"
        await check_rate(desk.refused, address)
        if credentials is None:
            raise Unauthenticated("no token", HEADER, "send: Bearer <key>")
        raise Unauthenticated("nobody has this token", HEADER, "take one that is known")
    name = person.key_id or sha256_hex(credentials.credentials.encode())
    await check_rate(desk.requests, name)
    return person


async def check_rate(limit: Limit, name: str) -> None:
    """Count a request.

    Raises:
        TooMany: there were too many of this name.
    """
    wait = await limit.take(name)
    if wait:
        rate = limit.rate
        said = f"over {rate.a_second:g} {limit.what} a second, and {rate.burst} at once"
        raise TooMany(said, HEADER, wait)


def known(desk: Desk, given: str) -> Person | None:
    """Whose key or token it is; None where nobody has it."""
    key_id = key_id_of(given)
    if key_id is None:
        return _of_file(desk.people, given.encode())
    key = desk.keys.book().in_force(key_id, desk.bus.clock.now())
    return Person.of_key(key) if key is not None and opens(key, given) else None


def _of_file(people: People, given: bytes) -> Person | None:
    # Every token is compared, in constant time, so that the time taken tells nothing.
    found = [who for token, who in people.items() if hmac.compare_digest(token.encode(), given)]
    return found[0] if found else None


class Needs:
    """The role that a route asks for."""

    def __init__(self, access: Asked) -> None:
        self.access = access

    async def __call__(self, person: Annotated[Person, Depends(caller)]) -> Person:
        return self.check(person)

    def check(self, person: Person) -> Person:
        """The person, if they may.

        Raises:
            Forbidden: they may not.
        """
        if not person.may(self.access):
            raise self._refused(person)
        return person

    def _refused(self, person: Person) -> Forbidden:
        if person.is_invited:
            what = f"{person.principal} was invited, and has no key yet"
            return Forbidden(what, HEADER, "make your own with it: interlock keys own")
        if self.access == "own":
            what = f"{person.principal} is a service"
            return Forbidden(what, HEADER, "ask an admin: interlock keys create")
        return Forbidden(
            f"{person.principal} has the roles {', '.join(person.roles) or 'none'}",
            "roles",
            f"ask somebody with the role {self.access}",
        )


Own = Annotated[Person, Depends(Needs("own"))]
Viewer = Annotated[Person, Depends(Needs("viewer"))]
Approver = Annotated[Person, Depends(Needs("approver"))]
Operator = Annotated[Person, Depends(Needs("operator"))]
Admin = Annotated[Person, Depends(Needs("admin"))]


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """A route with the role that it declares; None where it declares none."""

    path: str
    methods: frozenset[str]
    access: Asked | None


def routes_of(app: FastAPI) -> Iterator[RouteAccess]:
    """Every route of the application, also those of the routers that it includes."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        access = None if dependant is None else _declared(dependant)
        yield RouteAccess(route.path or "", frozenset(route.methods or ()), access)


def check_declared(app: FastAPI, public: frozenset[str] = PUBLIC) -> None:
    """See to it that every route asks for a role, but those that anybody may read.

    Raises:
        LookupError: naming the route that does not.
    """
    for route in routes_of(app):
        if route.path not in public and route.access is None:
            what = f"{', '.join(sorted(route.methods))} {route.path} declares no role"
            raise LookupError(f"{what}: give it a person of `api/access.py`")


def _declared(dependant: Dependant) -> Asked | None:
    if isinstance(dependant.call, Needs):
        return dependant.call.access
    found = (_declared(one) for one in dependant.dependencies)
    return next((one for one in found if one is not None), None)

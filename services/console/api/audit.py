"""GET /audit: what people did by HTTP that no fact of a run, no order and no release tells.

What they ask of a run is a fact of it, orders lie on `CONTROL` and releases on `RELEASES`: whoever
looks for all that somebody did reads those too.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from contracts.access import KeyCreated, KeyRevoked
from contracts.audit import BackfillAsked, Deed, ErasureAsked, ErasureEnded, RunImported
from contracts.shape import Token
from services.console.api.access import Admin
from services.console.api.desk import DeskHere, InTenant
from services.console.api.people import Person
from services.console.api.shapes import Shape
from services.console.key_log import CREATED, REVOKED

router = APIRouter(prefix="/audit", tags=["people"])
TOLD = {"principal", "by_key", "reason", "at", "nonce", "sha256", "created_by"}

Told = Deed | KeyCreated | KeyRevoked


class DeedView(Shape):
    """One deed: who, by which key, when, what and why. `about` is what is particular to it."""

    at: datetime
    deed: str
    principal: str
    by_key: Token | None
    tenants: tuple[Token, ...]
    about: dict[str, Any]
    reason: str


@router.get("")
async def audit(
    person: Admin,
    desk: DeskHere,
    asked: InTenant = None,
    limit: Annotated[int, Query(ge=1)] = 50,
) -> list[DeedView]:
    """Deeds, the newest first, among those that are looked at."""
    only = None if asked is None else desk.allowed_tenant(person, asked)
    book = desk.keys.book()
    ended = [one for one in book.revoked.values() if one is not None]
    keys: list[Told] = [*book.created.values(), *ended]
    deeds: list[Told] = [*await desk.audit.newest(desk.settings.deeds_looked_at)]
    made = {one.key_id: one.tenants for one in book.created.values()}
    found = [_view(one, made) for one in [*keys, *deeds]]
    seen = [one for one in found if _may_see(person, one, only)]
    most = min(limit, desk.settings.list_limit)
    return sorted(seen, key=lambda one: one.at, reverse=True)[:most]


def _view(told: Told, made: dict[str, tuple[str, ...]]) -> DeedView:
    rest = told.model_dump(mode="json", exclude=TOLD, exclude_none=True)
    match told:
        case KeyCreated():
            # The person that the key speaks for is not who made it.
            rest = {**rest, "principal": told.principal}
            return _told(told, CREATED.name, told.created_by, told.tenants, rest)
        case KeyRevoked():
            tenants = made.get(told.key_id, ())
            return _told(told, REVOKED.name, told.principal, tenants, rest)
        case ErasureAsked() | ErasureEnded() | RunImported() | BackfillAsked():
            return _told(told, told.name, told.principal, (told.tenant,), rest)
        case _:
            return _told(told, told.name, told.principal, (), rest)


def _told(
    told: Told, deed: str, principal: str, tenants: tuple[str, ...], about: dict[str, Any]
) -> DeedView:
    return DeedView(
        at=told.at,
        deed=deed,
        principal=principal,
        by_key=told.by_key,
        tenants=tenants,
        about=about,
        reason=told.reason,
    )


def _may_see(person: Person, view: DeedView, only: str | None) -> bool:
    """What is of no tenant, or also of others, is for admins of the platform."""
    if only is not None and only not in view.tenants:
        return False
    return not person.is_confined or (bool(view.tenants) and all(map(person.reaches, view.tenants)))

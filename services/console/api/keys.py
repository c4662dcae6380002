"""/keys: API keys made, listed and revoked. A key is shown once, and nowhere kept.

Nobody gives away more than they have: who is confined to tenants makes and sees keys of those
alone. A key speaks for the person that it names, so who made it stands beside that for ever.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Path
from pydantic import Field

from contracts.access import (
    KEY_DAYS_LIMIT,
    ROLES_LIMIT,
    TENANTS_LIMIT,
    Access,
    KeyCreated,
    KeyRevoked,
)
from contracts.control import REASON_LIMIT
from contracts.shape import Token, Written
from contracts.task import Name
from services.console.api.access import Admin
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import Shape
from services.console.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from services.console.key_log import KeyBook
from services.console.rules.api_keys import ID_BYTES, SECRET_BYTES, digest_of, written_key

router = APIRouter(prefix="/keys", tags=["people"])
NONCE_BYTES = 16
ACCESS = get_args(Access)

KeyId = Annotated[Token, Path(description="The part of the key between its underscores")]
Reason = Annotated[str, Field(max_length=REASON_LIMIT)]


class NewKey(Written):
    """Whom the key is for, what they may do, where, and how long."""

    principal: Name
    roles: Annotated[tuple[Token, ...], Field(min_length=1, max_length=ROLES_LIMIT)]
    tenants: Annotated[tuple[Token, ...], Field(max_length=TENANTS_LIMIT)] = ()
    days: Annotated[int | None, Field(ge=1, le=KEY_DAYS_LIMIT)] = None
    reason: Reason = ""


class Because(Written):
    """Why."""

    reason: Reason = ""


class KeyView(Shape):
    """What is known of a key."""

    key_id: Token
    principal: str
    roles: tuple[str, ...]
    tenants: tuple[str, ...]
    state: Literal["valid", "expired", "revoked"]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str


class NewKeyView(KeyView):
    """The same, with the key itself."""

    key: str = Field(description="Shown this once")


@router.post("", status_code=201)
async def create(new: NewKey, person: Admin, desk: DeskHere) -> NewKeyView:
    """Make a key. It opens as soon as this answers, and elsewhere soon after."""
    _check(new, person)
    book = desk.keys.book()
    if len(book.created) >= desk.settings.keys_limit:
        what = f"there were {len(book.created)} keys already"
        raise TooLarge(what, "keys_limit", "raise INTERLOCK_CONSOLE_KEYS_LIMIT")
    now = desk.bus.clock.now()
    key_id = secrets.token_hex(ID_BYTES)
    key = written_key(key_id, secrets.token_urlsafe(SECRET_BYTES))
    created = KeyCreated(
        key_id=key_id,
        sha256=digest_of(key),
        principal=new.principal,
        roles=new.roles,
        tenants=new.tenants,
        expires_at=now + timedelta(days=new.days or desk.settings.key_days),
        created_by=person.principal,
        by_key=person.key_id,
        reason=new.reason,
        at=now,
        nonce=secrets.token_hex(NONCE_BYTES),
    )
    await desk.keys.give(created)
    return NewKeyView(**_view(created, desk.keys.book(), now).model_dump(), key=key)


@router.get("")
async def keys(person: Admin, desk: DeskHere) -> list[KeyView]:
    """Every key that there was, the newest first."""
    book, now = desk.keys.book(), desk.bus.clock.now()
    found = [_view(one, book, now) for one in book.created.values() if _may_see(person, one)]
    return sorted(found, key=lambda one: one.created_at, reverse=True)[: desk.settings.list_limit]


@router.post("/{key_id}/revoke", status_code=202)
async def revoke(
    key_id: KeyId, person: Admin, desk: DeskHere, why: Because | None = None
) -> KeyView:
    """End a key for good, here when this answers, and elsewhere soon after."""
    created = _find(key_id, person, desk)
    now = desk.bus.clock.now()
    if key_id in desk.keys.book().revoked:
        raise Conflict(f"the key {key_id} is revoked already", "keys", "look: interlock keys list")
    revoked = KeyRevoked(
        key_id=key_id,
        principal=person.principal,
        by_key=person.key_id,
        reason=why.reason if why else "",
        at=now,
        nonce=secrets.token_hex(NONCE_BYTES),
    )
    await desk.keys.give(revoked)
    return _view(created, desk.keys.book(), now)


def _check(new: NewKey, person: Person) -> None:
    """Refuse a key that would open more than whoever makes it may do, or nothing.

    Raises:
        Invalid: none of its roles is one that a route asks for.
        Forbidden: it reaches further than the person does.
    """
    if not set(ACCESS).intersection(new.roles):
        raise Invalid("it would open nothing", "roles", f"one of them is {', '.join(ACCESS)}")
    beyond = [one for one in new.tenants if not person.reaches(one)]
    if person.is_confined and (beyond or not new.tenants):
        what = f"it would reach {', '.join(beyond) or 'all tenants'}, and {person.where}"
        raise Forbidden(what, "tenants", "name yours alone, or ask an admin of no tenant")


def _find(key_id: str, person: Person, desk: Desk) -> KeyCreated:
    found = desk.keys.book().created.get(key_id)
    if found is None or not _may_see(person, found):
        raise NotFound(f"there is no key {key_id}", "keys", "list them: interlock keys list")
    return found


def _may_see(person: Person, key: KeyCreated) -> bool:
    return not person.is_confined or (bool(key.tenants) and all(map(person.reaches, key.tenants)))


def _view(key: KeyCreated, book: KeyBook, now: datetime) -> KeyView:
    is_revoked = key.key_id in book.revoked
    revoked = book.revoked.get(key.key_id)
    ended: Literal["valid", "expired"] = "expired" if key.expires_at <= now else "valid"
    return KeyView(
        key_id=key.key_id,
        principal=key.principal,
        roles=key.roles,
        tenants=key.tenants,
        state="revoked" if is_revoked else ended,
        created_at=key.at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=revoked.at if revoked else None,
        revoked_by=revoked.principal if revoked else None,
        reason=(revoked.reason if revoked else "") or key.reason,
    )

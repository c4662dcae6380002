"""/keys: API keys made, listed and revoked. A key is shown once, and nowhere kept.

Nobody gives away more than they have: who is confined to tenants makes and sees keys of those
alone. Nobody speaks for another person: an admin makes keys for services, and invites people, who
make their own.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Path
from pydantic import Field

from contracts.access import (
    KEY_DAYS_LIMIT,
    OF_SERVICES,
    ROLES_LIMIT,
    TENANTS_LIMIT,
    Access,
    KeyCreated,
    KeyRevoked,
)
from contracts.control import REASON_LIMIT
from contracts.ids import is_same_person, is_service
from contracts.shape import Token, Written
from contracts.task import Name
from services.console.api.access import Admin, Own
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import Shape
from services.console.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from services.console.key_log import KeyBook
from services.console.rules.api_keys import ID_BYTES, SECRET_BYTES, digest_of, written_key

router = APIRouter(prefix="/keys", tags=["people"])
NONCE_BYTES = 16
INVITATION_DAYS = 3  # if it is not said
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


class OwnKey(Written):
    """What somebody's own key may do, where, and how long: all that they may, if it is not said."""

    roles: Annotated[tuple[Token, ...], Field(max_length=ROLES_LIMIT)] = ()
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
    by_key: str | None
    is_invitation: bool
    invited_by: str | None
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str


class NewKeyView(KeyView):
    """The same, with the key itself."""

    key: str = Field(description="Shown this once")


@router.post("", status_code=201)
async def create(new: NewKey, person: Admin, desk: DeskHere) -> NewKeyView:
    """Make a key for a service. It opens as soon as this answers, and elsewhere soon after."""
    _check(new, person)
    if not is_service(new.principal):
        raise Forbidden(
            f"{new.principal} is a person, and a key of theirs is made by them",
            "principal",
            f"name a service, as in service:{new.principal}; or: interlock keys invite",
        )
    if beyond := [one for one in new.roles if one not in OF_SERVICES]:
        what = f"a service decides nothing, and {', '.join(beyond)} would"
        raise Invalid(what, "roles", f"give it {' or '.join(OF_SERVICES)}")
    return await _make(new, person, desk)


@router.post("/invitations", status_code=201)
async def invite(new: NewKey, person: Admin, desk: DeskHere) -> NewKeyView:
    """Invite a person, who makes their first key by it. It opens nothing else, and that once."""
    _check(new, person)
    if is_service(new.principal):
        raise Invalid("a service cannot make itself a key", "principal", "interlock keys create")
    if _is_known(new.principal, desk):
        raise Conflict(
            f"{new.principal} can come in, or was invited",
            "principal",
            "they make their own: interlock keys own; or revoke what they have first",
        )
    return await _make(new, person, desk, is_invitation=True)


@router.post("/own", status_code=201)
async def own(new: OwnKey, person: Own, desk: DeskHere) -> NewKeyView:
    """Make a key of one's own, with no more than one has; an invitation ends by that."""
    beyond = [one for one in new.roles if one not in person.roles]
    if beyond:
        what = f"{person.principal} has the roles {', '.join(person.roles)}"
        raise Forbidden(what, "roles", "name some of yours, or none for all of them")
    wanted = NewKey(
        principal=person.principal,
        roles=new.roles or person.roles,
        tenants=new.tenants or person.tenants,
        days=new.days,
        reason=new.reason,
    )
    _check(wanted, person)
    if not person.is_invited:
        return await _make(wanted, person, desk)
    invitation = desk.keys.book().created[person.key_id or ""]
    # Its revocation is taken once, so that of two who come with it one gets a key.
    await desk.keys.give(_ended(invitation.key_id, person, desk, "its person made a key"))
    return await _make(wanted, person, desk, invited_by=invitation.created_by)


async def _make(
    new: NewKey,
    person: Person,
    desk: Desk,
    *,
    is_invitation: bool = False,
    invited_by: str | None = None,
) -> NewKeyView:
    book = desk.keys.book()
    if len(book.created) >= desk.settings.keys_limit:
        what = f"there were {len(book.created)} keys already"
        raise TooLarge(what, "keys_limit", "raise INTERLOCK_CONSOLE_KEYS_LIMIT")
    now = desk.bus.clock.now()
    usual = INVITATION_DAYS if is_invitation else desk.settings.key_days
    key_id = secrets.token_hex(ID_BYTES)
    key = written_key(key_id, secrets.token_urlsafe(SECRET_BYTES))
    created = KeyCreated(
        key_id=key_id,
        sha256=digest_of(key),
        principal=new.principal,
        roles=new.roles,
        tenants=new.tenants,
        expires_at=now + timedelta(days=new.days or usual),
        created_by=person.principal,
        by_key=person.key_id,
        is_invitation=is_invitation,
        invited_by=invited_by,
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
    await desk.keys.give(_ended(key_id, person, desk, why.reason if why else ""))
    return _view(created, desk.keys.book(), now)


def _ended(key_id: str, person: Person, desk: Desk, reason: str) -> KeyRevoked:
    return KeyRevoked(
        key_id=key_id,
        principal=person.principal,
        by_key=person.key_id,
        reason=reason,
        at=desk.bus.clock.now(),
        nonce=secrets.token_hex(NONCE_BYTES),
    )


def _is_known(principal: str, desk: Desk) -> bool:
    """Whether a person has a way in, and so needs nobody to make one."""
    book, now = desk.keys.book(), desk.bus.clock.now()
    in_force = (one for one in book.created.values() if book.in_force(one.key_id, now))
    names = [*(one.principal for one in in_force), *(one.principal for one in desk.people.values())]
    return any(is_same_person(principal, name) for name in names)


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
        by_key=key.by_key,
        is_invitation=key.is_invitation,
        invited_by=key.invited_by,
        expires_at=key.expires_at,
        revoked_at=revoked.at if revoked else None,
        revoked_by=revoked.principal if revoked else None,
        reason=(revoked.reason if revoked else "") or key.reason,
    )

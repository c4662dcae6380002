"""GET /me: who the console takes us for."""

from fastapi import APIRouter

from contracts.shape import Token
from services.console.api.access import Viewer
from services.console.api.shapes import Shape

router = APIRouter(tags=["people"])


class MeView(Shape):
    """Whose token it is, and what they may do. `tenant` is the only one, where there is one."""

    principal: str
    roles: tuple[str, ...]
    tenant: Token | None
    tenants: tuple[Token, ...]
    key_id: Token | None


@router.get("/me")
async def me(person: Viewer) -> MeView:
    """Who the console takes us for, and what they may do."""
    only = person.tenants[0] if len(person.tenants) == 1 else None
    return MeView(
        principal=person.principal,
        roles=person.roles,
        tenant=only,
        tenants=person.tenants,
        key_id=person.key_id,
    )

"""GET /me: who the console takes us for."""

from fastapi import APIRouter

from services.console.api.people import Person, Viewer

router = APIRouter(tags=["people"])


@router.get("/me")
async def me(person: Viewer) -> Person:
    """Whose token it is, and what they may do."""
    return person

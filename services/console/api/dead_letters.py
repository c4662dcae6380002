"""/dead-letters: what no service could use, with the reason."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.console.adapters import DeadLetter
from services.console.api.desk import DeskHere
from services.console.api.people import Operator
from services.console.errors import Forbidden, NotFound

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


@router.get("")
async def dead_letters(
    person: Operator, desk: DeskHere, limit: Annotated[int, Query(ge=1)] = 50
) -> list[DeadLetter]:
    """Dead letters, the newest first."""
    _check_reach(person.tenant)
    return await desk.dead_letters.newest(min(limit, desk.settings.list_limit))


@router.get("/{number}")
async def dead_letter(
    number: Annotated[int, Path(ge=1)], person: Operator, desk: DeskHere
) -> DeadLetter:
    """One dead letter, by its number."""
    _check_reach(person.tenant)
    found = await desk.dead_letters.letter(number)
    if found is None:
        raise NotFound(
            f"there is no dead letter {number}", "number", "list them: interlock dlq list"
        )
    return found


def _check_reach(tenant: str | None) -> None:
    """A dead letter is no fact: what it says of its tenant is believed of nobody."""
    if tenant is not None:
        raise Forbidden(
            "dead letters belong to no tenant", "tenant", "ask an operator of all tenants"
        )

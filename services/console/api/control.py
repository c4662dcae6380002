"""/control: orders for all runs of an agent, a tenant, or the platform.

Any operator may give them, also the order to stop: an emergency must not wait for somebody with a
rarer role. Who is confined to a tenant orders that tenant alone.
"""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from contracts.control import REASON_LIMIT, ControlOrdered, Scope
from contracts.pins import pin_of
from contracts.shape import Sha256, Token, Written
from services.console.api.access import Operator, Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.api.shapes import OrderView
from services.console.api.tools import manifests_here
from services.console.errors import Forbidden, Invalid

router = APIRouter(prefix="/control", tags=["control"])
NONCE_BYTES = 16


class NewOrder(Written):
    """What is to be so from now on. Stopped runs are cancelled; running ones go on."""

    scope: Scope
    name: Token | None = None
    state: Literal["running", "paused", "stopped"]
    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""
    pin_sha256: Sha256 | None = Field(
        None, description="Of a tool in quarantine: what you looked at, and release"
    )


@router.get("")
async def orders(person: Viewer, desk: DeskHere) -> list[OrderView]:
    """The orders in force, the newest first. Where there is none, everything runs."""
    found = await desk.orders.last_orders()
    return [
        OrderView.of(order)
        for order in sorted(found, key=lambda one: one.at, reverse=True)
        if order.state != "running" and _may_see(person, order)
    ]


@router.post("", status_code=202)
async def give(new: NewOrder, person: Operator, desk: DeskHere) -> OrderView:
    """Put an order into force. It is stored when this answers, and known everywhere soon after."""
    _check(new, person, desk)
    order = ControlOrdered(
        scope=new.scope,
        name=new.name,
        state=new.state,
        principal=person.principal,
        reason=new.reason,
        pin_sha256=new.pin_sha256,
        at=desk.bus.clock.now(),
        nonce=secrets.token_hex(NONCE_BYTES),
    )
    await desk.orders.give(order)
    return OrderView.of(order)


def _may_see(person: Person, order: ControlOrdered) -> bool:
    return order.scope != "tenant" or order.name is None or person.reaches(order.name)


def _check(new: NewOrder, person: Person, desk: Desk) -> None:
    """Refuse what would do nothing, and what is not the person's to order."""
    if (new.name is None) != (new.scope == "platform"):
        raise Invalid(f"an order for {new.scope} has {_names(new)}", "name", "see /api/docs")
    if new.scope == "tenant":
        desk.allowed_tenant(person, new.name)
    elif person.is_confined:
        raise Forbidden(
            person.where,
            "scope",
            "order your tenant alone, or ask somebody of no tenant",
        )
    if new.scope == "agent" and new.name not in desk.agents:
        known = ", ".join(desk.agents)
        raise Invalid(f"there is no agent {new.name!r}", "name", f"known are {known}")
    if new.scope == "tool":
        _check_tool(new, desk)
    elif new.pin_sha256 is not None:
        raise Invalid("only a tool has a pin", "pin_sha256", "leave it out")


def _check_tool(new: NewOrder, desk: Desk) -> None:
    """What is released must be what the person looked at, and the platform has."""
    manifest = manifests_here(desk).get(new.name or "")
    look = "look: interlock tools list"
    if manifest is None:
        raise Invalid(f"there is no tool {new.name!r}", "name", look)
    if new.state == "paused":
        raise Invalid("a tool is running or stopped", "state", "stop it")
    if new.pin_sha256 is None:
        return
    if new.state != "running":
        raise Invalid("a tool is released to run", "state", "take running, or leave the pin out")
    if new.pin_sha256 != pin_of(manifest).sha256:
        raise Invalid(f"{manifest.name} has another pin by now", "pin_sha256", look)


def _names(new: NewOrder) -> str:
    return "no name" if new.scope == "platform" else "a name: which one"

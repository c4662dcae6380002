"""What a support agent may do in the demo shop.

Tools with an effect are idempotent by the back end's own means: the key of the call is unique in
the table, so that a repeat finds the first one's row, and answers with it.
"""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Annotated

import asyncpg
from pydantic import BaseModel, Field, StringConstraints

from contracts.tool import ToolContext, ToolRefused, tool

from .database import connected
from .policies import Passage, search

# Long enough that a demonstration can kill the executor in the middle.
PARCEL_SERVICE_SECONDS = 1.5

OrderId = Annotated[str, StringConstraints(pattern=r"^\d{1,12}$")]
Amount = Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=2)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class Order(BaseModel):
    order_id: str
    customer: str
    email: str
    item: str
    total: Decimal
    refunded: Decimal
    ordered_on: date
    status: str


class Parcel(BaseModel):
    order_id: str
    parcel: str | None
    status: str


class Refund(BaseModel):
    refund_id: int
    order_id: str
    amount: Decimal


class SentEmail(BaseModel):
    email_id: int
    to: str


class OrderUnknown(ToolRefused):
    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id}; ask the customer for the number")


class RefundTooLarge(ToolRefused):
    def __init__(self, order_id: str, amount: Decimal, left: Decimal) -> None:
        super().__init__(f"{amount} is more than the {left} that order {order_id} has left")


@tool(
    effect="read",
    idempotent=True,
    scopes=["shop:read"],
    output_trust="internal",
    fields={"order_id": "id", "customer": "name", "email": "destination", "total": "amount"},
)
async def find_order(order_id: OrderId) -> Order:
    """Look up an order: what was bought, for how much, by whom, and where it is."""
    async with connected() as database:
        row = await database.fetchrow(
            """
            SELECT o.order_id, c.name AS customer, c.email, o.item, o.total, o.ordered_on, o.status,
                   coalesce((SELECT sum(amount) FROM shop.refunds r
                             WHERE r.order_id = o.order_id), 0.00) AS refunded
            FROM shop.orders o JOIN shop.customers c USING (customer_id) WHERE o.order_id = $1
            """,
            order_id,
        )
    if row is None:
        raise OrderUnknown(order_id)
    return Order.model_validate(dict(row))


@tool(effect="read", idempotent=True, scopes=["policy:read"])
def search_policy(
    question: Annotated[str, StringConstraints(min_length=1, max_length=500)],
) -> list[Passage]:
    """Search the shop's policies and customers' posts for passages that answer a question."""
    return search(question)


@tool(effect="read", idempotent=True, scopes=["shop:read"], output_trust="internal")
async def track_parcel(order_id: OrderId) -> Parcel:
    """Ask the parcel service where the parcel of an order is. Takes a moment."""
    await asyncio.sleep(PARCEL_SERVICE_SECONDS)
    async with connected() as database:
        row = await database.fetchrow(
            "SELECT order_id, parcel, status FROM shop.orders WHERE order_id = $1", order_id
        )
    if row is None:
        raise OrderUnknown(order_id)
    return Parcel.model_validate(dict(row))


@tool(
    effect="money",
    idempotent=True,
    sinks={"order_id": "id", "amount": "amount"},
    payload=["reason"],
    scopes=["payments:refund"],
    output_trust="internal",
)
async def issue_refund(
    order_id: OrderId, amount: Amount, reason: Reason, *, call: ToolContext
) -> Refund:
    """Refund part or all of an order to the card that paid for it."""
    async with connected() as database, database.transaction():
        await _record(database, "issue_refund", call)
        # The lock on the order makes refunds of it wait for each other: none sees half of another.
        total: Decimal | None = await database.fetchval(
            "SELECT total FROM shop.orders WHERE order_id = $1 FOR UPDATE", order_id
        )
        if total is None:
            raise OrderUnknown(order_id)
        earlier = await _refund_of(database, call)
        if earlier is not None:
            return earlier
        left = total - await _refunded(database, order_id)
        if amount > left:
            raise RefundTooLarge(order_id, amount, left)
        row = await database.fetchrow(
            """
            INSERT INTO shop.refunds (idempotency_key, order_id, amount, reason)
            VALUES ($1, $2, $3, $4) RETURNING refund_id, order_id, amount
            """,
            *(call.idempotency_key, order_id, amount, reason),
        )
    assert row is not None, "an insert returns its row"
    return Refund.model_validate(dict(row))


@tool(
    effect="egress",
    idempotent=True,
    sinks={"to": "destination"},
    payload=["subject", "body"],
    scopes=["mail:send"],
    output_trust="internal",
)
async def send_email(to: Address, subject: Subject, body: Text, *, call: ToolContext) -> SentEmail:
    """Send an e-mail in the name of the shop."""
    async with connected() as database, database.transaction():
        await _record(database, "send_email", call)
        row = await database.fetchrow(
            """
            INSERT INTO shop.sent_emails (idempotency_key, recipient, subject, body)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (idempotency_key) DO UPDATE SET sent_at = sent_emails.sent_at
            RETURNING email_id, recipient AS to
            """,
            *(call.idempotency_key, to, subject, body),
        )
    assert row is not None, "a repeat returns the first one's row"
    return SentEmail.model_validate(dict(row))


async def _record(database: asyncpg.Connection, name: str, call: ToolContext) -> None:
    """Count this execution, in the transaction of its effect: both happen, or neither."""
    await database.execute(
        "INSERT INTO shop.effects (idempotency_key, tool) VALUES ($1, $2)",
        *(call.idempotency_key, name),
    )


async def _refund_of(database: asyncpg.Connection, call: ToolContext) -> Refund | None:
    row = await database.fetchrow(
        "SELECT refund_id, order_id, amount FROM shop.refunds WHERE idempotency_key = $1",
        call.idempotency_key,
    )
    return Refund.model_validate(dict(row)) if row is not None else None


async def _refunded(database: asyncpg.Connection, order_id: str) -> Decimal:
    found: Decimal = await database.fetchval(
        "SELECT coalesce(sum(amount), 0) FROM shop.refunds WHERE order_id = $1", order_id
    )
    return found

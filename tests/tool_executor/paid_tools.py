"""A tool that pays, and who can find out whether it did."""

from contracts.tool import Found, ToolContext, tool


def was_paid(order: str, amount: int, *, call: ToolContext) -> Found:
    """Look the payment up by the key of its call."""
    del amount
    known = {"1042": True, "1043": False}.get(order)
    return Found(happened=known, result={"order": order, "key": call.idempotency_key})


@tool(effect="money", sinks={"order": "id", "amount": "amount"}, reconcile="was_paid")
def pay(order: str, amount: int) -> dict[str, str]:
    """Pay for an order."""
    raise ConnectionError(f"{order}: the line went dead after {amount} were sent")

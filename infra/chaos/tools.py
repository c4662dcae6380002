"""The two payment tools: one whose back end knows no keys, and one whose back end honours them."""

import os

import httpx

from contracts.tool import ToolContext, tool

COUNTER_URL = "CHAOS_COUNTER_URL"
ANSWER_SECONDS = 2.0


@tool(effect="money", scopes=["chaos:charge"], output_trust="internal")
async def charge_once(order: str, amount: int, *, call: ToolContext) -> str:
    """Charge the card of an order. The back end charges as often as it is told to."""
    return await _charge("charge_once", amount, None, call, order)


@tool(effect="money", idempotent=True, scopes=["chaos:charge"], output_trust="internal")
async def charge_with_key(order: str, amount: int, *, call: ToolContext) -> str:
    """Charge the card of an order. The back end charges once for each idempotency key."""
    return await _charge("charge_with_key", amount, call.idempotency_key, call, order)


async def _charge(name: str, amount: int, key: str | None, call: ToolContext, order: str) -> str:
    charge = {
        "tool": name,
        "run": call.run_id,
        "call": call.call,
        "attempt": call.attempt,
        "key": key,
        "amount": amount,
    }
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
        answer = await client.post(f"{os.environ[COUNTER_URL]}/charges", json=charge)
    answer.raise_for_status()
    return f"charged {amount} for order {order}"

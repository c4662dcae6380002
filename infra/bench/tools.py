"""Tools that cost nothing, so that a benchmark measures everything around them."""

import hashlib

from contracts.tool import ToolContext, tool

PAGE_BYTES = 5_000


@tool(effect="read", idempotent=True, sandbox="in_process", output_trust="internal")
async def instant(x: int) -> int:
    """Give back the number."""
    return x


@tool(effect="read", idempotent=True, sandbox="in_process", output_trust="internal")
async def page(*, call: ToolContext) -> str:
    """Give the next page: 5 KB that no other call of the run gives."""
    seed = hashlib.sha256(call.idempotency_key.encode()).hexdigest()
    return (seed * (PAGE_BYTES // len(seed) + 1))[:PAGE_BYTES]

"""A tool that costs nothing, so that a benchmark measures everything around it."""

from contracts.tool import tool


@tool(effect="read", idempotent=True, sandbox="in_process", output_trust="internal")
async def instant(x: int) -> int:
    """Give back the number."""
    return x

"""A tool that costs money, for tests of ceilings."""

from decimal import Decimal

from contracts.tool import tool


@tool(effect="read", idempotent=True, output_trust="internal", price_usd=Decimal("0.02"))
def look_up(term: str) -> str:
    """Look a term up in a lexicon that is paid by the call."""
    return f"{term} is a word"

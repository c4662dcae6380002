"""A share and a price with their intervals, as tables show them: a terminal is 80 wide."""

from typing import Any

from services.console.rules.words.amounts import usd


def share_told(rate: Any) -> str:
    return f"{rate['value']:.0%}\n{100 * rate['low']:.0f} to {rate['high']:.0%}"


def price_told(price: Any) -> str:
    value = "none" if price["value"] is None else usd(price["value"])
    if price["high"] is None and not price["low"]:
        return f"{value}\nno bounds:\n{price['why_unbounded']}"
    if price["high"] is None:
        return f"{value}\n{usd(price['low'])} or\nmore"
    return f"{value}\n{usd(price['low'])} to\n{usd(price['high'])}"

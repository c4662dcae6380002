"""A blast radius in words: the worst that an agent could do, asking nobody."""

from collections.abc import Iterable
from typing import Any

from rich.console import Group
from rich.text import Text

from services.console.cli.output import table

COLUMNS = ("agent", "could", "how often", "whom or what", "how much", "unless a person")
REACHES = {
    "nobody": "nobody",
    "user": "whom the user names",
    "tenant": "the tenant's lists",
    "records": "records of planned reads",
    "anybody": "anybody",
}


def worst(radius: Any) -> Any:
    """What stands below an agent: its radius, or how one gets to know it."""
    if radius is None:
        return "# Its blast radius is not announced: interlock policy radius --write"
    said = "The worst it could do if its model obeyed an attacker, asking nobody:"
    return Group(Text(f"\n{said}"), radius_drawn([radius]))


def radius_drawn(radii: Iterable[Any]) -> Any:
    """One line for each tool that does more than read."""
    rows = [_row(radius["agent"], one) for radius in radii for one in radius["tools"]]
    if not rows:
        return "It can only read; nothing leaves by its tools but through a person."
    return table(COLUMNS, rows, whole="agent")


def _row(agent: str, one: Any) -> tuple[object, ...]:
    if one["calls"] == 0:
        return (agent, f"{one['tool']} ({one['effect']})", "never alone", "-", "-", "always")
    targets = [sink for sink in one["sinks"] if sink["kind"] != "amount"]
    amounts = [sink for sink in one["sinks"] if sink["kind"] == "amount"]
    return (
        agent,
        f"{one['tool']} ({one['effect']})",
        f"{one['calls']}, or as planned",
        "; ".join(f"{sink['argument']}: {REACHES[sink['reach']]}" for sink in targets) or "-",
        _amount(one, amounts),
        one["review"] or "-",
    )


def _amount(one: Any, amounts: list[Any]) -> str:
    if not amounts:
        return "-"
    most = one["largest_amount"]
    stated = "as the user or the payee's records state"
    return f"{most}, and {stated}" if most is not None else stated
